//! Where the next page begins: opaque to clients.

use crate::filter::Order;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use partita_engine::kernel::{InstanceId, Timestamp};
use partita_engine::store::Cursor;

/// Writes a place in a list of that order.
#[must_use]
pub fn encode(order: Order, cursor: &Cursor) -> String {
    URL_SAFE_NO_PAD.encode(format!("1 {} {} {}", order.name(), cursor.at.0, cursor.id))
}

/// Reads it back.
///
/// # Errors
/// Says what is wrong with it.
pub fn decode(order: Order, text: &str) -> Result<Cursor, String> {
    let damaged = || "the cursor is damaged; take `next` of the page before as it is".to_owned();
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged())?;
    let plain = String::from_utf8(bytes).map_err(|_| damaged())?;
    let mut parts = plain.splitn(4, ' ');
    let (Some("1"), Some(of), Some(at), Some(id)) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(damaged());
    };
    if of != order.name() {
        return Err(format!(
            "the cursor belongs to a list with order={of}, not to one with order={}",
            order.name()
        ));
    }
    let at = at.parse().map_err(|_| damaged())?;
    Ok(Cursor { at: Timestamp(at), id: InstanceId::trusted(id) })
}

/// Writes a place in a list of entities.
#[must_use]
pub fn encode_entity(id: &InstanceId) -> String {
    encode(Order::Id, &Cursor { at: Timestamp(0), id: id.clone() })
}

/// Reads it back: the id after which the page begins.
///
/// # Errors
/// Says what is wrong with it.
pub fn decode_entity(text: &str) -> Result<InstanceId, String> {
    let id = decode(Order::Id, text)?.id;
    let belongs = "the cursor belongs to a list of instances, not to one of entities";
    if id.is_entity() { Ok(id) } else { Err(belongs.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_lists_of_entities_are_apart() {
        let id = InstanceId::trusted("@counter@a b");
        assert_eq!(decode_entity(&encode_entity(&id)), Ok(id));
        let other = encode(Order::Id, &Cursor { at: Timestamp(0), id: InstanceId::trusted("a") });
        assert!(decode_entity(&other).unwrap_err().contains("list of instances"));
    }

    #[test]
    fn cursors_read_back_and_belong_to_one_order() {
        let cursor = Cursor { at: Timestamp(-7), id: InstanceId::trusted("a b ä") };
        let text = encode(Order::Newest, &cursor);
        assert_eq!(decode(Order::Newest, &text), Ok(cursor));
        assert!(decode(Order::Id, &text).unwrap_err().contains("order=newest"));
        for bad in
            ["", "!", "MQ", &URL_SAFE_NO_PAD.encode("1 newest x y"), &URL_SAFE_NO_PAD.encode("2 newest 1 y")]
        {
            assert!(decode(Order::Newest, bad).unwrap_err().contains("damaged"), "{bad}");
        }
    }
}

//! Pages of lists.

use super::call::{Call, add_header};
use super::error::OciError;
use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

const DEFAULT_LIMIT: usize = 10;
const MOST: usize = 50;

/// What a list is sorted by: the chosen attribute, and then the id.
pub(super) type Key = (String, String);

/// A page of a list.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    next: Option<String>,
}

/// The page that a request asks for. A page begins after the last key of the one before, so that what comes and goes
/// meanwhile neither repeats others nor hides them.
pub(super) fn page<T>(call: &Call, mut items: Vec<T>, key: impl Fn(&T) -> Key) -> Result<Page<T>, OciError> {
    let limit = limit(call.get("limit"))?;
    let descending = match call.get("sortOrder").map(str::to_uppercase).as_deref() {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(other) => return Err(OciError::invalid(format!("sortOrder {other:?} is neither ASC nor DESC"))),
    };
    let after = call.get("page").filter(|token| !token.is_empty()).map(decode).transpose()?;
    Ok(cut(&mut items, key, limit, descending, after.as_ref()))
}

fn cut<T>(
    items: &mut Vec<T>,
    key: impl Fn(&T) -> Key,
    limit: usize,
    descending: bool,
    after: Option<&Key>,
) -> Page<T> {
    items.sort_by_cached_key(&key);
    if descending {
        items.reverse();
    }
    if let Some(after) = after {
        items.retain(|item| if descending { key(item) < *after } else { key(item) > *after });
    }
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| encode(&key(last)));
    Page { items: std::mem::take(items), next }
}

impl<T> Page<T> {
    /// A list as a bare array.
    pub(super) fn array(self, show: impl Fn(&T) -> Value) -> Response {
        let body = Value::Array(self.items.iter().map(show).collect());
        self.answer(&body)
    }

    /// A list as a collection.
    pub(super) fn collection(self, show: impl Fn(&T) -> Value) -> Response {
        let body = serde_json::json!({ "items": self.items.iter().map(show).collect::<Vec<_>>() });
        self.answer(&body)
    }

    fn answer(self, body: &Value) -> Response {
        let mut response = crate::answer::json(StatusCode::OK, body);
        if let Some(next) = &self.next {
            add_header(response.headers_mut(), "opc-next-page", next);
        }
        response
    }
}

fn limit(text: Option<&str>) -> Result<usize, OciError> {
    let Some(text) = text else { return Ok(DEFAULT_LIMIT) };
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| OciError::invalid(format!("limit {text:?} is no number between 1 and {MOST}")))
}

fn encode(key: &Key) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}\n{}", key.1, key.0))
}

fn decode(token: &str) -> Result<Key, OciError> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let key = text.as_deref().and_then(|text| text.split_once('\n'));
    let key = key.map(|(id, sorted)| (sorted.to_owned(), id.to_owned()));
    key.ok_or_else(|| OciError::invalid("page is not a token that this API gave"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(limit: usize, descending: bool) -> Vec<String> {
        let (mut after, mut pages) = (None, Vec::new());
        loop {
            let mut items: Vec<&str> = "c b a b2 d".split(' ').collect();
            let page = cut(
                &mut items,
                |item| (item[..1].to_owned(), (*item).to_owned()),
                limit,
                descending,
                after.as_ref(),
            );
            pages.push(page.items.join(" "));
            match page.next {
                Some(next) => after = Some(decode(&next).unwrap()),
                None => return pages,
            }
        }
    }

    #[test]
    fn a_list_in_pages() {
        assert_eq!(pages(2, false), ["a b", "b2 c", "d"]);
        assert_eq!(pages(2, true), ["d c", "b2 b", "a"]);
        assert_eq!(pages(5, false), ["a b b2 c d"]);
    }

    #[test]
    fn limits_and_tokens_are_checked() {
        assert_eq!(limit(None).unwrap(), DEFAULT_LIMIT);
        assert_eq!((limit(Some("1")).unwrap(), limit(Some("50")).unwrap()), (1, 50));
        for wrong in ["0", "51", "-1", "x"] {
            assert!(limit(Some(wrong)).is_err(), "{wrong}");
        }
        assert!(decode("%").is_err() && decode("YQ").is_err());
    }
}

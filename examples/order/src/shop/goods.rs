//! The microservices that answer at once.

use super::ledger::{Ledger, PRODUCTS, Reserved, Shipped};
use super::{Shared, key};
use crate::domain::{
    Address, CartItem, Money, PriceQuestion, Reservation, ReservedItem, Shipment, ShippingOrder,
    ShippingQuestion, UserData,
};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

type Refusal = (StatusCode, String);

/// `GET /cart/{id}`: every cart holds the same, two of the first product and one of the second.
pub(super) async fn cart(Path(_cart): Path<Uuid>) -> Json<Vec<CartItem>> {
    let counts = [2, 1];
    let items = PRODUCTS
        .iter()
        .zip(counts)
        .map(|((product_id, _), count)| CartItem { product_id: *product_id, count });
    Json(items.collect())
}

/// `GET /users/{id}`: everybody has an address.
pub(super) async fn user(Path(user_id): Path<Uuid>) -> Json<UserData> {
    let address = Address {
        street: "12 St James's Square".to_owned(),
        city: "London".to_owned(),
        country: "GB".to_owned(),
    };
    Json(UserData { user_id, name: "Ada Lovelace".to_owned(), address })
}

#[derive(Deserialize)]
pub(super) struct Items {
    items: Vec<CartItem>,
}

/// `POST /warehouse/reservations`: keeps products for an order.
pub(super) async fn reserve(
    State(shop): State<Shared>,
    headers: HeaderMap,
    Json(Items { items }): Json<Items>,
) -> Result<Json<Value>, Refusal> {
    let (answer, _new) = shop.ledger.lock().once(&key(&headers), |ledger| keep(ledger, &items))?;
    Ok(Json(answer))
}

fn keep(ledger: &mut Ledger, items: &[CartItem]) -> Result<Value, Refusal> {
    let mut left = ledger.stock.clone();
    let mut kept = Vec::with_capacity(items.len());
    for CartItem { product_id, count } in items {
        let price =
            PRODUCTS.iter().find(|(product, _)| product == product_id).map(|(_, cents)| Money::usd(*cents));
        let unit_price =
            price.ok_or_else(|| (StatusCode::CONFLICT, format!("there is no product {product_id}")))?;
        let stock = left.entry(*product_id).or_default();
        *stock = stock.checked_sub(*count).ok_or_else(|| {
            (
                StatusCode::CONFLICT,
                format!("{count} of product {product_id} are wanted, and {stock} are there"),
            )
        })?;
        kept.push(ReservedItem { product_id: *product_id, count: *count, unit_price });
    }
    let reservation_id = Uuid::new_v4();
    ledger.stock = left;
    ledger.reservations.push(Reserved { reservation_id, items: kept.clone(), released: false });
    Ok(json!(Reservation { reservation_id, items: kept }))
}

/// `DELETE /warehouse/reservations/{id}`: puts them back. When nothing is kept, nothing is to be done.
pub(super) async fn release(State(shop): State<Shared>, Path(id): Path<Uuid>) -> StatusCode {
    let mut ledger = shop.ledger.lock();
    let Ledger { reservations, stock, .. } = &mut *ledger;
    let kept = reservations.iter_mut().find(|reserved| reserved.reservation_id == id && !reserved.released);
    if let Some(reserved) = kept {
        reserved.released = true;
        for item in &reserved.items {
            *stock.entry(item.product_id).or_default() += item.count;
        }
    }
    StatusCode::NO_CONTENT
}

/// `POST /shipping/cost`: five dollars, and fifty cents for each piece.
pub(super) async fn shipping_cost(Json(question): Json<ShippingQuestion>) -> Json<Money> {
    let pieces: i64 = question.reservation.items.iter().map(|item| i64::from(item.count)).sum();
    Json(Money::usd(500 + 50 * pieces))
}

/// `POST /shipping/orders`: sends a parcel.
pub(super) async fn ship(
    State(shop): State<Shared>,
    headers: HeaderMap,
    Json(order): Json<ShippingOrder>,
) -> Result<Json<Value>, Refusal> {
    let ShippingOrder { order_id, reservation_id, .. } = order;
    let send = |ledger: &mut Ledger| {
        let kept =
            ledger.reservations.iter().any(|kept| kept.reservation_id == reservation_id && !kept.released);
        if !kept {
            return Err((StatusCode::CONFLICT, format!("nothing is kept under {reservation_id}")));
        }
        let shipment_id = Uuid::new_v4();
        ledger.shipments.push(Shipped { shipment_id, order_id, reservation_id });
        Ok(json!(Shipment { shipment_id }))
    };
    let (answer, _new) = shop.ledger.lock().once(&key(&headers), send)?;
    Ok(Json(answer))
}

/// `POST /pricing/final`: the products, and their shipping.
pub(super) async fn price(Json(question): Json<PriceQuestion>) -> Json<Money> {
    let items = question.reservation.items.iter();
    let goods: i64 = items.map(|item| item.unit_price.cents * i64::from(item.count)).sum();
    Json(Money { cents: goods + question.shipping.cents, currency: question.shipping.currency })
}

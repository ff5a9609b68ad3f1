//! The payment provider: answers at once that it will see, and calls back when it has.

use super::ledger::{Charge, ChargeState};
use super::{Shared, key};
use crate::domain::Money;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::time::Duration;
use uuid::Uuid;

/// How often a callback is tried while the order service cannot be reached or fails.
const CALLBACK_ATTEMPTS: u32 = 60;
/// The wait between two of them.
const CALLBACK_INTERVAL: Duration = Duration::from_millis(500);
/// How long customers take when nothing else is said.
const THINKING_MS: u64 = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payment {
    order_id: String,
    amount: Money,
    callback_url: String,
}

/// `POST /payments`: 202, and a call to `{callbackUrl}/order/{orderId}/payment-accepted` or `payment-rejected`
/// a moment later.
pub(super) async fn start(
    State(shop): State<Shared>,
    headers: HeaderMap,
    Json(payment): Json<Payment>,
) -> (StatusCode, Json<Value>) {
    let payment_id = Uuid::new_v4();
    let answer = shop.ledger.lock().once::<Infallible>(&key(&headers), |ledger| {
        ledger.charges.push(Charge {
            payment_id,
            order_id: payment.order_id.clone(),
            amount: payment.amount.clone(),
            state: ChargeState::Asked,
            callback: None,
        });
        Ok(json!({ "paymentId": payment_id }))
    });
    let Ok((answer, new)) = answer;
    let behaviour = shop.behaviours.lock().of("payment");
    if new && !behaviour.silent {
        let thinking = Duration::from_millis(behaviour.callback_ms.unwrap_or(THINKING_MS));
        tokio::spawn(decide(shop, payment, payment_id, behaviour.reject, thinking));
    }
    (StatusCode::ACCEPTED, Json(answer))
}

/// The customer thinks; then the money is collected, or not, and the order service is told.
async fn decide(shop: Shared, payment: Payment, payment_id: Uuid, reject: bool, thinking: Duration) {
    tokio::time::sleep(thinking).await;
    let (state, path) = match reject {
        true => (ChargeState::Refused, "payment-rejected"),
        false => (ChargeState::Collected, "payment-accepted"),
    };
    if let Some(charge) = shop.ledger.lock().charge(payment_id) {
        charge.state = state;
    }
    let url = format!("{}/order/{}/{path}", payment.callback_url.trim_end_matches('/'), payment.order_id);
    for _ in 0..CALLBACK_ATTEMPTS {
        let answer = shop.callbacks.get(&url).send().await;
        let (told, done) = match &answer {
            Ok(answer) => (answer.status().to_string(), !answer.status().is_server_error()),
            Err(error) => (error.to_string(), false),
        };
        if let Some(charge) = shop.ledger.lock().charge(payment_id) {
            charge.callback = Some(told);
        }
        if done {
            return;
        }
        tokio::time::sleep(CALLBACK_INTERVAL).await;
    }
    tracing::warn!(url, "the order service never took the callback");
}

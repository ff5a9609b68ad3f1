//! What was done, and under which key.

use crate::domain::{Money, ReservedItem};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use uuid::Uuid;

/// How many of each product there are at first.
pub(super) const STOCK: u32 = 1000;

/// Products with their prices in cents.
pub(super) const PRODUCTS: [(Uuid, i64); 2] = [
    (Uuid::from_u128(0x0bad_cafe_0000_4000_8000_0000_0000_0001), 1_250),
    (Uuid::from_u128(0x0bad_cafe_0000_4000_8000_0000_0000_0002), 3_999),
];

/// What was done since the last reset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ledger {
    /// How many of each product the warehouse has and keeps for nobody.
    pub stock: BTreeMap<Uuid, u32>,
    /// Everything that was ever kept for an order.
    pub reservations: Vec<Reserved>,
    /// Every payment that was asked for.
    pub charges: Vec<Charge>,
    /// Every parcel.
    pub shipments: Vec<Shipped>,
    /// How often each microservice was asked.
    pub requests: BTreeMap<String, u32>,
    /// All requests, as `cart /cart/... 200`.
    pub log: Vec<String>,
    /// The answers that were given, by key.
    #[serde(skip)]
    answers: BTreeMap<String, Value>,
}

/// What is or was kept for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reserved {
    /// Under which number.
    pub reservation_id: Uuid,
    /// What.
    pub items: Vec<ReservedItem>,
    /// Whether it was put back.
    pub released: bool,
}

/// A payment that was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// Under which number.
    pub payment_id: Uuid,
    /// For which order.
    pub order_id: String,
    /// How much.
    pub amount: Money,
    /// What came of it.
    pub state: ChargeState,
    /// How the order service answered the last callback.
    pub callback: Option<String>,
}

/// What came of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ChargeState {
    /// Nothing yet.
    Asked,
    /// The money was collected.
    Collected,
    /// It was refused.
    Refused,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipped {
    /// Under which number.
    pub shipment_id: Uuid,
    /// For which order.
    pub order_id: String,
    /// With what.
    pub reservation_id: Uuid,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::with_stock(STOCK)
    }
}

impl Ledger {
    /// A new one, with so many of each product.
    pub(super) fn with_stock(stock: u32) -> Self {
        Self {
            stock: PRODUCTS.iter().map(|(product, _)| (*product, stock)).collect(),
            reservations: Vec::new(),
            charges: Vec::new(),
            shipments: Vec::new(),
            requests: BTreeMap::new(),
            log: Vec::new(),
            answers: BTreeMap::new(),
        }
    }

    /// Notes a request.
    pub(super) fn asked(&mut self, service: &str, path: &str, status: u16) {
        *self.requests.entry(service.to_owned()).or_default() += 1;
        self.log.push(format!("{service} {path} {status}"));
    }

    /// Does something that was not yet done under this key, or repeats the answer. What fails is not
    /// remembered: it may succeed later.
    pub(super) fn once<E>(
        &mut self,
        key: &str,
        work: impl FnOnce(&mut Self) -> Result<Value, E>,
    ) -> Result<(Value, bool), E> {
        if let Some(answer) = self.answers.get(key) {
            return Ok((answer.clone(), false));
        }
        let answer = work(self)?;
        self.answers.insert(key.to_owned(), answer.clone());
        Ok((answer, true))
    }

    /// A charge, to be changed.
    pub(super) fn charge(&mut self, payment_id: Uuid) -> Option<&mut Charge> {
        self.charges.iter_mut().find(|charge| charge.payment_id == payment_id)
    }
}

//! What the services and the workflows say to each other.

use serde::{Deserialize, Serialize};
use std::fmt;
use uuid::Uuid;

/// How long a customer has to pay when nothing else is said.
pub const PAYMENT_TIMEOUT_SECONDS: u64 = 60;

/// The input of `NewOrder`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StartOrder {
    /// Ties the log lines of all services together.
    pub correlation_id: Uuid,
    /// The cart that is bought.
    pub shopping_cart_id: Uuid,
    /// Who buys it.
    pub user_id: Uuid,
    /// How long the customer has to pay. It is part of the input, because an order that waits keeps its
    /// deadline when the service is started again with another setting.
    #[serde(default = "payment_timeout_seconds")]
    pub payment_timeout_seconds: u64,
}

fn payment_timeout_seconds() -> u64 {
    PAYMENT_TIMEOUT_SECONDS
}

/// How far an order has come; its custom status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OrderStatus {
    /// It was accepted.
    Starting,
    /// The cart is read.
    GettingProducts,
    /// The user's address is read.
    GettingAddress,
    /// The warehouse sets the products aside.
    ReservingProducts,
    /// The shipping is priced.
    CalculatingShipping,
    /// The whole is priced.
    CalculatingFinalPrice,
    /// The payment provider waits for the customer.
    AwaitingPayment,
    /// The customer has paid.
    PaymentSuccess,
    /// The parcel is ordered.
    SendShippingOrder,
    /// The customer did not pay.
    PaymentFailed,
    /// Nothing is left to do.
    Completed,
}

/// An amount of money, in the currency's smallest unit, so that sums are exact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Cents, pence, ...
    pub cents: i64,
    /// ISO 4217.
    pub currency: String,
}

impl Money {
    /// So many cents of a US dollar.
    #[must_use]
    pub fn usd(cents: i64) -> Self {
        Self { cents, currency: "USD".to_owned() }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.cents < 0 { "-" } else { "" };
        let cents = self.cents.unsigned_abs();
        write!(f, "{sign}{}.{:02} {}", cents / 100, cents % 100, self.currency)
    }
}

/// So many of one product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CartItem {
    /// Which product.
    pub product_id: Uuid,
    /// How many.
    pub count: u32,
}

/// Who buys, and where the parcel goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    /// Who.
    pub user_id: Uuid,
    /// By name.
    pub name: String,
    /// Where the parcel goes.
    pub address: Address,
}

/// Where a parcel goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Street and number.
    pub street: String,
    /// City.
    pub city: String,
    /// ISO 3166-1, two letters.
    pub country: String,
}

/// Products that the warehouse keeps for an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reservation {
    /// Under which number.
    pub reservation_id: Uuid,
    /// What is kept.
    pub items: Vec<ReservedItem>,
}

/// So many of one product, with its price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReservedItem {
    /// Which product.
    pub product_id: Uuid,
    /// How many.
    pub count: u32,
    /// The price of one.
    pub unit_price: Money,
}

/// Asks what shipping costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShippingQuestion {
    /// What is shipped.
    pub reservation: Reservation,
    /// To whom.
    pub user: UserData,
}

/// Asks what all of it costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceQuestion {
    /// What is bought.
    pub reservation: Reservation,
    /// What its shipping costs.
    pub shipping: Money,
}

/// The input of `Payment`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentInput {
    /// The instance id of the order, by which the provider calls back.
    pub order_id: String,
    /// How much.
    pub amount: Money,
    /// How long the customer has.
    pub timeout_seconds: u64,
}

/// Asks the payment provider to collect money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentRequest {
    /// The instance id of the order.
    pub order_id: String,
    /// How much.
    pub amount: Money,
}

/// What came of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PaymentOutcome {
    /// The customer has paid.
    Paid,
    /// The provider or the customer said no.
    Refused,
    /// Nobody said anything in time.
    TimedOut,
}

/// Asks for a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShippingOrder {
    /// The instance id of the order.
    pub order_id: String,
    /// What the parcel holds.
    pub reservation_id: Uuid,
    /// Where it goes.
    pub address: Address,
}

/// A parcel on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// Under which number.
    pub shipment_id: Uuid,
}

/// The output of `NewOrder`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderResult {
    /// What came of the payment.
    pub payment: PaymentOutcome,
    /// What the order costs.
    pub price: Money,
    /// The reservation; it was released unless the payment succeeded.
    pub reservation_id: Uuid,
    /// The parcel, if there is one.
    pub shipment_id: Option<Uuid>,
}

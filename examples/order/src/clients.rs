//! A typed client for each microservice. The base addresses are the only thing that they do not know by
//! themselves.

use crate::domain::{
    CartItem, Money, PaymentRequest, PriceQuestion, Reservation, Shipment, ShippingOrder, ShippingQuestion,
    UserData,
};
use crate::settings::Settings;
use reqwest::{Method, StatusCode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// How much of an error's body is kept.
const BODY_SHOWN: usize = 400;

/// Why a microservice did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It answered with an error.
    #[error("{service}: {method} {url} answered {status}: {body}")]
    Refused {
        /// Which microservice.
        service: &'static str,
        /// How it was asked.
        method: Method,
        /// Where.
        url: String,
        /// What it answered.
        status: StatusCode,
        /// The beginning of its body.
        body: String,
    },
    /// It did not answer, or not in time.
    #[error("{service}: {method} {url} got no answer: {cause}")]
    NoAnswer {
        /// Which microservice.
        service: &'static str,
        /// How it was asked.
        method: Method,
        /// Where.
        url: String,
        /// What went wrong.
        cause: String,
    },
    /// It answered something else than was agreed.
    #[error("{service}: {method} {url} answered something that cannot be read: {cause}; it begins {body}")]
    Unreadable {
        /// Which microservice.
        service: &'static str,
        /// How it was asked.
        method: Method,
        /// Where.
        url: String,
        /// What is wrong with it.
        cause: serde_json::Error,
        /// The beginning of its body.
        body: String,
    },
}

impl CallError {
    /// Whether the same request will fail again, whenever it is made.
    #[must_use]
    pub fn is_hopeless(&self) -> bool {
        match self {
            Self::Refused { status, .. } => {
                status.is_client_error()
                    && !matches!(*status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
            }
            Self::NoAnswer { .. } => false,
            Self::Unreadable { .. } => true,
        }
    }
}

/// One microservice, as it is reached.
#[derive(Clone, Debug)]
struct Service {
    name: &'static str,
    base: String,
    http: reqwest::Client,
}

impl Service {
    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Uuid,
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<T, CallError> {
        let (service, url) = (self.name, format!("{}{path}", self.base.trim_end_matches('/')));
        let no_answer = |error: reqwest::Error| CallError::NoAnswer {
            service,
            method: method.clone(),
            url: url.clone(),
            cause: causes(&error),
        };
        let mut request = self.http.request(method.clone(), &url).header("Idempotency-Key", key.to_string());
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(no_answer)?;
        let status = answer.status();
        let text = answer.text().await.map_err(no_answer)?;
        if !status.is_success() {
            return Err(CallError::Refused { service, method, url, status, body: beginning(&text) });
        }
        let json = if text.is_empty() { "null" } else { &text };
        serde_json::from_str(json).map_err(|cause| CallError::Unreadable {
            service,
            method,
            url,
            cause,
            body: beginning(&text),
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, key: Uuid) -> Result<T, CallError> {
        self.ask(Method::GET, path, key, None::<&()>).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        key: Uuid,
        body: &impl Serialize,
    ) -> Result<T, CallError> {
        self.ask(Method::POST, path, key, Some(body)).await
    }
}

/// An error with all its causes: "error sending request: operation timed out".
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

fn beginning(text: &str) -> String {
    text.trim().chars().take(BODY_SHOWN).collect()
}

/// The carts.
#[derive(Clone, Debug)]
pub struct CartClient(Service);
/// The users.
#[derive(Clone, Debug)]
pub struct UsersClient(Service);
/// The warehouse.
#[derive(Clone, Debug)]
pub struct WarehouseClient(Service);
/// Shipping.
#[derive(Clone, Debug)]
pub struct ShippingClient(Service);
/// Pricing.
#[derive(Clone, Debug)]
pub struct PricingClient(Service);
/// The payment provider.
#[derive(Clone, Debug)]
pub struct PaymentClient {
    service: Service,
    callback_url: String,
}

impl CartClient {
    /// What is in a cart.
    ///
    /// # Errors
    /// When the service does not say.
    pub async fn items(&self, key: Uuid, cart: Uuid) -> Result<Vec<CartItem>, CallError> {
        self.0.get(&format!("/cart/{cart}"), key).await
    }
}

impl UsersClient {
    /// Who a user is.
    ///
    /// # Errors
    /// When the service does not say.
    pub async fn details(&self, key: Uuid, user: Uuid) -> Result<UserData, CallError> {
        self.0.get(&format!("/users/{user}"), key).await
    }
}

impl WarehouseClient {
    /// Keeps products for an order.
    ///
    /// # Errors
    /// When the service fails, or there are not enough of them (409).
    pub async fn reserve(&self, key: Uuid, items: &[CartItem]) -> Result<Reservation, CallError> {
        self.0.post("/warehouse/reservations", key, &json!({ "items": items })).await
    }

    /// Puts them back.
    ///
    /// # Errors
    /// When the service fails.
    pub async fn release(&self, key: Uuid, reservation: Uuid) -> Result<(), CallError> {
        let path = format!("/warehouse/reservations/{reservation}");
        self.0.ask(Method::DELETE, &path, key, None::<&()>).await
    }
}

impl ShippingClient {
    /// What shipping costs.
    ///
    /// # Errors
    /// When the service does not say.
    pub async fn cost(&self, key: Uuid, question: &ShippingQuestion) -> Result<Money, CallError> {
        self.0.post("/shipping/cost", key, question).await
    }

    /// Orders a parcel.
    ///
    /// # Errors
    /// When the service does not take the order.
    pub async fn send(&self, key: Uuid, order: &ShippingOrder) -> Result<Shipment, CallError> {
        self.0.post("/shipping/orders", key, order).await
    }
}

impl PricingClient {
    /// What all of it costs.
    ///
    /// # Errors
    /// When the service does not say.
    pub async fn price(&self, key: Uuid, question: &PriceQuestion) -> Result<Money, CallError> {
        self.0.post("/pricing/final", key, question).await
    }
}

impl PaymentClient {
    /// Asks the provider to collect money. It answers 202, and calls back when it knows more.
    ///
    /// # Errors
    /// When the provider does not take the request.
    pub async fn start(&self, key: Uuid, request: &PaymentRequest) -> Result<(), CallError> {
        let body = json!({
            "orderId": request.order_id,
            "amount": request.amount,
            "callbackUrl": self.callback_url,
        });
        self.service.post::<serde_json::Value>("/payments", key, &body).await.map(drop)
    }
}

/// All of them.
#[derive(Clone, Debug)]
pub struct Clients {
    /// The carts.
    pub cart: CartClient,
    /// The users.
    pub users: UsersClient,
    /// The warehouse.
    pub warehouse: WarehouseClient,
    /// Shipping.
    pub shipping: ShippingClient,
    /// Pricing.
    pub pricing: PricingClient,
    /// The payment provider.
    pub payment: PaymentClient,
}

impl Clients {
    /// The clients for these addresses.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(settings: &Settings) -> Result<Self, reqwest::Error> {
        let http = http_client(settings.request_timeout)?;
        let service = |name, base: &str| Service { name, base: base.to_owned(), http: http.clone() };
        let urls = &settings.urls;
        Ok(Self {
            cart: CartClient(service("cart", &urls.cart)),
            users: UsersClient(service("users", &urls.users)),
            warehouse: WarehouseClient(service("warehouse", &urls.warehouse)),
            shipping: ShippingClient(service("shipping", &urls.shipping)),
            pricing: PricingClient(service("pricing", &urls.pricing)),
            payment: PaymentClient {
                service: service("payment", &urls.payment),
                callback_url: settings.public_url.clone(),
            },
        })
    }
}

/// An HTTP client whose requests take no longer than that.
///
/// # Errors
/// When none can be made.
pub fn http_client(timeout: Duration) -> Result<reqwest::Client, reqwest::Error> {
    // Another part of the process may have installed a provider before: then that one is used.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().connect_timeout(timeout.min(Duration::from_secs(2))).timeout(timeout).build()
}

//! What the order service reads from its environment.

use crate::domain::PAYMENT_TIMEOUT_SECONDS;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tracing_subscriber::EnvFilter;

/// Where the shop listens when nothing else is said.
pub const SHOP_URL: &str = "http://127.0.0.1:4100";

/// A variable that is set and cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name}={value:?}: {expected}")]
pub struct BadSetting {
    name: &'static str,
    value: String,
    expected: &'static str,
}

/// The settings of the order service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `PARTITA_LISTEN`: where it listens.
    pub listen: SocketAddr,
    /// `PARTITA_DATA_DIR`: where its orders are kept.
    pub data_dir: PathBuf,
    /// `PUBLIC_URL`: where the payment provider reaches it.
    pub public_url: String,
    /// `PAYMENT_TIMEOUT_SECONDS`: how long the customers of new orders have to pay.
    pub payment_timeout_seconds: u64,
    /// `REQUEST_TIMEOUT_MS`: how long one request to a microservice may take.
    pub request_timeout: Duration,
    /// Where the microservices are.
    pub urls: Urls,
}

/// Where the microservices are: `CART_URL`, `USERS_URL` and so on; the shop when not set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // each is what its name says
pub struct Urls {
    pub cart: String,
    pub users: String,
    pub warehouse: String,
    pub shipping: String,
    pub pricing: String,
    pub payment: String,
}

impl Settings {
    /// Reads them.
    ///
    /// # Errors
    /// Names the variable that cannot be used.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let set = |name: &'static str| variable(name).filter(|value| !value.is_empty());
        let url = |name| set(name).unwrap_or_else(|| SHOP_URL.to_owned());
        let listen = parse(set, "PARTITA_LISTEN", "an address such as 127.0.0.1:4001 is expected")?;
        let listen = listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 4001)));
        let seconds = parse(set, "PAYMENT_TIMEOUT_SECONDS", "a whole number of seconds is expected")?;
        let millis = parse(set, "REQUEST_TIMEOUT_MS", "a whole number of milliseconds is expected")?;
        Ok(Self {
            listen,
            data_dir: set("PARTITA_DATA_DIR").unwrap_or_else(|| "order-data".to_owned()).into(),
            public_url: set("PUBLIC_URL").unwrap_or_else(|| format!("http://{listen}")),
            payment_timeout_seconds: seconds.unwrap_or(PAYMENT_TIMEOUT_SECONDS),
            request_timeout: Duration::from_millis(millis.unwrap_or(5_000)),
            urls: Urls {
                cart: url("CART_URL"),
                users: url("USERS_URL"),
                warehouse: url("WAREHOUSE_URL"),
                shipping: url("SHIPPING_URL"),
                pricing: url("PRICING_URL"),
                payment: url("PAYMENT_URL"),
            },
        })
    }
}

/// Writes logs to the standard error: `RUST_LOG` says which.
pub fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colors).with_writer(std::io::stderr).init();
}

/// Reads a variable, if it is set.
fn parse<T: FromStr>(
    set: impl Fn(&'static str) -> Option<String>,
    name: &'static str,
    expected: &'static str,
) -> Result<Option<T>, BadSetting> {
    let Some(value) = set(name) else { return Ok(None) };
    value.parse().map(Some).map_err(|_| BadSetting { name, value, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_a_default() {
        let settings = Settings::read(|_| None).unwrap();
        assert_eq!(settings.public_url, "http://127.0.0.1:4001");
        assert_eq!((settings.payment_timeout_seconds, settings.urls.payment.as_str()), (60, SHOP_URL));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let read = |name: &str| (name == "PAYMENT_TIMEOUT_SECONDS").then(|| "soon".to_owned());
        let error = Settings::read(read).unwrap_err().to_string();
        assert_eq!(error, "PAYMENT_TIMEOUT_SECONDS=\"soon\": a whole number of seconds is expected");
    }
}

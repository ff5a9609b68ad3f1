//! One HTTP exchange with an FDK over its socket.
//!
//! The contract needs little of HTTP: one request at a time, one answer, no proxies, no upgrades. What is here is just
//! that, because a general client wakes its task several times for each call, which costs more than the call itself.

mod connection;
mod request;
mod response;
mod socket;

pub(crate) use connection::Connection;
pub(crate) use request::request;
pub(crate) use response::{Head, answer};

/// Why an exchange brought no answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ExchangeError {
    /// The request never left, so the handler cannot have run.
    NotSent(String),
    /// The connection ended.
    Closed(String),
    /// What came is no HTTP answer.
    Garbage(String),
    /// The answer's body is over the limit.
    TooLarge,
}

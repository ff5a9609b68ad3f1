//! Values and payloads.

use crate::error::not_readable;
use partita_kernel::{Failure, Payload};
use serde::{Serialize, de::DeserializeOwned};

/// A value as a payload; nothing (`()`, `None`) is no payload.
///
/// # Errors
/// When `what` it is cannot be written as JSON.
pub fn to_payload<T: Serialize + ?Sized>(what: &str, value: &T) -> Result<Option<Payload>, Failure> {
    match serde_json::to_string(value) {
        Ok(text) if text == "null" => Ok(None),
        Ok(text) => Ok(Some(text.into())),
        Err(error) => {
            Err(Failure::new("InvalidData", format!("{what} cannot be written as JSON: {error}"))
                .non_retriable())
        }
    }
}

/// The value of a payload.
///
/// # Errors
/// When `what` it is is not a `T`.
pub fn from_payload<T: DeserializeOwned>(what: &str, payload: Option<&Payload>) -> Result<T, Failure> {
    serde_json::from_str(payload.map_or("null", Payload::as_str))
        .map_err(|error| not_readable(what, payload, &error))
}

//! The keys of those who may call.

use crate::functions::catalogue::{KeyError, public_from_pem};
use std::collections::HashMap;

/// Who may call this API, and whether calls must be signed.
#[derive(Clone, Default)]
pub struct Keys {
    pub(super) registered: HashMap<String, Vec<u8>>,
    pub(super) required: bool,
    pub(super) open: bool,
}

/// What is wrong with a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Its id.
    #[error("{0}")]
    Id(String),
    /// The key itself.
    #[error("{0}")]
    Key(String),
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys")
            .field("registered", &self.registered.keys())
            .field("required", &self.required)
            .finish()
    }
}

impl Keys {
    /// No keys. Whether signatures are required decides what becomes of calls without one, or by an unknown key: they
    /// are refused, or let in. A signature by a known key must be right in any case.
    #[must_use]
    pub fn new(required: bool) -> Self {
        Self { registered: HashMap::new(), required, open: false }
    }

    /// The same keys, with or without the need to sign.
    #[must_use]
    pub fn requiring_signatures(self, required: bool) -> Self {
        Self { required, ..self }
    }

    /// The same keys, where requests that need not be signed may also change applications and functions, and so bring
    /// code here.
    #[must_use]
    pub fn open_to_changes(self, open: bool) -> Self {
        Self { open, ..self }
    }

    /// Whether no user's key is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.registered.is_empty()
    }

    /// Adds a user's public key: its id as clients send it, `TENANCY/USER/FINGERPRINT`, and the key in PEM.
    ///
    /// # Errors
    /// When the id cannot be one, or the text holds no RSA key of at least 2048 bits. The error says which of them.
    pub fn add(&mut self, key_id: &str, pem: &str) -> Result<(), KeyProblem> {
        let parts = key_id.split('/').filter(|part| !part.is_empty()).count();
        if parts != 3 || key_id.contains(['"', ',', ' ']) {
            return Err(KeyProblem::Id(format!("{key_id:?} is no key id; it is TENANCY/USER/FINGERPRINT")));
        }
        let key = public_from_pem(pem).map_err(|error: KeyError| KeyProblem::Key(error.to_string()))?;
        match self.registered.insert(key_id.to_owned(), key) {
            None => Ok(()),
            Some(_) => Err(KeyProblem::Id(format!("{key_id:?} has a key already"))),
        }
    }

    /// Whether calls must be signed.
    #[must_use]
    pub fn required(&self) -> bool {
        self.required
    }

    pub(super) fn get(&self, key_id: &str) -> Option<&[u8]> {
        self.registered.get(key_id).map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_needs_an_id_and_a_pem() {
        let mut keys = Keys::new(true);
        for (id, pem, expected) in [("a", "", "no key id"), ("a/b/c", "", "it is no RSA key")] {
            let error = keys.add(id, pem).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(keys.required() && keys.get("a/b/c").is_none());
    }
}

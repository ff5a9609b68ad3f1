//! Tokens of tasks: which wait of which instance an outcome is for, signed so that nobody can make one up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use uuid::Uuid;

/// Makes and reads tokens.
pub trait TokenMint: Send + Sync {
    /// The token for a wait of an instance. The same for the same arguments, always.
    fn mint(&self, instance: &str, guid: Uuid) -> String;

    /// What a token is for; `None` when it was not made by this mint.
    fn open(&self, token: &str) -> Option<(String, Uuid)>;
}

/// Tokens signed with HMAC-SHA-256 under a secret key.
#[derive(Clone)]
pub struct HmacMint {
    key: Hmac<Sha256>,
}

const GUID: usize = 16;
const SIGNATURE: usize = 32;

impl HmacMint {
    /// Signs with this key; 32 random bytes are right.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        // HMAC takes keys of every length, so this does not fail.
        let key = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&Default::default()));
        Self { key }
    }

    fn signed(&self, body: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.key.clone();
        mac.update(body);
        mac
    }
}

impl TokenMint for HmacMint {
    fn mint(&self, instance: &str, guid: Uuid) -> String {
        let mut token = Vec::with_capacity(GUID + instance.len() + SIGNATURE);
        token.extend_from_slice(guid.as_bytes());
        token.extend_from_slice(instance.as_bytes());
        let signature = self.signed(&token).finalize().into_bytes();
        token.extend_from_slice(&signature);
        URL_SAFE_NO_PAD.encode(token)
    }

    fn open(&self, token: &str) -> Option<(String, Uuid)> {
        let token = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (body, signature) = token.split_at_checked(token.len().checked_sub(SIGNATURE)?)?;
        self.signed(body).verify_slice(signature).ok()?; // in constant time
        let (guid, instance) = body.split_at_checked(GUID)?;
        Some((String::from_utf8(instance.to_vec()).ok()?, Uuid::from_slice(guid).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_whole_and_under_its_key() {
        let (mint, guid) = (HmacMint::new(b"key"), Uuid::from_u128(7));
        let token = mint.mint("order-1", guid);
        assert_eq!(mint.open(&token), Some(("order-1".to_owned(), guid)));
        assert_eq!(HmacMint::new(b"other").open(&token), None);
        for bad in ["", "x", "NoSuchTaskToken", token.get(1..).unwrap(), &format!("{token}AA")] {
            assert_eq!(mint.open(bad), None, "{bad}");
        }
    }
}

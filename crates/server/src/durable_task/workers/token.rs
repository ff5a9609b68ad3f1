//! Completion tokens: the number of a job, signed, so that nobody can make one up.

use ring::hmac;
use std::fmt::Write;

/// Makes and reads tokens. The key lives as long as the process: what an earlier one gave out is no token any more.
pub(super) struct Tokens(hmac::Key);

/// Bytes of the signature that a token shows.
const SIGNATURE: usize = 16;

impl Tokens {
    pub(super) fn new() -> Self {
        let mut secret = [0; 32];
        if getrandom::fill(&mut secret).is_err() {
            // Without a source of randomness the ids of instances would not be there either.
            secret = *uuid_bytes(uuid::Uuid::new_v4(), uuid::Uuid::new_v4());
        }
        Self(hmac::Key::new(hmac::HMAC_SHA256, &secret))
    }

    pub(super) fn write(&self, job: u64) -> String {
        let signature = hmac::sign(&self.0, &job.to_be_bytes());
        let mut token = String::with_capacity(17 + 2 * SIGNATURE);
        let _ = write!(token, "{job:x}."); // a text has room
        let halves = signature.as_ref().iter().take(SIGNATURE).flat_map(|byte| [byte >> 4, byte & 15]);
        token.extend(halves.filter_map(|half| char::from_digit(u32::from(half), 16)));
        token
    }

    /// The job of a token; `None` when it was not made here.
    pub(super) fn read(&self, token: &str) -> Option<u64> {
        let (job, _) = token.split_once('.')?;
        let job = u64::from_str_radix(job, 16).ok()?;
        let expected = self.write(job);
        let same = expected.len() == token.len()
            && expected.bytes().zip(token.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b)) == 0;
        same.then_some(job)
    }
}

fn uuid_bytes(a: uuid::Uuid, b: uuid::Uuid) -> Box<[u8; 32]> {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().zip(a.as_bytes().iter().chain(b.as_bytes())) {
        *place = *byte;
    }
    Box::new(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_what_was_made_here_is_a_token(job in any::<u64>(), text in "[0-9a-f.]{0,60}") {
            let tokens = Tokens::new();
            let token = tokens.write(job);
            prop_assert_eq!(tokens.read(&token), Some(job));
            prop_assert_eq!(Tokens::new().read(&token), None);
            prop_assert_eq!(tokens.read(&text), None);
            prop_assert_eq!(tokens.read(&token.to_uppercase()).filter(|_| token.to_uppercase() != token), None);
        }
    }
}

//! Names of hubs.

use std::fmt;
use std::sync::Arc;

/// Characters that a name has at most, as in Durable Functions.
const MOST: usize = 45;
/// Characters that are shown of what is no name.
const SHOWN: usize = 60;

/// The name of a task hub. Upper and lower case are the same, and become lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HubName(Arc<str>);

/// What is not the name of a task hub.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the name of a task hub: a name has 1 to {MOST} characters, which are letters, digits, - and _, and begins \
     with a letter"
)]
pub struct InvalidHubName(String);

impl InvalidHubName {
    pub(super) fn of(text: &str) -> Self {
        Self(text.chars().take(SHOWN).collect())
    }
}

impl HubName {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidHubName> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
        let all = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if !first || !all || text.len() > MOST {
            return Err(InvalidHubName::of(text));
        }
        Ok(Self(text.to_ascii_lowercase().into()))
    }

    /// The name in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_plain_and_the_same_in_any_case() {
        let longest = "a".repeat(MOST);
        for good in ["a", "Shop", "a-b_c9", &longest] {
            assert_eq!(HubName::parse(good).unwrap().as_str(), good.to_lowercase());
        }
        let too_long = "a".repeat(MOST + 1);
        for bad in ["", "9a", "-a", "_a", "a b", "a.b", "a/b", "..", "ä", &too_long] {
            let error = HubName::parse(bad).unwrap_err().to_string();
            assert!(error.contains("1 to 45 characters"), "{error}");
        }
    }
}

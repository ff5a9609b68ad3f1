//! Pages of lists.

use super::error::AwsError;
use super::params::Params;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// Entries of a page when nothing is said, and at most.
const USUAL: usize = 100;
const MOST: i64 = 1000;
/// The longest token that is looked at.
const TOKEN_CHARACTERS: usize = 1024;

/// Which page of a list is asked for.
pub(super) struct Page {
    pub(super) size: usize,
    /// What the list's owner needs to go on.
    pub(super) after: Option<String>,
}

impl Page {
    pub(super) fn read(params: &Params) -> Result<Self, AwsError> {
        let size = match params.number("maxResults", 0, MOST)? {
            None | Some(0) => USUAL,
            Some(size) => usize::try_from(size).unwrap_or(USUAL),
        };
        let after = params.text("nextToken")?.map(open).transpose()?;
        Ok(Self { size, after })
    }

    /// A page of a list that is wholly there: the position of its first entry.
    pub(super) fn position(&self) -> Result<usize, AwsError> {
        self.after.as_ref().map_or(Ok(0), |after| after.parse().map_err(|_| invalid()))
    }

    /// Takes a page out of a whole list, with the token of the next.
    pub(super) fn cut<T>(&self, all: Vec<T>) -> Result<(Vec<T>, Option<String>), AwsError> {
        let from = self.position()?;
        let more = all.len() > from.saturating_add(self.size);
        let next = more.then(|| (from + self.size).to_string());
        Ok((all.into_iter().skip(from).take(self.size).collect(), next))
    }
}

fn open(token: &str) -> Result<String, AwsError> {
    if token.chars().count() > TOKEN_CHARACTERS {
        let constraint = format!("Member must have length less than or equal to {TOKEN_CHARACTERS}");
        return Err(AwsError::constraint(token, "nextToken", &constraint));
    }
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| invalid())?;
    String::from_utf8(bytes).map_err(|_| invalid())
}

pub(super) fn invalid() -> AwsError {
    AwsError::new("InvalidToken", "Invalid Token: 'Invalid token'")
}

/// Adds the token of the next page to an answer.
pub(super) fn with_next(mut answer: Map<String, Value>, next: Option<String>) -> Value {
    if let Some(next) = next {
        answer.insert("nextToken".to_owned(), URL_SAFE_NO_PAD.encode(next).into());
    }
    Value::Object(answer)
}

//! Values as they are written on the command line.

use jiff::Timestamp;
use partita_api::{Json, Time};
use partita_server::config::values::duration;
use std::time::Duration;

/// JSON: as it stands, in a file (`@file`), or on the standard input (`-`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    Text(String),
    File(String),
    StandardInput,
}

impl std::str::FromStr for Data {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match (text, text.strip_prefix('@')) {
            ("-", _) => Self::StandardInput,
            (_, Some(file)) => Self::File(file.to_owned()),
            (text, None) => Self::Text(text.to_owned()),
        })
    }
}

impl Data {
    /// Reads it.
    ///
    /// # Errors
    /// Says what is wrong with it, and where.
    pub(crate) fn read(&self) -> Result<Json, String> {
        let (place, text) = match self {
            Self::Text(text) => ("the JSON given".to_owned(), text.clone()),
            Self::File(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
                (file.clone(), text)
            }
            Self::StandardInput => {
                let text = std::io::read_to_string(std::io::stdin()).map_err(|error| error.to_string())?;
                ("the standard input".to_owned(), text)
            }
        };
        serde_json::from_str(&text)
            .map_err(|error| format!("{place} is not JSON: {error}; text needs quotes: '\"text\"'"))
    }
}

/// `key=value`.
pub(super) fn tag(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(key, _)| !key.is_empty());
    let (key, value) = parts.ok_or("write it as key=value")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A point in the past: a time, or how long ago it was.
pub(super) fn past(text: &str) -> Result<Time, String> {
    instant(text, Timestamp::checked_sub, "2h for two hours ago")
}

/// A point in the future: a time, or how long until then.
pub(super) fn future(text: &str) -> Result<Time, String> {
    instant(text, Timestamp::checked_add, "2h for in two hours")
}

fn instant(
    text: &str,
    away: impl Fn(Timestamp, Duration) -> Result<Timestamp, jiff::Error>,
    example: &str,
) -> Result<Time, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let wrong = || format!("write it as 2026-03-01T12:00:00Z, or as {example}");
    let distance = duration(text).map_err(|_| wrong())?;
    away(Timestamp::now(), distance).map(Time::of_jiff).map_err(|_| wrong())
}

/// `30s`, `10m`, `1h30m`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    duration(text)
}

/// `key=value` of a setting.
pub(super) fn setting(text: &str) -> Result<(String, String), String> {
    tag(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_absolute_or_away_from_now() {
        let now = Timestamp::now();
        let ago = past("2h").unwrap().to_jiff();
        assert!((now.as_second() - 7200 - ago.as_second()).abs() < 5);
        assert!(future("1h30m").unwrap().to_jiff() > now);
        assert_eq!(past("2026-03-01T12:00:00Z").unwrap().to_string(), "2026-03-01T12:00:00.000000Z");
        assert!(past("yesterday").unwrap_err().contains("two hours ago"));
    }

    #[test]
    fn data_comes_from_three_places() {
        assert_eq!("-".parse(), Ok(Data::StandardInput));
        assert_eq!("@a.json".parse(), Ok(Data::File("a.json".into())));
        let data: Data = "{\"a\":1}".parse().unwrap();
        assert_eq!(data.read().unwrap().as_str(), "{\"a\":1}");
        assert!(Data::Text("hello".into()).read().unwrap_err().contains("needs quotes"));
    }
}

//! Instants as RFC 3339.

use partita_engine::kernel::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// An instant, written in UTC with microseconds (`2026-03-01T12:00:00.000000Z`), read with any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub Timestamp);

impl Time {
    /// The instant for `jiff`.
    #[must_use]
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.0.0)).unwrap_or(jiff::Timestamp::MAX)
    }

    /// The instant of `jiff`, or the last one that there is.
    #[must_use]
    pub fn of_jiff(instant: jiff::Timestamp) -> Self {
        Self(Timestamp(i64::try_from(instant.as_nanosecond()).unwrap_or(i64::MAX)))
    }
}

impl From<Timestamp> for Time {
    fn from(instant: Timestamp) -> Self {
        Self(instant)
    }
}
impl From<Time> for Timestamp {
    fn from(time: Time) -> Self {
        time.0
    }
}
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6}", self.to_jiff())
    }
}
impl FromStr for Time {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let instant: jiff::Timestamp = text
            .parse()
            .map_err(|_| format!("{text:?} is not a time; write it like 2026-03-01T12:00:00Z (RFC 3339)"))?;
        i64::try_from(instant.as_nanosecond())
            .map(|nanos| Self(Timestamp(nanos)))
            .map_err(|_| format!("{text:?} is outside of the years 1678 to 2261"))
    }
}
impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_with_microseconds_and_read_with_offsets() {
        let time = Time(Timestamp(1_772_366_400_123_456_789));
        assert_eq!(time.to_string(), "2026-03-01T12:00:00.123456Z");
        let same: Time = "2026-03-01T13:00:00.123456+01:00".parse().unwrap();
        assert_eq!(same.to_string(), time.to_string());
        assert!("yesterday".parse::<Time>().unwrap_err().contains("RFC 3339"));
        assert!("2300-01-01T00:00:00Z".parse::<Time>().unwrap_err().contains("2261"));
    }
}

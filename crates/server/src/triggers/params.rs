//! What parameters must look like.

/// One condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Uuid,
    Int,
    NonEmpty,
    MaxLength(usize),
}

impl Check {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let known = || format!("{text:?} is no pattern; there are uuid, int, nonempty, max:LENGTH");
        match text {
            "uuid" => Ok(Self::Uuid),
            "int" => Ok(Self::Int),
            "nonempty" => Ok(Self::NonEmpty),
            text => {
                let length = text.strip_prefix("max:").ok_or_else(known)?;
                length.trim().parse().map(Self::MaxLength).map_err(|_| known())
            }
        }
    }

    /// Says what is wrong with a value.
    pub(super) fn check(self, name: &str, value: &str) -> Result<(), String> {
        let (good, what) = match self {
            Self::Uuid => (value.len() == 36 && uuid::Uuid::try_parse(value).is_ok(), "a UUID".to_owned()),
            Self::Int => (value.parse::<i64>().is_ok(), "a whole number".to_owned()),
            Self::NonEmpty => (!value.trim().is_empty(), "a text that is not empty".to_owned()),
            Self::MaxLength(limit) => (value.chars().count() <= limit, format!("at most {limit} characters")),
        };
        if good { Ok(()) } else { Err(format!("{name}={value:?} is not {what}")) }
    }
}

//! Timestamps as the service reads them: RFC 3339 with an upper-case `T`, and `Z` or an offset.

use jiff::Timestamp;

/// The moment that `text` names, if it is a timestamp.
pub fn parse(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    (text.len() <= 64 && has_form(bytes, b"dddd-dd-ddTdd:dd:dd") && has_offset(bytes.get(19..)?))
        .then(|| text.parse().ok())?
}

/// Whether the text begins with the form, in which `d` stands for a digit.
fn has_form(text: &[u8], form: &[u8]) -> bool {
    text.len() >= form.len()
        && text.iter().zip(form).all(|(c, form)| if *form == b'd' { c.is_ascii_digit() } else { c == form })
}

/// Whether the rest is an optional fraction and an offset.
fn has_offset(rest: &[u8]) -> bool {
    let rest = match rest.strip_prefix(b".") {
        None => rest,
        Some(fraction) => {
            let digits = fraction.iter().take_while(|c| c.is_ascii_digit()).count();
            if digits == 0 || digits > 9 {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
    };
    rest == b"Z" || (rest.len() == 6 && (has_form(rest, b"+dd:dd") || has_form(rest, b"-dd:dd")))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_whole_timestamps_with_an_offset_count() {
        for text in ["2012-10-09T19:00:55Z", "2012-10-09T19:00:55.000001Z", "2012-10-09T19:00:55+01:00"] {
            assert!(parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "2023-02-24",
            "2012-10-09T19:00:55",
            "2023-02-24 12:15:56.832957",
            "2012-10-09t19:00:55z",
            "2012-13-09T19:00:55Z",
            "2012-10-09T19:00:55.Z",
            "2012-10-09T19:00:55+01",
            "2012-10-09T19:00:55Z ",
            "2012-10-09T19:00:55é",
            "2012-02-30T19:00:55Z",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}

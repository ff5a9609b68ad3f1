//! The functions of texts: JSON, Base64, hashes, splitting.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha1::{Digest, Sha1};
use sha2::{Sha256, Sha384, Sha512};

use super::{Outcome, string};

/// The most characters that Base64 and hashes take, as in the service.
const LONGEST: usize = 10_000;

fn short(text: &str) -> Result<&str, String> {
    if text.chars().nth(LONGEST).is_none() {
        return Ok(text);
    }
    Err(format!("The input has more than {LONGEST} characters."))
}

pub(super) fn parse_json(text: &Value) -> Outcome {
    serde_json::from_str(string(text)?).map_err(|error| format!("The string is not valid JSON: {error}"))
}

pub(super) fn encode(text: &Value) -> Outcome {
    Ok(STANDARD.encode(short(string(text)?)?).into())
}

pub(super) fn decode(text: &Value) -> Outcome {
    let bytes = STANDARD
        .decode(short(string(text)?)?)
        .map_err(|error| format!("The string is not Base64: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "The decoded bytes are not UTF-8.")?;
    Ok(text.into())
}

/// The digest of a text, or of the JSON of another value, in hexadecimal.
pub(super) fn hash(value: &Value, algorithm: &Value) -> Outcome {
    let data = match value {
        Value::String(text) => short(text)?.to_owned(),
        other => short(&other.to_string())?.to_owned(),
    };
    digest(data.as_bytes(), string(algorithm)?).map(Value::String)
}

/// The digest in hexadecimal, by the name of its algorithm.
pub(in super::super) fn digest(data: &[u8], algorithm: &str) -> Result<String, String> {
    let bytes = match algorithm {
        "MD5" => md5::Md5::digest(data).to_vec(),
        "SHA-1" => Sha1::digest(data).to_vec(),
        "SHA-256" => Sha256::digest(data).to_vec(),
        "SHA-384" => Sha384::digest(data).to_vec(),
        "SHA-512" => Sha512::digest(data).to_vec(),
        other => {
            return Err(format!(
                "There is no algorithm '{other}'. Supported algorithms are MD5, SHA-1, SHA-256, SHA-384 and SHA-512."
            ));
        }
    };
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The parts between characters that are among the delimiters, without empty parts.
pub(super) fn split(text: &Value, delimiters: &Value) -> Outcome {
    let (text, delimiters) = (string(text)?, string(delimiters)?);
    let parts = text.split(|c| delimiters.contains(c));
    Ok(parts.filter(|part| !part.is_empty()).map(Value::from).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::check;
    use serde_json::json;

    #[test]
    fn functions_of_texts() {
        let input = json!({"s": "This.is+a,test=string", "j": "{\"a\": [1, 2.0]}", "bad": "{", "n": 5, "long": "x".repeat(10_001)});
        insta::assert_snapshot!(check("States.StringSplit($.s, '.+,=')", &input), @r#"["This","is","a","test","string"]"#);
        insta::assert_snapshot!(check("States.StringSplit(',,,,', ',')", &input), @"[]");
        insta::assert_snapshot!(check("States.StringSplit('ab', '')", &input), @r#"["ab"]"#);
        insta::assert_snapshot!(check("States.StringToJson($.j)", &input), @r#"{"a":[1,2.0]}"#);
        insta::assert_snapshot!(check("States.StringToJson($.bad)", &input), @"States.IntrinsicFailure: The function 'States.StringToJson($.bad)' had the following error: The string is not valid JSON: EOF while parsing an object at line 1 column 1");
        insta::assert_snapshot!(check("States.Base64Encode('Data to encode')", &input), @r#""RGF0YSB0byBlbmNvZGU=""#);
        insta::assert_snapshot!(check("States.Base64Decode('RGF0YSB0byBlbmNvZGU=')", &input), @r#""Data to encode""#);
        insta::assert_snapshot!(check("States.Base64Decode('%')", &input), @"States.IntrinsicFailure: The function 'States.Base64Decode('%')' had the following error: The string is not Base64: Invalid symbol 37, offset 0.");
        insta::assert_snapshot!(check("States.Base64Encode($.long)", &input), @"States.IntrinsicFailure: The function 'States.Base64Encode($.long)' had the following error: The input has more than 10000 characters.");
        insta::assert_snapshot!(check("States.Base64Encode($.n)", &input), @"States.IntrinsicFailure: The function 'States.Base64Encode($.n)' had the following error: Expected a string, but was '5'.");
    }

    #[test]
    fn hashes() {
        insta::assert_snapshot!(check("States.Hash('input data', 'MD5')", &json!({})), @r#""812f45842bc6d66ee14572ce20db8e86""#);
        insta::assert_snapshot!(check("States.Hash('input data', 'SHA-1')", &json!({})), @r#""aaff4a450a104cd177d28d18d74485e8cae074b7""#);
        insta::assert_snapshot!(check("States.Hash('input data', 'SHA-256')", &json!({})), @r#""b4a697a057313163aee33cd8d40c66e9f0f177e00cac2de32475ffff6169c3e3""#);
        insta::assert_snapshot!(check("States.Hash('x', 'CRC')", &json!({})), @"States.IntrinsicFailure: The function 'States.Hash('x', 'CRC')' had the following error: There is no algorithm 'CRC'. Supported algorithms are MD5, SHA-1, SHA-256, SHA-384 and SHA-512.");
    }
}

//! Who signed a request (draft-cavage-http-signatures, as the cloud uses it: version 1, `rsa-sha256`).
//!
//! The signature covers headers. Among them is a digest of the body, which is compared when the body was read.

use super::keys::Keys;
use crate::functions::catalogue::Catalogue;
use axum::extract::OriginalUri;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use std::collections::HashMap;

/// How far a request's date may be away from now, in seconds.
const SKEW: i64 = 300;
/// The most characters of the header.
const LONGEST: usize = 16 << 10;
/// What begins the key id of a request that is signed with a token.
const TOKEN: &str = "ST$";

/// Checks a request's signature before its body is read. What it gives is to be asked about the body.
///
/// # Errors
/// Why the caller is not who it says it is, or does not say.
pub(crate) fn authenticate(
    keys: &Keys,
    catalogue: Option<&Catalogue>,
    parts: &Parts,
    now_s: i64,
) -> Result<Caller, String> {
    let stranger = |reason: String| {
        if keys.required() { Err(reason) } else { Ok(Caller::Anybody { trusted: keys.open }) }
    };
    let header = text(&parts.headers, "authorization")
        .filter(|header| header.get(..10).is_some_and(|scheme| scheme.eq_ignore_ascii_case("signature ")));
    let Some(header) = header else { return stranger("the request is not signed".to_owned()) };
    let signature = match Signature::parse(header) {
        Ok(signature) => signature,
        Err(reason) => return stranger(reason),
    };
    let Some(verifier) = Verifier::find(keys, catalogue, signature.key_id) else {
        return stranger("the key is not known here".to_owned());
    };
    signature.check(parts, now_s)?;
    verifier.verify(signing_string(parts, &signature.headers)?.as_bytes(), &signature.bytes)?;
    let digest = signature.digest_of_body(parts)?;
    Ok(match verifier {
        Verifier::Registered(_) => Caller::User { digest },
        Verifier::Principal(_) => Caller::Function { digest },
    })
}

/// Why a caller may not change what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error(
        "changes are taken in from signed requests, because they bring code here; give keys in [[oci.keys]], or set \
         oci.require-signatures to false if everybody who can reach this server may run code on it"
    )]
    Unsigned,
    #[error("functions may call and read here, and not change anything")]
    Function,
}

/// Who makes a request, and the digest that its body must have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Nobody knows who. The configuration may say that everybody is trusted.
    Anybody { trusted: bool },
    /// Somebody whose key is registered.
    User { digest: Vec<u8> },
    /// A function that is hosted here.
    Function { digest: Vec<u8> },
}

impl Caller {
    /// Whether it may make, change and delete applications and functions, which brings code to this machine.
    ///
    /// # Errors
    /// Why it may not. Strangers may not, unless the configuration says so; functions may not, because code that is
    /// confined must not be able to bring other code here.
    pub(crate) fn may_change(&self) -> Result<(), Unfit> {
        match self {
            Self::User { .. } | Self::Anybody { trusted: true } => Ok(()),
            Self::Anybody { trusted: false } => Err(Unfit::Unsigned),
            Self::Function { .. } => Err(Unfit::Function),
        }
    }

    /// Whether it is the body that was signed.
    ///
    /// # Errors
    /// When it is another one.
    pub(crate) fn check(&self, body: &[u8]) -> Result<(), String> {
        match self {
            Self::User { digest: expected } | Self::Function { digest: expected }
                if digest(&SHA256, body).as_ref() != expected.as_slice() =>
            {
                Err("the body is not the one that was signed, by its x-content-sha256".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// The parts of the header `Authorization`.
struct Signature<'a> {
    key_id: &'a str,
    headers: Vec<String>,
    bytes: Vec<u8>,
}

impl<'a> Signature<'a> {
    fn parse(header: &'a str) -> Result<Self, String> {
        if header.len() > LONGEST {
            return Err("the header authorization is too long".to_owned());
        }
        let fields = fields(header.get(10..).unwrap_or_default())?;
        let field =
            |name: &str| fields.get(name).copied().ok_or_else(|| format!("the signature has no {name}"));
        if !field("algorithm")?.eq_ignore_ascii_case("rsa-sha256") {
            return Err("the signature's algorithm is not rsa-sha256".to_owned());
        }
        if fields.get("version").is_some_and(|version| *version != "1") {
            return Err("the signature's version is not 1".to_owned());
        }
        let bytes =
            STANDARD.decode(field("signature")?).map_err(|_| "the signature is not base64".to_owned())?;
        let headers = field("headers")?.split_ascii_whitespace().map(str::to_lowercase).collect();
        Ok(Self { key_id: field("keyId")?, headers, bytes })
    }

    fn covers(&self, name: &str) -> bool {
        self.headers.iter().any(|header| header == name)
    }

    /// The digest of the body that was signed: of none, when no digest was.
    fn digest_of_body(&self, parts: &Parts) -> Result<Vec<u8>, String> {
        const NAME: &str = "x-content-sha256";
        if !self.covers(NAME) {
            return Ok(digest(&SHA256, b"").as_ref().to_vec());
        }
        let value = text(&parts.headers, NAME).unwrap_or_default();
        STANDARD.decode(value).map_err(|_| format!("{NAME} is not base64"))
    }

    /// Whether it covers what it must, and is of now.
    fn check(&self, parts: &Parts, now_s: i64) -> Result<(), String> {
        let covers = |name: &str| self.covers(name);
        let date = if covers("x-date") { "x-date" } else { "date" };
        let mut needed = vec![date, "(request-target)", "host"];
        if has_body(&parts.method) {
            needed.extend(["content-length", "content-type", "x-content-sha256"]);
        }
        if let Some(missing) = needed.iter().find(|name| !covers(name)) {
            return Err(format!("the signature does not cover {missing}"));
        }
        let date = text(&parts.headers, date).ok_or_else(|| format!("the header {date} is missing"))?;
        let signed = jiff::fmt::rfc2822::parse(date).map_err(|_| format!("{date:?} is no date"))?;
        let away = now_s.saturating_sub(signed.timestamp().as_second());
        if away.abs() > SKEW {
            return Err(format!("the request's date is {} seconds from now, and may be {SKEW}", away.abs()));
        }
        Ok(())
    }
}

/// The fields of `name="value",…`; each may come once.
fn fields(text: &str) -> Result<HashMap<&str, &str>, String> {
    let wrong = || "the header authorization cannot be read".to_owned();
    let mut fields = HashMap::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").ok_or_else(wrong)?;
        let (value, after) = after.split_once('"').ok_or_else(wrong)?;
        if fields.insert(name.trim(), value).is_some() {
            return Err(wrong());
        }
        rest = after.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(more) => more.trim_start(),
            None if rest.is_empty() => rest,
            None => return Err(wrong()),
        };
    }
    Ok(fields)
}

/// A key that is known.
enum Verifier<'a> {
    Registered(&'a [u8]),
    Principal(ring::rsa::PublicKeyComponents<Vec<u8>>),
}

impl<'a> Verifier<'a> {
    /// `None` when the key, or the function of the token, is not known.
    fn find(keys: &'a Keys, catalogue: Option<&Catalogue>, key_id: &str) -> Option<Self> {
        match key_id.strip_prefix(TOKEN) {
            Some(token) => Some(Self::Principal(catalogue?.principal(token)?.key)),
            None => keys.get(key_id).map(Self::Registered),
        }
    }

    fn verify(&self, text: &[u8], signature: &[u8]) -> Result<(), String> {
        let algorithm = &RSA_PKCS1_2048_8192_SHA256;
        let outcome = match self {
            Self::Registered(key) => UnparsedPublicKey::new(algorithm, key).verify(text, signature),
            Self::Principal(key) => key.verify(algorithm, text, signature),
        };
        outcome.map_err(|_| "the signature does not match the request".to_owned())
    }
}

/// What was signed: a line for each header.
fn signing_string(parts: &Parts, headers: &[String]) -> Result<String, String> {
    let lines = headers.iter().map(|name| {
        if name == "(request-target)" {
            return Ok(format!("{name}: {} {}", parts.method.as_str().to_lowercase(), target(parts)));
        }
        let mut values = parts.headers.get_all(name).iter().map(|value| value.to_str().map(str::trim));
        let first = values.next().ok_or_else(|| format!("the signed header {name} is missing"))?;
        let value = first.map_err(|_| format!("the signed header {name} is not text"))?;
        if values.next().is_some() {
            return Err(format!("the signed header {name} comes twice"));
        }
        Ok(format!("{name}: {value}"))
    });
    Ok(lines.collect::<Result<Vec<_>, String>>()?.join("\n"))
}

/// The path and query as they were requested, also where this router is nested in another.
fn target(parts: &Parts) -> &str {
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
    uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str)
}

fn has_body(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;
    use ring::rand::SystemRandom;
    use ring::rsa::KeyPair;
    use ring::signature::RSA_PKCS1_SHA256;

    const ID: &str = "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/f2:99";
    const DATE: &str = "Sat, 21 Nov 2026 02:17:33 GMT";
    const BODY: &[u8] = b"{}";

    fn now() -> i64 {
        jiff::fmt::rfc2822::parse(DATE).unwrap().timestamp().as_second()
    }

    fn pair() -> &'static (Keys, KeyPair) {
        static PAIR: std::sync::OnceLock<(Keys, KeyPair)> = std::sync::OnceLock::new();
        PAIR.get_or_init(|| {
            let pair = crate::functions::catalogue::test_key();
            let public = STANDARD.encode(pair.public().as_ref());
            let pem = format!("-----BEGIN RSA PUBLIC KEY-----\n{public}\n-----END RSA PUBLIC KEY-----");
            let mut keys = Keys::new(true);
            keys.add(ID, &pem).unwrap();
            (keys, pair)
        })
    }

    /// A request as the SDK makes it.
    fn parts(method: &str, covered: &str, key_id: &str) -> Parts {
        let request = Request::builder()
            .method(method)
            .uri("/20260325/functions?compartmentId=c1")
            .header("date", DATE)
            .header("host", "127.0.0.1:18999")
            .header("content-length", "2")
            .header("content-type", "application/json")
            .header("x-content-sha256", STANDARD.encode(digest(&SHA256, BODY)));
        let mut parts = request.body(()).unwrap().into_parts().0;
        let headers: Vec<String> = covered.split(' ').map(str::to_owned).collect();
        let text = signing_string(&parts, &headers).unwrap();
        let pair = &pair().1;
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        let header = format!(
            "Signature algorithm=\"rsa-sha256\",headers=\"{covered}\",keyId=\"{key_id}\",signature=\"{}\",version=\"1\"",
            STANDARD.encode(signature)
        );
        parts.headers.insert("authorization", header.parse().unwrap());
        parts
    }

    const GET: &str = "date (request-target) host";
    const POST: &str = "date (request-target) host content-length content-type x-content-sha256";

    fn refusal(parts: &Parts, now_s: i64) -> String {
        authenticate(&pair().0, None, parts, now_s).unwrap_err()
    }

    #[test]
    fn what_is_signed_as_the_sdk_signs_is_let_in() {
        let keys = &pair().0;
        let got = authenticate(keys, None, &parts("GET", GET, ID), now()).unwrap();
        assert!(got.check(b"").is_ok() && got.may_change().is_ok());
        assert!(got.check(b"not signed").is_err());
        let got = authenticate(keys, None, &parts("POST", POST, ID), now() + SKEW).unwrap();
        assert!(got.check(BODY).is_ok());
        assert!(got.check(b"[]").unwrap_err().contains("x-content-sha256"));
    }

    #[test]
    fn everything_else_is_refused_with_the_reason() {
        let good = || parts("POST", POST, ID);
        let with = |name: &'static str, value: &str| {
            let mut parts = good();
            parts.headers.insert(name, value.parse().unwrap());
            parts
        };
        let mut elsewhere = good();
        elsewhere.uri = "/20260325/applications".parse().unwrap();
        let mut twice = good();
        twice.headers.append("host", "evil.example".parse().unwrap());
        let mut unsigned = good();
        unsigned.headers.remove("authorization");
        let authorization = text(&good().headers, "authorization").unwrap().to_owned();
        for (parts, expected) in [
            (unsigned, "not signed"),
            (with("host", "other:1"), "does not match"),
            (with("content-type", "text/plain"), "does not match"),
            (elsewhere, "does not match"),
            (twice, "comes twice"),
            (parts("POST", GET, ID), "does not cover content-length"),
            (parts("GET", "date host", ID), "does not cover (request-target)"),
            (parts("GET", GET, "a/b/c"), "not known"),
            (parts("GET", GET, "ST$a.b.c"), "not known"),
            (with("authorization", &authorization.replace("rsa-sha256", "hmac-sha256")), "algorithm"),
            (with("authorization", &authorization.replace("version=\"1\"", "version=\"2\"")), "version"),
            (with("authorization", "Signature keyId=x"), "cannot be read"),
            (with("authorization", "Basic x"), "not signed"),
            (with("authorization", "Signature"), "not signed"),
        ] {
            let refused = refusal(&parts, now());
            assert!(refused.contains(expected), "{expected}: {refused}");
        }
        assert!(refusal(&good(), now() + SKEW + 1).contains("301 seconds"));
        assert!(refusal(&good(), now() - SKEW - 1).contains("301 seconds"));
        assert!(refusal(&with("date", "yesterday"), now()).contains("no date"));
    }

    #[test]
    fn without_the_need_to_sign_only_known_keys_must_be_right() {
        let mut keys = pair().0.clone();
        let open = Keys::new(false);
        let mut wrong = parts("GET", GET, ID);
        wrong.headers.insert("host", "other:1".parse().unwrap());
        let stranger = authenticate(&open, None, &wrong, now()).expect("nobody knows that key");
        assert_eq!(stranger.may_change(), Err(Unfit::Unsigned));
        let told = authenticate(&open.clone().open_to_changes(true), None, &wrong, now()).unwrap();
        assert_eq!(told.may_change(), Ok(()));
        assert!(authenticate(&open, None, &parts("GET", GET, "ST$a.b.c"), now()).is_ok());
        keys = Keys { required: false, ..keys };
        assert!(authenticate(&keys, None, &wrong, now()).is_err());
        wrong.headers.remove("authorization");
        assert!(authenticate(&keys, None, &wrong, now()).is_ok());
    }
}

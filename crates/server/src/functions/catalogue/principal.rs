//! What a function is to other services: a key of its own, and a token that says whose it is.
//!
//! It is the second version of the cloud's resource principals (`OCI_RESOURCE_PRINCIPAL_VERSION=2.2`): the SDKs read a
//! token and a private key from the environment and sign with them. The token is sealed with a secret of this process,
//! so it means something only here, and only while the process runs.

use super::rsa::{self, KeyError};
use super::{Application, Function};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The region that functions are told, and that ids name.
pub(crate) const REGION: &str = "local";
/// The tenancy of everything.
pub(crate) const TENANCY: &str = "ocid1.tenancy.oc1..local";
/// How long a token holds. It ends with this process in any case.
const TOKEN_SECONDS: i64 = 10 * 365 * 86_400;

/// A function that signed a request.
#[derive(Debug)]
pub(crate) struct Principal {
    /// The function's id.
    pub(crate) function: String,
    /// Its public key.
    pub(crate) key: PublicKeyComponents<Vec<u8>>,
}

/// Makes the tokens and knows them again.
pub(super) struct Issuer {
    seal: hmac::Key,
    /// Where the functions' keys are kept, so that a start does not make them anew.
    folder: PathBuf,
}

impl Issuer {
    pub(super) fn new(folder: PathBuf) -> Result<Self, KeyError> {
        let seal = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new());
        let seal = seal.map_err(|_| KeyError::Make("the system gives no random numbers".to_owned()))?;
        Ok(Self { seal, folder })
    }

    /// The environment that makes a function sign as itself. It may take a tenth of a second.
    pub(super) fn environment(
        &self,
        application: &Application,
        function: &Function,
        now_s: i64,
    ) -> Result<BTreeMap<String, String>, KeyError> {
        let der = self.key(&function.id)?;
        let token = self.token(&claims(application, function, &der, now_s)?);
        let variable = |name: &str, value: String| (format!("OCI_RESOURCE_PRINCIPAL_{name}"), value);
        Ok(BTreeMap::from([
            variable("VERSION", "2.2".to_owned()),
            variable("RPST", token),
            variable("PRIVATE_PEM", rsa::private_pem(&der)),
            variable("REGION", REGION.to_owned()),
        ]))
    }

    /// The function's key, from its file if there is one that can be used.
    fn key(&self, id: &str) -> Result<Vec<u8>, KeyError> {
        let file = self.folder.join(format!("{id}.der"));
        if let Ok(der) = std::fs::read(&file)
            && rsa::check(&der).is_ok()
        {
            return Ok(der);
        }
        let der = rsa::generate()?;
        write_secret(&file, &der).map_err(|error| KeyError::Make(format!("{}: {error}", file.display())))?;
        Ok(der)
    }

    pub(super) fn forget(&self, id: &str) {
        let _ = std::fs::remove_file(self.folder.join(format!("{id}.der")));
    }

    fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "HS256", "typ": "JWT" });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&header), part(claims));
        let seal = hmac::sign(&self.seal, text.as_bytes());
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(seal))
    }

    /// Whose token it is; `None` when it was not made by this process, or is over.
    pub(super) fn verify(&self, token: &str, now_s: i64) -> Option<Principal> {
        let (text, seal) = token.rsplit_once('.')?;
        hmac::verify(&self.seal, text.as_bytes(), &decode(seal)?).ok()?;
        let claims: Value = serde_json::from_slice(&decode(text.split_once('.')?.1)?).ok()?;
        if claims.get("exp")?.as_i64()? <= now_s {
            return None;
        }
        let jwk: Value = serde_json::from_str(claims.get("jwk")?.as_str()?).ok()?;
        let part = |name: &str| decode(jwk.get(name)?.as_str()?);
        Some(Principal {
            function: claims.get("res_id")?.as_str()?.to_owned(),
            key: PublicKeyComponents { n: part("n")?, e: part("e")? },
        })
    }
}

fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

fn claims(application: &Application, function: &Function, der: &[u8], now_s: i64) -> Result<Value, KeyError> {
    let pair = rsa::check(der)?;
    let key: PublicKeyComponents<Vec<u8>> = PublicKeyComponents::from(pair.public());
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({
        "kty": "RSA", "alg": "RS256", "use": "sig", "kid": function.id, "n": part(&key.n), "e": part(&key.e),
    });
    Ok(json!({
        "iss": "partita",
        "aud": "oci",
        "ttype": "res",
        "ptype": "resource",
        "sub": function.id,
        "jti": uuid::Uuid::new_v4().to_string(),
        "iat": now_s,
        "exp": now_s + TOKEN_SECONDS,
        "res_id": function.id,
        "res_type": "fnfunc",
        "res_tenant": TENANCY,
        "res_compartment": application.compartment,
        "res_parent": application.id,
        "jwk": jwk.to_string(),
    }))
}

/// Writes a file that only this user may read, whole or not at all.
fn write_secret(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let temporary = file.with_extension(format!("{}.new", uuid::Uuid::new_v4().simple()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(&temporary)?.write_all(bytes)?;
    std::fs::rename(&temporary, file)
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::{application, function};
    use super::*;

    const NOW: i64 = 1_800_000_000;

    #[test]
    fn a_token_says_whose_it_is_and_holds_only_here() {
        let folder = tempfile::tempdir().unwrap();
        let issuer = Issuer::new(folder.path().to_owned()).unwrap();
        let (application, function) = (application("shop"), function("charge"));
        let environment = issuer.environment(&application, &function, NOW).unwrap();
        let token = &environment["OCI_RESOURCE_PRINCIPAL_RPST"];
        let principal = issuer.verify(token, NOW).unwrap();
        assert_eq!(principal.function, function.id);
        assert_eq!((principal.key.n.len(), principal.key.e), (256, vec![1, 0, 1]));

        let again = issuer.environment(&application, &function, NOW).unwrap();
        let pem = "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM";
        assert_eq!(environment[pem], again[pem], "the key is made once");
        assert!(issuer.verify(token, NOW + TOKEN_SECONDS).is_none(), "it is over");
        let (head, seal) = token.rsplit_once('.').unwrap();
        let claims = URL_SAFE_NO_PAD.encode(r#"{"res_id":"other","exp":9999999999}"#);
        let forged = format!("{}.{claims}.{seal}", head.split_once('.').unwrap().0);
        assert!(issuer.verify(&forged, NOW).is_none());
        let other = Issuer::new(folder.path().to_owned()).unwrap();
        assert!(other.verify(token, NOW).is_none(), "another process has another secret");
        for wrong in ["", ".", "..", "a.b.c", "ST$x"] {
            assert!(issuer.verify(wrong, NOW).is_none(), "{wrong}");
        }
    }
}

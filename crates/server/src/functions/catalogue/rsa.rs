//! RSA keys: made for functions, and read from files.
//!
//! The cloud's SDKs sign with RSA alone. The library that verifies cannot make such keys, so the primes come from
//! another one, and what is made of them is given to the first to check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_bigint::{NonZero, Odd, U1024, U2048};
use crypto_primes::hazmat::{SetBits, SmallFactorsSieveFactory};
use crypto_primes::{Flavor, is_prime, sieve_and_find};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use ring::rsa::KeyPair;

/// The public exponent, 65537.
const EXPONENT: u32 = 0x1_0001;
const PRIME_BITS: u32 = 1024;

/// Why there is no key.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum KeyError {
    #[error("no RSA key could be made: {0}")]
    Make(String),
    #[error("it is no RSA key of at least 2048 bits in PEM: {0}")]
    Read(&'static str),
}

/// A private key of 2048 bits, as the DER form of PKCS #1.
pub(crate) fn generate() -> Result<Vec<u8>, KeyError> {
    loop {
        let (p, q) = (prime()?, prime()?);
        let (p, q) = if p > q { (p, q) } else { (q, p) };
        let Some(key) = assemble(&p, &q) else { continue };
        check(&key)?;
        return Ok(key);
    }
}

/// Whether that is a private key whose parts belong together.
pub(crate) fn check(der: &[u8]) -> Result<KeyPair, KeyError> {
    KeyPair::from_der(der).map_err(|error| KeyError::Make(error.to_string()))
}

/// A prime with its two highest bits set, so that the product of two has exactly twice as many bits.
fn prime() -> Result<U1024, KeyError> {
    let failed = |error: crypto_primes::Error| KeyError::Make(error.to_string());
    let factory =
        SmallFactorsSieveFactory::<U1024>::new(Flavor::Any, PRIME_BITS, SetBits::TwoMsb).map_err(failed)?;
    let found =
        sieve_and_find(&mut UnwrapErr(SysRng), factory, |_, candidate| is_prime(Flavor::Any, candidate));
    found.map_err(failed)?.ok_or_else(|| KeyError::Make("no prime was found".to_owned()))
}

/// The key of two primes; `None` when the exponent does not suit them.
fn assemble(p: &U1024, q: &U1024) -> Option<Vec<u8>> {
    let wide = |number: &U1024| number.resize::<{ U2048::LIMBS }>();
    let nonzero = |number: U2048| NonZero::new(number).into_option();
    let (less_p, less_q) = (p.wrapping_sub(&U1024::ONE), q.wrapping_sub(&U1024::ONE));
    let n = wide(p).wrapping_mul(&wide(q));
    let phi = nonzero(wide(&less_p).wrapping_mul(&wide(&less_q)))?;
    let e = U2048::from_u32(EXPONENT);
    let d = e.invert_mod(&phi).into_option()?;
    let dp = d.rem(&nonzero(wide(&less_p))?);
    let dq = d.rem(&nonzero(wide(&less_q))?);
    let inverse = q.invert_odd_mod(&Odd::new(*p).into_option()?).into_option()?;
    let numbers = [U2048::ZERO, n, e, d, wide(p), wide(q), dp, dq, wide(&inverse)];
    let content: Vec<u8> = numbers.iter().flat_map(|number| integer(&number.to_be_bytes())).collect();
    Some(tagged(0x30, &content))
}

/// A DER integer.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let digits = bytes.get(first..).unwrap_or_default();
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_some_and(|byte| *byte >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    tagged(0x02, &content)
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = content.len();
    if length < 0x80 {
        out.push(u8::try_from(length).unwrap_or(0));
    } else {
        let digits = length.to_be_bytes();
        let first = digits.iter().position(|byte| *byte != 0).unwrap_or(0);
        let digits = digits.get(first..).unwrap_or_default();
        out.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
        out.extend_from_slice(digits);
    }
    out.extend_from_slice(content);
    out
}

/// A private key as a PEM text.
pub(crate) fn private_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN RSA PRIVATE KEY-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END RSA PRIVATE KEY-----\n");
    pem
}

/// Reads a public key as the cloud's tools write it (`BEGIN PUBLIC KEY`), or `BEGIN RSA PUBLIC KEY`, and gives the
/// DER form of PKCS #1.
pub(crate) fn public_from_pem(pem: &str) -> Result<Vec<u8>, KeyError> {
    let wrong = KeyError::Read;
    let mut lines = pem.lines().map(str::trim).skip_while(|line| !line.starts_with("-----BEGIN"));
    let label = lines.next().ok_or(wrong("there is no line that begins with -----BEGIN"))?;
    let text: String = lines.take_while(|line| !line.starts_with("-----END")).collect();
    let der = STANDARD
        .decode(text)
        .map_err(|_| wrong("what is between the first and the last line is not base64"))?;
    let key = match label {
        "-----BEGIN RSA PUBLIC KEY-----" => der,
        "-----BEGIN PUBLIC KEY-----" => {
            inner(&der).ok_or(wrong("it is a public key of another kind"))?.to_vec()
        }
        _ => return Err(wrong("it is not a public key")),
    };
    let modulus = sequence(&key).and_then(|content| Some(read(content, 0x02)?.0));
    let bits = modulus.map(|bytes| bytes.iter().skip_while(|byte| **byte == 0).count() * 8);
    match bits {
        Some(bits) if bits >= 2048 => Ok(key),
        Some(_) => Err(wrong("it is too short")),
        None => Err(wrong("its content cannot be read")),
    }
}

/// The object identifier of RSA keys, 1.2.840.113549.1.1.1, with its tag and length.
const RSA: [u8; 11] = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The key in a SubjectPublicKeyInfo (RFC 5280, section 4.1).
fn inner(der: &[u8]) -> Option<&[u8]> {
    let (algorithm, rest) = read(sequence(der)?, 0x30)?;
    let (bits, _) = read(rest, 0x03)?;
    algorithm.starts_with(&RSA).then_some(())?;
    bits.strip_prefix(&[0])
}

fn sequence(der: &[u8]) -> Option<&[u8]> {
    read(der, 0x30).map(|(content, _)| content)
}

/// The content of the first element, which must have that tag, and what follows it.
fn read(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match usize::from(*length) {
        short @ 0..0x80 => (short, rest),
        long => {
            let (digits, rest) = rest.split_at_checked(long & 0x7f)?;
            (digits.len() <= 4).then_some(())?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
    };
    rest.split_at_checked(length)
}

/// A new key, for tests elsewhere.
#[cfg(test)]
pub(crate) fn test_key() -> KeyPair {
    check(&generate().unwrap()).unwrap()
}

/// The public part of a new key, for tests elsewhere.
#[cfg(test)]
pub(crate) fn test_public_pem() -> String {
    let key = test_key();
    let der = STANDARD.encode(key.public().as_ref());
    format!("-----BEGIN RSA PUBLIC KEY-----\n{der}\n-----END RSA PUBLIC KEY-----")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey};

    #[test]
    fn a_key_that_is_made_signs_and_is_read_again() {
        let der = generate().unwrap();
        let pair = check(&der).unwrap();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &ring::rand::SystemRandom::new(), b"text", &mut signature).unwrap();
        let public = pair.public().as_ref();
        let pem = format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----",
            STANDARD.encode(public)
        );
        let wrapped = spki(public);
        let wrapped =
            format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(wrapped));
        for pem in [pem, wrapped] {
            let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_from_pem(&pem).unwrap());
            assert!(key.verify(b"text", &signature).is_ok());
            assert!(key.verify(b"other", &signature).is_err());
        }
        assert!(private_pem(&der).lines().all(|line| line.len() <= 64));
    }

    fn spki(key: &[u8]) -> Vec<u8> {
        let algorithm = tagged(0x30, &[&RSA[..], &[0x05, 0x00]].concat());
        let bits = tagged(0x03, &[&[0], key].concat());
        tagged(0x30, &[algorithm, bits].concat())
    }

    #[test]
    fn what_is_no_key_is_refused_with_the_reason() {
        let short = tagged(0x30, &[integer(&[0x7f; 128]), integer(&[1, 0, 1])].concat());
        let short = format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----",
            STANDARD.encode(short)
        );
        for (pem, expected) in [
            ("", "no line"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "not a public key"),
            ("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----", "not base64"),
            ("-----BEGIN PUBLIC KEY-----\nMAAA\n-----END PUBLIC KEY-----", "another kind"),
            (&short, "too short"),
        ] {
            let error = public_from_pem(pem).unwrap_err().to_string();
            assert!(error.contains(expected), "{pem}: {error}");
        }
    }
}

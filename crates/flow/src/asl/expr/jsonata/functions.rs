//! Functions that expressions have beside those of JSONata, and those that are replaced.

use std::collections::HashSet;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Evaluator, EvaluatorError, HostFnResult};
use jsonata_core::value::JValue;

use super::super::intrinsic::digest;
use super::super::random::JavaRandom;
use super::convert::{is_small, to_engine};
use super::reads::nodes;
use super::session::Session;

/// Names that no expression can write, of functions that guard an expression.
pub(super) const STEP: &str = "!step";
pub(super) const SMALL: &str = "!small";
pub(super) const WIDTH: &str = "!width";
pub(super) const SUBJECT: &str = "!subject";
pub(super) const REPLACEMENT: &str = "!replacement";

type Host = fn(&Session, &[JValue]) -> Result<JValue, String>;

const ALL: [(&str, Host); 15] = [
    (STEP, |session, _| session.step().map(|()| JValue::Undefined)),
    (SMALL, small),
    (WIDTH, width),
    (SUBJECT, subject),
    (REPLACEMENT, replacement),
    ("partition", partition),
    ("range", range),
    ("hash", hash),
    ("parse", parse),
    ("uuid", |session, _| Ok(JValue::string(session.uuid().to_string()))),
    ("random", random),
    ("shuffle", shuffle),
    ("now", |session, _| Ok(JValue::string(session.now.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()))),
    ("millis", millis),
    ("eval", |_, _| Err("The function 'eval' is not supported.".to_owned())),
];

/// The functions of the host that an expression calls or passes on.
#[derive(Debug)]
pub(super) struct Used(Vec<(&'static str, Host)>);

impl Used {
    pub(super) fn by(ast: &AstNode) -> Self {
        let names: HashSet<&str> = nodes(ast).filter_map(name).collect();
        Self(ALL.into_iter().filter(|(name, _)| names.contains(name)).collect())
    }

    /// Whether one of them is a function of chance.
    pub(super) fn need_chance(&self) -> bool {
        self.0.iter().any(|(name, _)| matches!(*name, "random" | "uuid" | "shuffle"))
    }

    /// Gives them to an evaluator.
    pub(super) fn register(
        &self,
        evaluator: &mut Evaluator,
        session: &Rc<Session>,
    ) -> Result<(), EvaluatorError> {
        for (name, function) in self.0.iter().copied() {
            let session = Rc::clone(session);
            let host = move |arguments: &[JValue]| -> HostFnResult {
                function(&session, arguments).map_err(EvaluatorError::EvaluationError)
            };
            evaluator.register_fn_override(name, host)?;
        }
        Ok(())
    }
}

fn name(node: &AstNode) -> Option<&str> {
    match node {
        AstNode::Function { name, .. } | AstNode::Variable(name) => Some(name),
        _ => None,
    }
}

fn first(arguments: &[JValue]) -> JValue {
    arguments.first().cloned().unwrap_or(JValue::Undefined)
}

fn small(session: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let value = first(arguments);
    let fits = match &value {
        JValue::String(text) => text.len() <= session.limits.bytes,
        JValue::Array(items) if items.len() > session.limits.items => false,
        value => is_small(value, &session.limits),
    };
    if fits { Ok(value) } else { Err("A value is larger than an expression may make it.".to_owned()) }
}

fn width(session: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let value = first(arguments);
    match value.as_f64() {
        #[expect(clippy::cast_precision_loss, reason = "a limit")]
        Some(width) if width.abs() > session.limits.bytes as f64 => {
            Err("A text is larger than an expression may make it.".to_owned())
        }
        _ => Ok(value),
    }
}

fn subject(session: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let value = first(arguments);
    session.subject.set(value.as_str().map_or(0, str::len));
    Ok(value)
}

/// A replacement can stand for each character of the text.
fn replacement(session: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let value = first(arguments);
    let most = value.as_str().map_or(0, str::len).saturating_mul(session.subject.get() + 1);
    if most <= session.limits.bytes.saturating_mul(16) {
        return Ok(value);
    }
    Err("A text is larger than an expression may make it.".to_owned())
}

fn number(arguments: &[JValue], at: usize, function: &str) -> Result<f64, String> {
    let value = arguments.get(at).and_then(JValue::as_f64).filter(|number| number.is_finite());
    value.ok_or_else(|| {
        format!("T0410: Argument {} of function \"{function}\" does not match function signature", at + 1)
    })
}

fn text<'a>(arguments: &'a [JValue], at: usize, function: &str) -> Result<&'a str, String> {
    let value = arguments.get(at).and_then(JValue::as_str);
    value.ok_or_else(|| {
        format!("T0410: Argument {} of function \"{function}\" does not match function signature", at + 1)
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be in range")]
fn partition(_: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let size = number(arguments, 1, "partition")?;
    if size < 1.0 {
        return Err("The chunk size of 'partition' must be a positive integer.".to_owned());
    }
    let list = match arguments.first() {
        Some(JValue::Array(items)) => items.to_vec(),
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(single) => vec![single.clone()],
    };
    Ok(JValue::array(list.chunks(size as usize).map(|chunk| JValue::array(chunk.to_vec())).collect()))
}

/// A sequence, so that a single number stands for itself.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn range(session: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let (first, last) = (number(arguments, 0, "range")?, number(arguments, 1, "range")?);
    let step = number(arguments, 2, "range")?;
    let count = ((last - first) / step).floor() + 1.0;
    if step == 0.0 {
        return Err("The step of 'range' must not be zero.".to_owned());
    }
    if count > session.limits.items as f64 {
        return Err(format!("A range has at most {} items.", session.limits.items));
    }
    let items = (0_u32..).map(|i| f64::from(i).mul_add(step, first));
    let within = |item: &f64| if step > 0.0 { *item <= last } else { *item >= last };
    Ok(JValue::sequence(items.take_while(within).take(session.limits.items).map(JValue::Number).collect()))
}

fn hash(_: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    if matches!(arguments.first(), Some(JValue::Undefined)) {
        return Ok(JValue::Undefined);
    }
    digest(text(arguments, 0, "hash")?.as_bytes(), text(arguments, 1, "hash")?).map(JValue::string)
}

fn parse(_: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    if matches!(arguments.first(), Some(JValue::Undefined)) {
        return Ok(JValue::Undefined);
    }
    let parsed = serde_json::from_str(text(arguments, 0, "parse")?);
    parsed.map(|value| to_engine(&value)).map_err(|error| format!("The text is not valid JSON: {error}"))
}

#[expect(clippy::cast_possible_truncation, reason = "seeds are integers; larger ones are cut as in Java")]
fn random(session: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let fraction = match arguments.first() {
        None => session.fraction(),
        Some(_) => JavaRandom::new(number(arguments, 0, "random")? as i64).double(),
    };
    Ok(JValue::Number(fraction))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "an index"
)]
fn shuffle(session: &Session, arguments: &[JValue]) -> Result<JValue, String> {
    let mut items = match first(arguments) {
        JValue::Undefined => return Ok(JValue::Undefined),
        JValue::Array(items) => items.to_vec(),
        single => vec![single],
    };
    for end in (1..items.len()).rev() {
        let other = (session.fraction() * (end + 1) as f64) as usize;
        items.swap(end, other.min(end));
    }
    Ok(JValue::array(items))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
#[expect(clippy::unnecessary_wraps, reason = "the shape of all functions of the host")]
fn millis(session: &Session, _: &[JValue]) -> Result<JValue, String> {
    Ok(JValue::Number(session.now.as_millisecond() as f64))
}

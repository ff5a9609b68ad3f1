//! A path into the input, the context object or a variable, or an intrinsic function.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::Value;

use super::error::REFERENCE_PATH;
use super::path::{Cursor, Inside, after_root};
use super::{EvalError, Intrinsic, ParseError, Path, Scope, text};

/// What stands behind a key that ends in `.$`, and in fields whose name ends in `Path`.
#[derive(Debug, Clone, PartialEq)]
pub enum PathExpr {
    /// `$` and what follows.
    Input(Path),
    /// `$$` and what follows.
    Context(Path),
    /// `$name` and what follows.
    Variable {
        /// The variable's name, without the `$`.
        name: String,
        /// The path inside its value.
        path: Path,
    },
    /// `States.…(…)`.
    Intrinsic(Intrinsic),
}

impl PathExpr {
    /// Reads a path or an intrinsic function; the whole text must be one.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        if text.starts_with("States.") {
            return Intrinsic::parse(text).map(Self::Intrinsic);
        }
        match split_root(text) {
            Root::Input => Path::parse(text).map(Self::Input),
            Root::Context => Self::inner(text, 1).map(Self::Context),
            Root::Variable(name) => {
                let path = Self::inner(text, name.len())?;
                Ok(Self::Variable { name: name.to_owned(), path })
            }
        }
    }

    /// The path after `skipped` bytes of another root, which `$` stands for.
    fn inner(text: &str, skipped: usize) -> Result<Path, ParseError> {
        let path = format!("${}", text.get(skipped + 1..).unwrap_or_default());
        Path::parse(&path).map_err(|error| error.shifted(skipped))
    }

    /// Reads a path in front of other text, as in an argument.
    pub(super) fn parse_next(cursor: &mut Cursor<'_>) -> Result<Self, ParseError> {
        let root = split_root(cursor.rest());
        let start = cursor.at();
        cursor.expect("$")?;
        match root {
            Root::Input => {}
            Root::Context => cursor.expect("$")?,
            Root::Variable(name) => cursor.expect(name)?,
        }
        after_root(cursor, start, Inside::Call, 0)?;
        Self::parse(cursor.since(start)).map_err(|error| error.shifted(start))
    }

    /// Whether this gives one value at most.
    pub fn is_definite(&self) -> bool {
        self.path().is_none_or(Path::is_definite)
    }

    /// Whether this is a path of names and indexes only.
    pub fn is_reference(&self) -> bool {
        self.path().is_some_and(Path::is_reference)
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Self::Input(path) | Self::Context(path) | Self::Variable { path, .. } => Some(path),
            Self::Intrinsic(_) => None,
        }
    }

    /// Adds the names of the variables that this reads.
    pub fn used_variables(&self, names: &mut BTreeSet<String>) {
        match self {
            Self::Variable { name, .. } => {
                names.insert(name.clone());
            }
            Self::Intrinsic(call) => call.used_variables(names),
            Self::Input(_) | Self::Context(_) => {}
        }
    }

    /// What this gives, for a field of a payload template, for example `address.$`.
    pub fn eval(&self, scope: &Scope<'_>, field: &str) -> Result<Value, EvalError> {
        match self.find(scope)? {
            Some(value) => Ok(value.into_owned()),
            None => Err(self.not_found(scope, field)),
        }
    }

    /// What this gives, for `InputPath` and `OutputPath`, whose errors name the missing member.
    pub fn select(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        match self.find(scope)? {
            Some(value) => Ok(value.into_owned()),
            None => Err(EvalError::runtime(format!("Invalid path '{self}' : {}", self.why_missing(scope)))),
        }
    }

    /// What this gives, for `ItemsPath`. Fails with `States.ReferencePathConflict`.
    pub fn refer(&self, scope: &Scope<'_>) -> Result<Value, EvalError> {
        if let Some(value) = self.find(scope)? {
            return Ok(value.into_owned());
        }
        let shown = self.to_string();
        let step = shown.rsplit(['.', '$']).next().unwrap_or_default();
        let cause = format!("Unable to apply step \"{step}\" to input {}", text::quoted(scope.input));
        Err(EvalError::new(REFERENCE_PATH, cause))
    }

    /// What this gives, or nothing where it is missing. Shares the value where it can.
    pub fn find<'a>(&self, scope: &Scope<'a>) -> Result<Option<Cow<'a, Value>>, EvalError> {
        match self {
            Self::Input(path) => path.find(scope.input, scope.limits),
            Self::Context(path) => path.find(scope.context, scope.limits),
            Self::Variable { name, path } => match scope.variables.get(name) {
                Some(value) => path.find(value, scope.limits),
                None => Ok(None),
            },
            Self::Intrinsic(call) => call.eval(scope).map(|value| Some(Cow::Owned(value))),
        }
    }

    fn not_found(&self, scope: &Scope<'_>, field: &str) -> EvalError {
        let input = text::quoted(self.root(scope).unwrap_or(scope.input));
        EvalError::runtime(format!(
            "The JSONPath '{self}' specified for the field '{field}' could not be found in the input '{input}'"
        ))
    }

    /// What the path is applied to.
    pub(super) fn root<'a>(&self, scope: &Scope<'a>) -> Option<&'a Value> {
        match self {
            Self::Input(_) => Some(scope.input),
            Self::Context(_) => Some(scope.context),
            Self::Variable { name, .. } => scope.variables.get(name).map(AsRef::as_ref),
            Self::Intrinsic(_) => None,
        }
    }

    fn why_missing(&self, scope: &Scope<'_>) -> String {
        match (self.root(scope), self.path()) {
            (Some(root), Some(path)) => path.why_missing(root),
            _ => "No such variable".to_owned(),
        }
    }
}

impl std::fmt::Display for PathExpr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Input(path) => f.write_str(path.as_str()),
            Self::Context(path) => write!(f, "${}", path.as_str()),
            Self::Variable { name, path } => write!(f, "${name}{}", path.as_str().trim_start_matches('$')),
            Self::Intrinsic(call) => f.write_str(call.as_str()),
        }
    }
}

/// What a path begins with.
enum Root<'t> {
    Input,
    Context,
    Variable(&'t str),
}

fn split_root(text: &str) -> Root<'_> {
    let Some(rest) = text.strip_prefix('$') else { return Root::Input };
    if rest.starts_with('$') {
        return Root::Context;
    }
    let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    match rest.get(..length) {
        Some(name) if !name.is_empty() => Root::Variable(name),
        _ => Root::Input,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::super::intrinsic::tests::Fixed;
    use super::super::{ExprLimits, Scope, Variables};
    use super::PathExpr;

    fn with_scope<T>(run: impl FnOnce(&Scope<'_>) -> T) -> T {
        let variables = Variables::from([("v".to_owned(), Arc::new(json!({"x": [1, 2]})))]);
        let (input, context) = (json!({"a": {"b": 1}}), json!({"State": {"Name": "S"}}));
        let limits = ExprLimits::default();
        run(&Scope { input: &input, context: &context, variables: &variables, draw: &Fixed, limits: &limits })
    }

    fn check(text: &str) -> String {
        let expr = PathExpr::parse(text).unwrap();
        assert_eq!(expr.to_string(), text);
        with_scope(|scope| match expr.eval(scope, "f.$") {
            Ok(value) => value.to_string(),
            Err(error) => error.to_string(),
        })
    }

    #[test]
    fn each_root_is_reached() {
        insta::assert_snapshot!(check("$"), @r#"{"a":{"b":1}}"#);
        insta::assert_snapshot!(check("$.a.b"), @"1");
        insta::assert_snapshot!(check("$$"), @r#"{"State":{"Name":"S"}}"#);
        insta::assert_snapshot!(check("$$.State.Name"), @r#""S""#);
        insta::assert_snapshot!(check("$v"), @r#"{"x":[1,2]}"#);
        insta::assert_snapshot!(check("$v.x[1]"), @"2");
        insta::assert_snapshot!(check("$v['x'][*]"), @"[1,2]");
        insta::assert_snapshot!(check("States.Array($v.x, $.a.b, $$.State.Name)"), @r#"[[1,2],1,"S"]"#);
    }

    #[test]
    fn missing_members_are_errors() {
        insta::assert_snapshot!(check("$.a.c"), @r#"States.Runtime: The JSONPath '$.a.c' specified for the field 'f.$' could not be found in the input '{"a":{"b":1}}'"#);
        insta::assert_snapshot!(check("$v.y"), @r#"States.Runtime: The JSONPath '$v.y' specified for the field 'f.$' could not be found in the input '{"x":[1,2]}'"#);
        insta::assert_snapshot!(check("$none"), @r#"States.Runtime: The JSONPath '$none' specified for the field 'f.$' could not be found in the input '{"a":{"b":1}}'"#);
        let select = |text: &str| {
            with_scope(|scope| PathExpr::parse(text).unwrap().select(scope)).unwrap_err().to_string()
        };
        insta::assert_snapshot!(select("$.no.such.result.path"), @"States.Runtime: Invalid path '$.no.such.result.path' : Missing property in path $['no']");
        let refer = |text: &str| {
            with_scope(|scope| PathExpr::parse(text).unwrap().refer(scope)).unwrap_err().to_string()
        };
        insta::assert_snapshot!(refer("$.items"), @r#"States.ReferencePathConflict: Unable to apply step "items" to input {"a":{"b":1}}"#);
    }

    #[test]
    fn places_of_errors_count_the_whole_text() {
        assert_eq!(PathExpr::parse("$$.a b").unwrap_err().at, 4);
        assert_eq!(PathExpr::parse("$name.a b").unwrap_err().at, 7);
        assert_eq!(PathExpr::parse("States.Array($.a b)").unwrap_err().at, 17);
    }
}

//! Reads single fields of an object. Fields of the wrong shape count as absent here, because
//! [`check::fields`](crate::asl::check) has told about them already.

use super::expression::{Amount, Compiled, Lookup, Needs, Payload, Query, Text};
use super::model::{Filter, QueryLanguage, ResultPath};
use crate::asl::check::Problem;
use crate::asl::expr::{self, JsonataTemplate, PathExpr, ReferencePath, Template, is_jsonata};
use serde_json::{Map, Value};

/// An object of a definition while it is read.
pub(super) struct Fields<'a> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) pointer: &'a str,
    pub(super) language: QueryLanguage,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl From<expr::Problem> for Problem {
    fn from(problem: expr::Problem) -> Self {
        let expr::Problem { pointer, message, hint, code } = problem;
        Self::error(pointer, message).code(code).hint(hint)
    }
}

impl Fields<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.object.get(name)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    pub(super) fn place(&self, name: &str) -> String {
        format!("{}/{name}", self.pointer)
    }

    pub(super) fn wrong(&mut self, name: &str, message: impl Into<String>) {
        let place = self.place(name);
        self.problems.push(Problem::error(place, message));
    }

    /// Tells that a field is missing.
    pub(super) fn missing(&mut self, name: &str) {
        let message = format!("The field '{name}' is required but was missing");
        self.problems.push(Problem::error(self.pointer, message));
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.as_str().map(str::to_owned)
    }

    /// A payload of the state's language.
    pub(super) fn payload(&mut self, name: &str) -> Option<Payload> {
        let value = self.object.get(name)?;
        let place = self.place(name);
        let (parsed, needs) = match self.language {
            QueryLanguage::JsonPath => {
                (Template::parse(value, &place).map(Compiled::Template), Needs::of_template(value))
            }
            QueryLanguage::Jsonata => {
                (JsonataTemplate::parse(value, &place).map(Compiled::Jsonata), Needs::of_jsonata(value))
            }
        };
        self.told(parsed).map(|language| Payload { language, needs })
    }

    fn told<T>(&mut self, parsed: Result<T, Vec<expr::Problem>>) -> Option<T> {
        parsed.map_err(|problems| self.problems.extend(problems.into_iter().map(Problem::from))).ok()
    }

    /// A JSONata field.
    pub(super) fn query(&mut self, name: &str) -> Option<Query> {
        let value = self.object.get(name)?;
        let source = match value.as_str() {
            Some(text) if is_jsonata(text) => {
                let inner = text.trim().strip_prefix("{%").and_then(|text| text.strip_suffix("%}"));
                inner.unwrap_or(text).trim().to_owned()
            }
            _ => value.to_string(),
        };
        let place = self.place(name);
        let template = self.told(JsonataTemplate::parse(value, &place))?;
        Some(Query { template, source, needs: Needs::of_jsonata(value) })
    }

    /// A path of JSONPath, or an intrinsic function.
    pub(super) fn path(&mut self, name: &str) -> Option<PathExpr> {
        let text = self.get(name)?.as_str()?.to_owned();
        match PathExpr::parse(&text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.wrong(
                    name,
                    format!("The value for the field '{name}' must be a valid JSONPath: {error}"),
                );
                None
            }
        }
    }

    fn lookup(&mut self, name: &'static str) -> Option<Box<Lookup>> {
        let text = self.text(name)?;
        let path = self.path(name)?;
        Some(Box::new(Lookup { path, text, field: name }))
    }

    /// `InputPath` or `OutputPath`.
    pub(super) fn filter(&mut self, name: &str) -> Filter {
        match self.get(name) {
            Some(Value::Null) => Filter::Nothing,
            Some(Value::String(text)) if text == "$" => Filter::Whole,
            Some(Value::String(_)) => {
                self.path(name).map_or(Filter::Whole, |path| Filter::Part(Box::new(path)))
            }
            _ => Filter::Whole,
        }
    }

    pub(super) fn result_path(&mut self) -> ResultPath {
        let text = match self.get("ResultPath") {
            Some(Value::Null) => return ResultPath::Discard,
            Some(Value::String(text)) if text != "$" => text.clone(),
            _ => return ResultPath::Replace,
        };
        match ReferencePath::parse(&text) {
            Ok(path) => ResultPath::At(Box::new(path)),
            Err(error) => {
                self.wrong(
                    "ResultPath",
                    format!("The value for the field 'ResultPath' must be a valid reference path: {error}"),
                );
                ResultPath::Replace
            }
        }
    }

    /// A number: outright under `name`, by a path under `path_name`. It must lie within the bounds.
    pub(super) fn amount(
        &mut self,
        name: &str,
        path_name: &'static str,
        (least, most): (f64, f64),
    ) -> Option<Amount> {
        if !path_name.is_empty() && self.has(name) && self.has(path_name) {
            self.both(name, path_name);
        }
        match self.get(name) {
            Some(Value::Number(number)) => {
                let value = number.as_f64().unwrap_or(f64::NAN);
                if !(least..=most).contains(&value) {
                    self.wrong(
                        name,
                        format!("'{name}' must be between {least} and {most}, but it is {number}"),
                    );
                }
                Some(Amount::Fixed(value))
            }
            Some(Value::String(_)) if self.language == QueryLanguage::Jsonata => {
                self.query(name).map(|query| Amount::Query(Box::new(query)))
            }
            Some(_) => None,
            None if path_name.is_empty() => None,
            None => self.lookup(path_name).map(Amount::Path),
        }
    }

    /// A text: outright under `name`, by a path under `path_name`.
    pub(super) fn words(&mut self, name: &'static str, path_name: &'static str) -> Option<Text> {
        if self.has(name) && self.has(path_name) {
            self.both(name, path_name);
        }
        match self.get(name) {
            Some(Value::String(text)) if self.language == QueryLanguage::Jsonata && is_jsonata(text) => {
                self.query(name).map(|query| Text::Query(Box::new(query)))
            }
            Some(Value::String(text)) => Some(Text::Fixed(text.clone())),
            _ => self.lookup(path_name).map(Text::Path),
        }
    }

    fn both(&mut self, one: &str, other: &str) {
        let message = format!("Only one of the fields '{one}' and '{other}' can be set");
        self.problems.push(Problem::error(self.pointer, message));
    }
}

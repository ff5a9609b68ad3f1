//! Evaluating expressions, with what they may see.

use super::fault::{not_usable, unexpected};
use super::frame::{Frame, Item, Visit};
use super::run::{Run, timestamp};
use crate::asl::definition::{Amount, Compiled, Lookup, Needs, Payload, Query, Tested, Text};
use crate::asl::expr::{EvalError, JsonataScope, PathExpr, Scope};
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What an expression may see besides variables and the context object.
#[derive(Clone, Copy)]
pub(crate) struct Sees<'s> {
    /// `$` of JSONPath.
    pub(crate) dollar: &'s Value,
    /// `$states.input`.
    pub(crate) input: &'s Value,
    /// `$states.result`.
    pub(crate) result: Option<&'s Value>,
    /// `$states.errorOutput`.
    pub(crate) error: Option<&'s Value>,
}

impl<'s> Sees<'s> {
    pub(crate) fn only(input: &'s Value) -> Self {
        Self { dollar: input, input, result: None, error: None }
    }
}

type Evaluated = Result<Value, EvalError>;

impl Frame<'_> {
    /// A payload's value.
    pub(crate) fn payload(
        &self,
        visit: &Visit<'_>,
        payload: &Payload,
        sees: Sees<'_>,
        field: &str,
    ) -> Evaluated {
        match &payload.language {
            Compiled::Template(template) => {
                self.with_scope(visit, payload.needs.context, sees.dollar, |scope| {
                    template.eval(scope, field)
                })
            }
            Compiled::Jsonata(template) => {
                self.with_states(visit, payload.needs, sees, |scope| template.eval(scope, field))
            }
        }
    }

    /// A JSONata field's value.
    pub(crate) fn query(&self, visit: &Visit<'_>, query: &Query, field: &str) -> Evaluated {
        let sees = Sees::only(&visit.input);
        self.with_states(visit, query.needs, sees, |scope| query.template.eval(scope, field))
    }

    /// A path's value.
    pub(crate) fn path(&self, visit: &Visit<'_>, path: &PathExpr, dollar: &Value, field: &str) -> Evaluated {
        self.with_scope(visit, needs_context(path), dollar, |scope| path.eval(scope, field))
    }

    /// The value of `InputPath` or `OutputPath`.
    pub(crate) fn part(&self, visit: &Visit<'_>, path: &PathExpr, dollar: &Value) -> Evaluated {
        self.with_scope(visit, needs_context(path), dollar, |scope| path.select(scope))
    }

    /// The value of `ItemsPath`.
    pub(crate) fn refer(&self, visit: &Visit<'_>, path: &PathExpr, dollar: &Value) -> Evaluated {
        self.with_scope(visit, needs_context(path), dollar, |scope| path.refer(scope))
    }

    /// A number, looked up under `$` = `dollar`. `read` makes it of a value, or says what is wrong.
    pub(crate) fn amount(
        &self,
        visit: &Visit<'_>,
        amount: &Amount,
        dollar: &Value,
        field: &str,
        read: impl FnOnce(&Lookup, &Value) -> Result<f64, EvalError>,
    ) -> Result<f64, EvalError> {
        match amount {
            Amount::Fixed(number) => Ok(*number),
            Amount::Path(lookup) => read(lookup, &self.path(visit, &lookup.path, dollar, lookup.field)?),
            Amount::Query(query) => {
                let value = self.query(visit, query, field)?;
                value.as_f64().ok_or_else(|| unexpected(&query.source, field, "number", &value))
            }
        }
    }

    /// A text.
    pub(crate) fn text(
        &self,
        visit: &Visit<'_>,
        text: &Text,
        dollar: &Value,
        field: &str,
    ) -> Result<String, EvalError> {
        match text {
            Text::Fixed(text) => Ok(text.clone()),
            Text::Path(lookup) => match self.path(visit, &lookup.path, dollar, lookup.field)? {
                Value::String(text) => Ok(text),
                other => Err(not_usable(format!(
                    "The {} field refers to value \"{other}\" which is not a string: {}",
                    lookup.field, lookup.text
                ))),
            },
            Text::Query(query) => match self.query(visit, query, field)? {
                Value::String(text) => Ok(text),
                other => Err(unexpected(&query.source, field, "string", &other)),
            },
        }
    }

    /// Whether a choice rule's test holds.
    pub(crate) fn test(&self, visit: &Visit<'_>, test: &Tested, dollar: &Value) -> Result<bool, EvalError> {
        self.with_scope(visit, test.needs.context, dollar, |scope| test.rule.eval(scope))
    }

    fn with_scope<T>(
        &self,
        visit: &Visit<'_>,
        context: bool,
        input: &Value,
        eval: impl FnOnce(&Scope<'_>) -> T,
    ) -> T {
        let Run { env, .. } = self.run;
        let look = |context: &Value| {
            let scope = Scope {
                input,
                context,
                variables: &self.variables,
                draw: self.run,
                limits: &env.limits.expr,
            };
            eval(&scope)
        };
        if !context {
            return look(&Value::Null);
        }
        self.run.with_context(|context| set(context, visit, self.item.as_ref()), |context| look(context))
    }

    fn with_states<T>(
        &self,
        visit: &Visit<'_>,
        needs: Needs,
        sees: Sees<'_>,
        eval: impl FnOnce(&JsonataScope<'_>) -> T,
    ) -> T {
        let mut states = Map::new();
        let members = [
            ("input", needs.input, Some(sees.input)),
            ("result", needs.result, sees.result),
            ("errorOutput", needs.error, sees.error),
        ];
        for (name, needed, value) in members {
            if let (true, Some(value)) = (needed, value) {
                states.insert(name.to_owned(), value.clone());
            }
        }
        if !needs.context {
            return self.jsonata(&Value::Object(states), eval);
        }
        // The context object is lent to the expression and taken back, since a copy of it would be a copy of
        // the execution's input.
        self.run.with_context(
            |context| set(context, visit, self.item.as_ref()),
            |context| {
                states.insert("context".to_owned(), std::mem::take(context));
                let mut states = Value::Object(states);
                let value = self.jsonata(&states, eval);
                if let Some(lent) = states.get_mut("context") {
                    *context = lent.take();
                }
                value
            },
        )
    }

    fn jsonata<T>(&self, states: &Value, eval: impl FnOnce(&JsonataScope<'_>) -> T) -> T {
        let now = jiff::Timestamp::try_from(self.run.ctx.now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let limits = &self.run.env.limits.expr;
        eval(&JsonataScope { states, variables: &self.variables, draw: self.run, now, limits })
    }
}

/// Whether a path looks at the context object. What an intrinsic function looks at is not looked into.
fn needs_context(path: &PathExpr) -> bool {
    matches!(path, PathExpr::Context(_) | PathExpr::Intrinsic(_))
}

/// Sets what changes from look to look.
fn set(context: &mut Value, visit: &Visit<'_>, item: Option<&Item>) {
    let Some(context) = context.as_object_mut() else { return };
    let mut state = json!({ "EnteredTime": timestamp(visit.entered_at), "Name": &*visit.state.name });
    if let (true, Some(state)) = (visit.state.kind.can_be_tried_again(), state.as_object_mut()) {
        state.insert("RetryCount".to_owned(), visit.retries.into());
    }
    context.insert("State".to_owned(), state);
    match &visit.token {
        Some(token) => context.insert("Task".to_owned(), json!({ "Token": token })),
        None => context.shift_remove("Task"),
    };
    match item {
        Some(Item { index, value }) => {
            context.insert("Map".to_owned(), json!({ "Item": { "Index": index, "Value": **value } }));
        }
        None => {
            context.shift_remove("Map");
        }
    }
}

/// An empty object.
pub(crate) fn nothing() -> Arc<Value> {
    Arc::new(Value::Object(Map::new()))
}

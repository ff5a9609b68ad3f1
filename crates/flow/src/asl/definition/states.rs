//! The kinds of states, Map aside.

use super::expression::Needs;
use super::fields::Fields;
use super::loader::{Loader, Names};
use super::model::{
    Catcher, ChoiceRule, ChoiceTest, Flow, Kind, QueryLanguage, Retrier, State, StateIndex, Target, Task,
    Tested, WaitFor,
};
use super::resource::Resource;
use crate::asl::check::{NO_TARGET, Problem, fields, meant};
use crate::asl::expr::choice::Test;
use serde_json::{Map, Value};
use std::sync::Arc;

/// A state while it is read.
pub(super) struct Draft<'a> {
    pub(super) object: &'a Map<String, Value>,
    pub(super) pointer: &'a str,
    pub(super) language: QueryLanguage,
    pub(super) names: &'a Names<'a>,
}

const SECONDS: (f64, f64) = (1.0, 99_999_999.0);

impl Loader<'_> {
    pub(super) fn state(
        &mut self,
        name: &str,
        state: &Value,
        pointer: &str,
        names: &Names<'_>,
    ) -> Option<State> {
        let Some(object) = state.as_object() else {
            self.problems.push(Problem::error(pointer, "Expected an object"));
            return None;
        };
        if name.chars().count() > 80 || name.is_empty() {
            self.problems.push(Problem::error(pointer, "The name of a state must have 1 to 80 characters"));
        }
        let language = self.state_language(object, pointer);
        let kind_name = self.kind_name(object, pointer)?;
        fields::state(kind_name, language, object, pointer, &mut self.problems);
        let draft = Draft { object, pointer, language, names };
        let kind = self.kind(kind_name, name, &draft);
        let next = self.next(kind_name, &draft);
        let flow = self.flow(kind_name, &draft);
        let (retry, catch) = (self.retriers(&draft), self.catchers(&draft));
        let comment = object.get("Comment").and_then(Value::as_str).map(str::to_owned);
        Some(State { name: Arc::from(name), comment, language, next: next?, flow, retry, catch, kind: kind? })
    }

    fn state_language(&mut self, object: &Map<String, Value>, pointer: &str) -> QueryLanguage {
        let own = self.query_language(object, pointer).unwrap_or(self.language);
        if own == QueryLanguage::JsonPath && self.language == QueryLanguage::Jsonata {
            let message = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine";
            self.problems.push(Problem::error(pointer, message));
            return self.language;
        }
        own
    }

    fn kind_name(&mut self, object: &Map<String, Value>, pointer: &str) -> Option<&'static str> {
        let Some(given) = object.get("Type") else {
            self.problems.push(Problem::error(pointer, "The field 'Type' is required but was missing"));
            return None;
        };
        let known = fields::KINDS.iter().find(|known| given.as_str() == Some(known)).copied();
        if known.is_none() {
            let message =
                format!("The field 'Type' should have one of these values: [{}]", fields::KINDS.join(", "));
            let hint = given.as_str().and_then(|given| meant(given, fields::KINDS));
            self.problems.push(Problem::error(format!("{pointer}/Type"), message).hint(hint));
        }
        known
    }

    pub(super) fn fields<'a>(&'a mut self, draft: &Draft<'a>) -> Fields<'a> {
        Fields {
            object: draft.object,
            pointer: draft.pointer,
            language: draft.language,
            problems: &mut self.problems,
        }
    }

    fn kind(&mut self, kind: &str, name: &str, draft: &Draft<'_>) -> Option<Kind> {
        match kind {
            "Pass" => Some(Kind::Pass { result: draft.object.get("Result").cloned().map(Arc::new) }),
            "Task" => self.task(draft),
            "Choice" => self.choice(draft),
            "Wait" => self.wait(draft),
            "Succeed" => Some(Kind::Succeed),
            "Fail" => {
                let mut fields = self.fields(draft);
                let (error, cause) = (fields.words("Error", "ErrorPath"), fields.words("Cause", "CausePath"));
                Some(Kind::Fail { error: error.map(Box::new), cause: cause.map(Box::new) })
            }
            "Parallel" => self.parallel(draft),
            _ => self.map(name, draft),
        }
    }

    fn flow(&mut self, kind: &str, draft: &Draft<'_>) -> Flow {
        let mut fields = self.fields(draft);
        match draft.language {
            QueryLanguage::JsonPath => Flow {
                input_path: fields.filter("InputPath"),
                // The Parameters of a Map are an older name of its ItemSelector.
                parameters: if kind == "Map" { None } else { fields.payload("Parameters") },
                result_selector: fields.payload("ResultSelector"),
                result_path: fields.result_path(),
                output_path: fields.filter("OutputPath"),
                output: None,
                assign: fields.payload("Assign"),
            },
            QueryLanguage::Jsonata => Flow {
                parameters: fields.payload("Arguments"),
                output: fields.payload("Output"),
                assign: fields.payload("Assign"),
                ..Flow::default()
            },
        }
    }

    fn next(&mut self, kind: &str, draft: &Draft<'_>) -> Option<Target> {
        if matches!(kind, "Choice" | "Succeed" | "Fail") {
            return Some(Target::End);
        }
        let end = draft.object.get("End").and_then(Value::as_bool).unwrap_or(false);
        let next = draft.object.get("Next").and_then(Value::as_str);
        match (next, end) {
            (Some(next), false) => {
                self.target(next, &format!("{}/Next", draft.pointer), draft.names).map(Target::State)
            }
            (None, true) => Some(Target::End),
            (Some(_), true) => {
                self.problems.push(Problem::error(
                    draft.pointer,
                    "Only one of the fields 'Next' and 'End' can be set",
                ));
                None
            }
            (None, false) => {
                let message = "The state must have either the field 'Next' or the field 'End' set to true";
                let hint = Some("add \"End\": true if this is the last state".to_owned());
                self.problems.push(Problem::error(draft.pointer, message).code(NO_TARGET).hint(hint));
                None
            }
        }
    }

    fn task(&mut self, draft: &Draft<'_>) -> Option<Kind> {
        let mut fields = self.fields(draft);
        let timeout = fields.amount("TimeoutSeconds", "TimeoutSecondsPath", SECONDS);
        let heartbeat = fields.amount("HeartbeatSeconds", "HeartbeatSecondsPath", SECONDS);
        if let (Some(super::Amount::Fixed(timeout)), Some(super::Amount::Fixed(heartbeat))) =
            (&timeout, &heartbeat)
            && heartbeat >= timeout
        {
            fields.wrong("HeartbeatSeconds", "'HeartbeatSeconds' must be smaller than 'TimeoutSeconds'");
        }
        let credentials = fields.payload("Credentials");
        let known = fields.get("Credentials").and_then(Value::as_object);
        if known.is_some_and(|known| !known.contains_key("RoleArn") && !known.contains_key("RoleArn.$")) {
            let place = fields.place("Credentials");
            let message = "The field 'RoleArn' is required but was missing";
            fields.problems.push(Problem::error(place, message));
        }
        if !fields.has("Resource") {
            fields.missing("Resource");
        }
        let resource_text = fields.text("Resource")?;
        let resource = Resource::parse(&resource_text);
        match resource {
            Ok(resource) => {
                Some(Kind::Task(Box::new(Task { resource, resource_text, credentials, timeout, heartbeat })))
            }
            Err((message, hint)) => {
                let place = fields.place("Resource");
                fields.problems.push(Problem::error(place, message).hint(hint));
                None
            }
        }
    }

    fn wait(&mut self, draft: &Draft<'_>) -> Option<Kind> {
        const WAYS: [&str; 4] = ["Seconds", "SecondsPath", "Timestamp", "TimestampPath"];
        let mut fields = self.fields(draft);
        let given = WAYS.iter().filter(|name| fields.has(name)).count();
        if given != 1 {
            let message = format!("Exactly one of these fields is required: [{}]", WAYS.join(", "));
            fields.problems.push(Problem::error(draft.pointer, message));
            return None;
        }
        let wait = match fields.amount("Seconds", "SecondsPath", (0.0, 99_999_999.0)) {
            Some(seconds) => WaitFor::Seconds(seconds),
            None => WaitFor::Until(fields.words("Timestamp", "TimestampPath")?),
        };
        if let WaitFor::Until(super::Text::Fixed(text)) = &wait
            && crate::asl::expr::timestamp::parse(text).is_none()
        {
            fields.wrong("Timestamp", format!("'{text}' is not a timestamp such as 2030-01-01T00:00:00Z"));
        }
        Some(Kind::Wait(Box::new(wait)))
    }

    fn parallel(&mut self, draft: &Draft<'_>) -> Option<Kind> {
        let place = format!("{}/Branches", draft.pointer);
        let Some(branches) = draft.object.get("Branches").and_then(Value::as_array) else {
            self.fields(draft).missing("Branches");
            return None;
        };
        if branches.is_empty() {
            self.problems.push(Problem::error(place, "Value cannot be empty"));
            return None;
        }
        let machines: Vec<_> = branches
            .iter()
            .enumerate()
            .map(|(number, branch)| self.branch(branch, &format!("{place}[{number}]")))
            .collect();
        machines.into_iter().collect::<Option<_>>().map(|branches| Kind::Parallel { branches })
    }

    fn branch(&mut self, branch: &Value, pointer: &str) -> Option<Arc<super::Machine>> {
        let Some(object) = branch.as_object() else {
            self.problems.push(Problem::error(pointer, "Expected an object"));
            return None;
        };
        let known = ["Comment", "StartAt", "States", "QueryLanguage", "ProcessorConfig"];
        fields::members("a branch", &known, object, pointer, &mut self.problems);
        self.machine(object, pointer).map(Arc::new)
    }

    fn choice(&mut self, draft: &Draft<'_>) -> Option<Kind> {
        let place = format!("{}/Choices", draft.pointer);
        let default = draft.object.get("Default").and_then(Value::as_str);
        let default =
            default.map(|name| self.target(name, &format!("{}/Default", draft.pointer), draft.names));
        let Some(choices) = draft.object.get("Choices").and_then(Value::as_array) else {
            self.fields(draft).missing("Choices");
            return None;
        };
        if choices.is_empty() {
            self.problems.push(Problem::error(place, "Value cannot be empty"));
            return None;
        }
        let rules: Vec<_> = choices
            .iter()
            .enumerate()
            .map(|(number, rule)| self.rule(rule, &format!("{place}[{number}]"), draft))
            .collect();
        let rules = rules.into_iter().collect::<Option<_>>()?;
        Some(Kind::Choice { rules, default: default.map_or(Some(None), |default| default.map(Some))? })
    }

    fn rule(&mut self, rule: &Value, pointer: &str, draft: &Draft<'_>) -> Option<ChoiceRule> {
        let Some(object) = rule.as_object() else {
            self.problems.push(Problem::error(pointer, "Expected an object"));
            return None;
        };
        let draft = Draft { object, pointer, ..*draft };
        let next = object.get("Next").and_then(Value::as_str);
        if next.is_none() {
            self.fields(&draft).missing("Next");
        }
        let next = next.and_then(|next| self.target(next, &format!("{pointer}/Next"), draft.names));
        let mut fields = self.fields(&draft);
        let (output, assign) = (fields.payload("Output"), fields.payload("Assign"));
        let test = match draft.language {
            QueryLanguage::JsonPath => fields.test(rule),
            QueryLanguage::Jsonata => fields.condition(),
        };
        Some(ChoiceRule { test: test?, next: next?, output, assign })
    }

    fn retriers(&mut self, draft: &Draft<'_>) -> Vec<Retrier> {
        let list = draft.object.get("Retry").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut retriers = Vec::new();
        for (number, retrier) in list.iter().enumerate() {
            let pointer = format!("{}/Retry[{number}]", draft.pointer);
            let Some(object) = retrier.as_object() else {
                self.problems.push(Problem::error(pointer, "Expected an object"));
                continue;
            };
            let known = [
                "ErrorEquals",
                "IntervalSeconds",
                "MaxAttempts",
                "BackoffRate",
                "MaxDelaySeconds",
                "JitterStrategy",
                "Comment",
            ];
            fields::members("a retrier", &known, object, &pointer, &mut self.problems);
            let mut fields = self.fields(&Draft { object, pointer: &pointer, ..*draft });
            let error_equals = fields.error_equals(number + 1 == list.len());
            retriers.push(fields.retrier(error_equals));
        }
        retriers
    }

    fn catchers(&mut self, draft: &Draft<'_>) -> Vec<Catcher> {
        let list = draft.object.get("Catch").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut catchers = Vec::new();
        for (number, catcher) in list.iter().enumerate() {
            let pointer = format!("{}/Catch[{number}]", draft.pointer);
            let Some(object) = catcher.as_object() else {
                self.problems.push(Problem::error(pointer, "Expected an object"));
                continue;
            };
            let last = number + 1 == list.len();
            catchers.extend(self.catcher(&Draft { object, pointer: &pointer, ..*draft }, last));
        }
        catchers
    }

    fn catcher(&mut self, draft: &Draft<'_>, last: bool) -> Option<Catcher> {
        let known: &[&str] = match draft.language {
            QueryLanguage::JsonPath => &["ErrorEquals", "Next", "ResultPath", "Comment", "Assign"],
            QueryLanguage::Jsonata => &["ErrorEquals", "Next", "Output", "Comment", "Assign"],
        };
        fields::members("a catcher", known, draft.object, draft.pointer, &mut self.problems);
        let next: Option<StateIndex> = match draft.object.get("Next").and_then(Value::as_str) {
            Some(next) => self.target(next, &format!("{}/Next", draft.pointer), draft.names),
            None => {
                self.fields(draft).missing("Next");
                None
            }
        };
        let mut fields = self.fields(draft);
        let (error_equals, result_path) = (fields.error_equals(last), fields.result_path());
        let jsonata = draft.language == QueryLanguage::Jsonata;
        let output = if jsonata { fields.payload("Output") } else { None };
        let assign = fields.payload("Assign");
        Some(Catcher { error_equals, next: next?, result_path, output, assign })
    }
}

impl Fields<'_> {
    fn test(&mut self, rule: &Value) -> Option<ChoiceTest> {
        match Test::parse(rule, self.pointer) {
            Ok(test) => {
                Some(ChoiceTest::Rule(Box::new(Tested { rule: test, needs: Needs::of_template(rule) })))
            }
            Err(problems) => {
                self.problems.extend(problems.into_iter().map(Problem::from));
                None
            }
        }
    }

    fn condition(&mut self) -> Option<ChoiceTest> {
        let known = ["Condition", "Next", "Output", "Assign", "Comment"];
        fields::members("a JSONata choice rule", &known, self.object, self.pointer, self.problems);
        match self.get("Condition") {
            None => {
                self.missing("Condition");
                None
            }
            Some(Value::Bool(_)) => {
                self.query("Condition").map(|query| ChoiceTest::Condition(Box::new(query)))
            }
            Some(Value::String(text)) if crate::asl::expr::is_jsonata(text) => {
                self.query("Condition").map(|query| ChoiceTest::Condition(Box::new(query)))
            }
            Some(other) => {
                let message =
                    format!("Expected a boolean or a JSONata expression, but got: {}", fields::short(other));
                self.wrong("Condition", message);
                None
            }
        }
    }

    /// `ErrorEquals`. `States.ALL` stands alone, and in the last place.
    fn error_equals(&mut self, last: bool) -> Vec<String> {
        let Some(list) = self.get("ErrorEquals").and_then(Value::as_array) else {
            self.missing("ErrorEquals");
            return Vec::new();
        };
        let names: Vec<String> = list.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        if names.len() != list.len() || names.is_empty() {
            self.wrong("ErrorEquals", "Expected a list of the names of errors, at least one");
        } else if names.iter().any(|name| name == "States.ALL") && names.len() > 1 {
            self.wrong("ErrorEquals", "'States.ALL' must be the only name in its list");
        } else if names.iter().any(|name| name == "States.ALL") && !last {
            self.wrong("ErrorEquals", "'States.ALL' must be in the last place of all");
        }
        names
    }

    fn number(&mut self, name: &str, (least, most): (f64, f64)) -> Option<f64> {
        let value = self.get(name)?;
        let number = value.as_f64().filter(|number| (least..=most).contains(number));
        if number.is_none() {
            let bounds = match most {
                f64::MAX => format!("of at least {least}"),
                _ => format!("from {least} to {most}"),
            };
            let message = format!("'{name}' must be a number {bounds}, but it is {}", fields::short(value));
            self.wrong(name, message);
        }
        number
    }

    fn retrier(&mut self, error_equals: Vec<String>) -> Retrier {
        let jitter = self.get("JitterStrategy").and_then(Value::as_str);
        let full_jitter = jitter == Some("FULL");
        if self.has("JitterStrategy") && !matches!(jitter, Some("FULL" | "NONE")) {
            self.wrong(
                "JitterStrategy",
                "The field 'JitterStrategy' should have one of these values: [FULL, NONE]",
            );
        }
        let attempts = self.number("MaxAttempts", (0.0, 99_999_999.0)).unwrap_or(3.0);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // checked to be from 0 to 99999999
        let max_attempts = attempts as u64;
        Retrier {
            error_equals,
            interval_seconds: self.number("IntervalSeconds", SECONDS).unwrap_or(1.0),
            max_attempts,
            backoff_rate: self.number("BackoffRate", (1.0, f64::MAX)).unwrap_or(2.0),
            max_delay_seconds: self.number("MaxDelaySeconds", (1.0, 31_622_400.0)),
            full_jitter,
        }
    }
}

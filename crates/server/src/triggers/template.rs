//! Texts and JSON values with `{names}` in them. No expressions: a name stands for a parameter of the path or
//! the query, `{body}` for the request's body, `{{` and `}}` for braces.

use partita_api::Json;
use serde_json::Value;

/// What names stand for.
pub(super) struct Values<'a> {
    pub(super) params: &'a [(String, String)],
    pub(super) body: Option<&'a Json>,
}

impl Values<'_> {
    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

const BODY: &str = "body";

/// A text with names in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TextTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
}

impl TextTemplate {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '{' | '}' if rest.next_if_eq(&c).is_some() => plain.push(c),
                '{' => {
                    let name: String =
                        std::iter::from_fn(|| rest.next_if(|c| *c != '}' && *c != '{')).collect();
                    if rest.next() != Some('}') || name.is_empty() {
                        return Err(format!(
                            "{text:?} has a brace that does not close a name; write braces as {{{{ and }}}}"
                        ));
                    }
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Name(name));
                }
                '}' => {
                    return Err(format!("{text:?} has a closing brace alone; write braces as {{{{ and }}}}"));
                }
                c => plain.push(c),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The text; a missing parameter is told.
    pub(super) fn fill(&self, values: &Values<'_>) -> Result<String, String> {
        self.0.iter().map(|part| part.text(values)).collect()
    }

    /// The value of a template that is a single name, else its text as a JSON string.
    fn value(&self, values: &Values<'_>) -> Result<Value, String> {
        match self.0.as_slice() {
            [Part::Name(name)] if name == BODY => Ok(values.body.map_or(Value::Null, Json::value)),
            [Part::Name(name)] => Ok(values.param(name).map_or(Value::Null, Value::from)),
            _ => self.fill(values).map(Value::from),
        }
    }

    fn is_body(&self) -> bool {
        matches!(self.0.as_slice(), [Part::Name(name)] if name == BODY)
    }
}

impl Part {
    fn text(&self, values: &Values<'_>) -> Result<String, String> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Name(name) if name == BODY => Ok(match values.body.map(Json::value) {
                Some(Value::String(text)) => text,
                Some(other) => other.to_string(),
                None => String::new(),
            }),
            Self::Name(name) => values
                .param(name)
                .map(str::to_owned)
                .ok_or_else(|| format!("the parameter {name:?} is missing")),
        }
    }
}

/// An input: a JSON value whose texts are templates; the body when none is given.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum InputTemplate {
    Body,
    Value(Node),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Text(TextTemplate),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
    Fixed(Value),
}

impl InputTemplate {
    pub(super) fn parse(value: Option<&Value>) -> Result<Self, String> {
        let Some(value) = value else { return Ok(Self::Body) };
        match Node::parse(value)? {
            Node::Text(text) if text.is_body() => Ok(Self::Body),
            node => Ok(Self::Value(node)),
        }
    }

    pub(super) fn fill(&self, values: &Values<'_>) -> Result<Option<Json>, String> {
        match self {
            Self::Body => Ok(values.body.cloned()),
            Self::Value(node) => node.fill(values).map(|value| Some(Json::from(value))),
        }
    }
}

impl Node {
    fn parse(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(TextTemplate::parse(text)?),
            Value::Array(list) => Self::List(list.iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(map) => Self::Map(
                map.iter()
                    .map(|(key, value)| Ok((key.clone(), Self::parse(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            other => Self::Fixed(other.clone()),
        })
    }

    fn fill(&self, values: &Values<'_>) -> Result<Value, String> {
        Ok(match self {
            Self::Text(text) => text.value(values)?,
            Self::List(list) => {
                Value::Array(list.iter().map(|node| node.fill(values)).collect::<Result<_, _>>()?)
            }
            Self::Map(map) => Value::Object(
                map.iter()
                    .map(|(key, node)| Ok((key.clone(), node.fill(values)?)))
                    .collect::<Result<_, String>>()?,
            ),
            Self::Fixed(value) => value.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fill(template: &Value, body: Option<&str>) -> Result<String, String> {
        let params = [("id".to_owned(), "7".to_owned())];
        let body = body.map(Json::of_text);
        let values = Values { params: &params, body: body.as_ref() };
        let filled = InputTemplate::parse(Some(template))?.fill(&values)?;
        Ok(filled.map(|json| json.to_string()).unwrap_or_default())
    }

    #[test]
    fn names_are_replaced() {
        let check =
            |template, body, expected: &str| assert_eq!(fill(&template, body).as_deref(), Ok(expected));
        check(json!("{body}"), Some("{\"z\":1,\"a\":2.0}"), "{\"z\":1,\"a\":2.0}");
        check(json!("{body}"), None, "");
        check(
            json!({"n": 1, "id": "{id}", "all": ["{body}", true]}),
            Some("[1]"),
            "{\"n\":1,\"id\":\"7\",\"all\":[[1],true]}",
        );
        check(json!("order {id}: {body}"), Some("{\"a\":1}"), "\"order 7: {\\\"a\\\":1}\"");
        check(json!("{{id}}"), None, "\"{id}\"");
        check(json!({"x": "{missing}"}), None, "{\"x\":null}");
        assert_eq!(fill(&json!("a {missing}"), None), Err("the parameter \"missing\" is missing".to_owned()));
    }

    #[test]
    fn what_a_parameter_says_is_never_a_template_itself() {
        let params = [("id".to_owned(), "{body}\"}".to_owned())];
        let values = Values { params: &params, body: None };
        assert_eq!(TextTemplate::parse("{id}").unwrap().fill(&values).as_deref(), Ok("{body}\"}"));
    }

    #[test]
    fn bad_braces_are_told() {
        for bad in ["{", "a}", "{a{b}", "{}"] {
            assert!(TextTemplate::parse(bad).is_err(), "{bad}");
        }
    }
}

//! Triggers.

use super::apps::ANNOTATIONS;
use super::call::{Call, Outcome, shown, time};
use super::error::FnError;
use super::members::Members;
use crate::functions::catalogue::{Kind, Trigger};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

/// The annotation by which clients learn where a trigger is.
const ENDPOINT: &str = "fnproject.io/trigger/httpEndpoint";

pub(super) fn list(call: &Call) -> Outcome {
    let app = call.get("app_id").ok_or_else(|| FnError::invalid("Missing App ID on Trigger"))?;
    call.catalogue.application(app)?;
    let mut triggers = call.catalogue.triggers();
    triggers.retain(|trigger| {
        trigger.application == app && call.is("fn_id", &trigger.function) && call.is("name", &trigger.name)
    });
    call.page(triggers, |trigger| (trigger.name.clone(), trigger.id.clone()), |trigger| show(call, trigger))
}

pub(super) async fn create(call: &Call) -> Outcome {
    let members = Members::read(call)?;
    let require = |name: &str, message: &str| {
        let text = members.text(name)?.ok_or_else(|| FnError::invalid(message))?;
        Ok::<_, FnError>(text.to_owned())
    };
    let application = require("app_id", "Missing App ID on Trigger")?;
    call.catalogue.application(&application)?;
    let kind = require("type", "Trigger Type Not Supported")?;
    if kind != "http" {
        return Err(FnError::invalid("Trigger Type Not Supported"));
    }
    let now = jiff::Timestamp::now().as_millisecond();
    let mut details = Map::new();
    details.insert(ANNOTATIONS.to_owned(), members.annotations(None)?);
    let trigger = Trigger {
        id: Kind::Trigger.new_id(),
        name: require("name", "Missing name on Trigger")?,
        application,
        function: require("fn_id", "Missing Fn ID on Trigger")?,
        kind,
        source: source(&require("source", "Missing Trigger Source")?),
        details,
        created: now,
        updated: now,
    };
    shown(&show(call, &*call.catalogue.put_trigger(trigger).await?))
}

pub(super) fn get(call: &Call, id: &str) -> Outcome {
    shown(&show(call, &*call.catalogue.trigger(id)?))
}

pub(super) async fn update(call: &Call, id: &str) -> Outcome {
    let members = Members::read(call)?;
    let mut trigger = Trigger::clone(&*call.catalogue.trigger(id)?);
    let fixed = [("app_id", &trigger.application), ("type", &trigger.kind)];
    for (name, value) in fixed {
        if members.text(name)?.is_some_and(|given| given != value) {
            return Err(FnError::invalid(format!("{name} of a trigger cannot be modified")));
        }
    }
    let annotations = members.annotations(trigger.details.get(ANNOTATIONS))?;
    trigger.details.insert(ANNOTATIONS.to_owned(), annotations);
    for (name, place) in [("name", &mut trigger.name), ("fn_id", &mut trigger.function)] {
        if let Some(value) = members.text(name)? {
            value.clone_into(place);
        }
    }
    if let Some(changed) = members.text("source")? {
        trigger.source = source(changed);
    }
    trigger.updated = jiff::Timestamp::now().as_millisecond();
    shown(&show(call, &*call.catalogue.put_trigger(trigger).await?))
}

pub(super) async fn delete(call: &Call, id: &str) -> Outcome {
    call.catalogue.delete_trigger(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A path under the app's, with a slash at its beginning.
fn source(text: &str) -> String {
    format!("/{}", text.trim_start_matches('/'))
}

fn show(call: &Call, trigger: &Trigger) -> Value {
    let mut annotations =
        trigger.details.get(ANNOTATIONS).and_then(Value::as_object).cloned().unwrap_or_default();
    if let Ok(app) = call.catalogue.application(&trigger.application) {
        annotations
            .insert(ENDPOINT.to_owned(), format!("{}/t/{}{}", call.base, app.name, trigger.source).into());
    }
    json!({
        "id": trigger.id,
        "name": trigger.name,
        "app_id": trigger.application,
        "fn_id": trigger.function,
        "type": trigger.kind,
        "source": trigger.source,
        "annotations": annotations,
        "created_at": time(trigger.created),
        "updated_at": time(trigger.updated),
    })
}

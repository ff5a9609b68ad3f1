//! Fns.

use super::apps::ANNOTATIONS;
use super::call::{Call, Outcome, shown, time};
use super::error::FnError;
use super::members::{Members, merge};
use crate::functions::catalogue::{Function, NewFunction, NewSource, Source, SourceChange};
use crate::oci_functions::{LOCAL, local_image};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

/// The annotation by which clients learn where to call a function.
const ENDPOINT: &str = "fnproject.io/fn/invokeEndpoint";

pub(super) fn list(call: &Call) -> Outcome {
    let mut fns = call.catalogue.functions();
    fns.retain(|function| call.is("app_id", &function.application) && call.is("name", &function.name));
    call.page(fns, |function| (function.name.clone(), function.id.clone()), |function| show(call, function))
}

pub(super) async fn create(call: &Call) -> Outcome {
    let members = Members::read(call)?;
    let require = |name: &str, message: &str| {
        let text = members.text(name)?.ok_or_else(|| FnError::invalid(message))?;
        Ok::<_, FnError>(text.to_owned())
    };
    let mut details = Map::new();
    details.insert(ANNOTATIONS.to_owned(), members.annotations(None)?);
    let new = NewFunction {
        application: require("app_id", "Missing AppID on Fn")?,
        name: require("name", "Missing Fn name")?,
        source: NewSource::Local(
            local_image(&require("image", "Missing image on Fn")?).map_err(FnError::invalid)?,
        ),
        config: members.config()?,
        memory_mb: members.number("memory")?,
        timeout_s: members.number("timeout")?,
        idle_timeout_s: members.number("idle_timeout")?,
        detached_timeout_s: None,
        details,
    };
    shown(&show(call, &call.catalogue.create_function(new).await?.0))
}

pub(super) fn get(call: &Call, id: &str) -> Outcome {
    shown(&show(call, &*call.catalogue.function(id)?))
}

pub(super) async fn update(call: &Call, id: &str) -> Outcome {
    let members = Members::read(call)?;
    let before = call.catalogue.function(id)?;
    if members.text("name")?.is_some_and(|name| name != before.name) {
        return Err(FnError::invalid("Fn names and IDs cannot be modified"));
    }
    let image = members.text("image")?.filter(|image| *image != show_image(&before));
    let source = image.map(|image| local_image(image).map(SourceChange::Local)).transpose();
    let (config, annotations) = (members.config()?, members.annotations(before.details.get(ANNOTATIONS))?);
    let (memory, timeout, idle) =
        (members.number("memory")?, members.number("timeout")?, members.number("idle_timeout")?);
    let updated = call.catalogue.update_function(id, None, source.map_err(FnError::invalid)?, |function| {
        merge(&mut function.config, config);
        function.details.insert(ANNOTATIONS.to_owned(), annotations);
        function.memory_mb = memory.unwrap_or(function.memory_mb);
        function.timeout_s = timeout.unwrap_or(function.timeout_s);
        function.idle_timeout_s = idle.unwrap_or(function.idle_timeout_s);
        Ok(())
    });
    let function = updated.await?.0;
    call.catalogue.in_effect(&function.application, Some(&function.id)).await;
    shown(&show(call, &function))
}

pub(super) async fn delete(call: &Call, id: &str) -> Outcome {
    call.catalogue.delete_function(id, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn show_image(function: &Function) -> String {
    match &function.source {
        Source::Folder => format!("{LOCAL}{}", function.address),
        Source::Local { address } => format!("{LOCAL}{address}"),
        Source::Archive { sha256, .. } => format!("archive:{sha256}"),
    }
}

fn show(call: &Call, function: &Function) -> Value {
    let mut annotations =
        function.details.get(ANNOTATIONS).and_then(Value::as_object).cloned().unwrap_or_default();
    annotations.insert(ENDPOINT.to_owned(), format!("{}/invoke/{}", call.base, function.id).into());
    json!({
        "id": function.id,
        "name": function.name,
        "app_id": function.application,
        "image": show_image(function),
        "memory": function.memory_mb,
        "timeout": function.timeout_s,
        "idle_timeout": function.idle_timeout_s,
        "config": function.config,
        "annotations": annotations,
        "shape": "",
        "created_at": time(function.created),
        "updated_at": time(function.updated),
    })
}

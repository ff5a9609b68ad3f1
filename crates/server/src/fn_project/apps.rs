//! Apps.

use super::call::{Call, Outcome, shown, time};
use super::error::FnError;
use super::members::{Members, merge};
use crate::functions::catalogue::{Application, FOLDER_COMPARTMENT, NewApplication};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

/// Where annotations are kept, beside what another API keeps.
pub(super) const ANNOTATIONS: &str = "annotations";
const SYSLOG: &str = "syslogUrl";

pub(super) fn list(call: &Call) -> Outcome {
    let mut apps = call.catalogue.applications();
    apps.retain(|app| call.is("name", &app.name));
    call.page(apps, |app| (app.name.clone(), app.id.clone()), |app| show(app))
}

pub(super) async fn create(call: &Call) -> Outcome {
    let members = Members::read(call)?;
    let name = members.text("name")?.ok_or_else(|| FnError::invalid("Missing app name"))?;
    let mut details = Map::new();
    details.insert(ANNOTATIONS.to_owned(), members.annotations(None)?);
    details.extend(members.text("syslog_url")?.map(|url| (SYSLOG.to_owned(), url.into())));
    let new = NewApplication {
        name: name.to_owned(),
        compartment: FOLDER_COMPARTMENT.to_owned(),
        config: members.config()?,
        details,
    };
    shown(&show(&call.catalogue.create_application(new).await?.0))
}

pub(super) fn get(call: &Call, id: &str) -> Outcome {
    shown(&show(&*call.catalogue.application(id)?))
}

pub(super) async fn update(call: &Call, id: &str) -> Outcome {
    let members = Members::read(call)?;
    let before = call.catalogue.application(id)?;
    if members.text("name")?.is_some_and(|name| name != before.name) {
        return Err(FnError::new(StatusCode::CONFLICT, "Could not update - name is immutable"));
    }
    let (config, annotations) = (members.config()?, members.annotations(before.details.get(ANNOTATIONS))?);
    let syslog = members.text("syslog_url")?.map(|url| (SYSLOG.to_owned(), Value::from(url)));
    let updated = call.catalogue.update_application(id, None, |app| {
        merge(&mut app.config, config);
        app.details.insert(ANNOTATIONS.to_owned(), annotations);
        app.details.extend(syslog);
        Ok(())
    });
    let app = updated.await?.0;
    call.catalogue.in_effect(&app.id, None).await;
    shown(&show(&app))
}

pub(super) async fn delete(call: &Call, id: &str) -> Outcome {
    call.catalogue.delete_application(id, None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn show(app: &Application) -> Value {
    let mut value = json!({
        "id": app.id,
        "name": app.name,
        "config": app.config,
        "annotations": app.details.get(ANNOTATIONS).cloned().unwrap_or_else(|| json!({})),
        "shape": "",
        "created_at": time(app.created),
        "updated_at": time(app.updated),
    });
    if let (Some(url), Some(members)) = (app.details.get(SYSLOG), value.as_object_mut()) {
        members.insert("syslog_url".to_owned(), url.clone());
    }
    value
}

//! Activities, and the tasks that their workers ask for.

use super::Call;
use super::arn::{Resource, check_name, parse};
use super::error::AwsError;
use super::page::{Page, with_next};
use super::params::Params;
use super::seconds;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long a worker is kept waiting for a task, as the service does it.
const POLL: Duration = Duration::from_secs(60);

pub(super) async fn create(call: &Call) -> Result<Value, AwsError> {
    let name = call.params.required("name")?;
    check_name(name)?;
    let created = call.machines.create_activity(name, call.app.engine.now()).await?;
    Ok(json!({ "activityArn": call.machines.place().activity(name), "creationDate": seconds(created) }))
}

pub(super) async fn delete(call: &Call) -> Result<Value, AwsError> {
    let name = activity(&call.params)?;
    call.machines.delete_activity(name).await?;
    Ok(json!({}))
}

pub(super) async fn describe(call: &Call) -> Result<Value, AwsError> {
    let name = activity(&call.params)?;
    let arn = call.machines.place().activity(name);
    let created = call.machines.activity(name).ok_or_else(|| AwsError::no_activity(&arn))?;
    Ok(json!({
        "activityArn": arn,
        "name": name,
        "creationDate": seconds(created),
        "encryptionConfiguration": { "type": "AWS_OWNED_KEY" },
    }))
}

pub(super) async fn list(call: &Call) -> Result<Value, AwsError> {
    let (activities, next) = Page::read(&call.params)?.cut(call.machines.activities())?;
    let place = call.machines.place();
    let shown = activities.iter().map(|(name, created)| {
        json!({ "activityArn": place.activity(name), "name": name, "creationDate": seconds(*created) })
    });
    Ok(with_next(Map::from_iter([("activities".to_owned(), shown.collect())]), next))
}

/// A task for a worker; after a while of waiting, none.
pub(super) async fn get_task(call: &Call) -> Result<Value, AwsError> {
    let name = activity(&call.params)?;
    if call.machines.activity(name).is_none() {
        return Err(AwsError::no_activity(call.params.required("activityArn")?));
    }
    let worker = call.params.text("workerName")?.map(str::to_owned);
    tokio::select! {
        task = call.machines.take_task(name, worker) => {
            Ok(json!({ "taskToken": task.token, "input": task.input }))
        }
        () = tokio::time::sleep(POLL) => Ok(json!({})),
        () = call.app.stopping.cancelled() => Ok(json!({})),
    }
}

/// The name in the member `activityArn`.
fn activity(params: &Params) -> Result<&str, AwsError> {
    let arn = params.required("activityArn")?;
    match parse(arn)? {
        Resource::Activity { name } => Ok(name),
        _ => Err(AwsError::invalid_arn(arn)),
    }
}

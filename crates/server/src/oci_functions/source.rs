//! What a function is made from.

use super::error::OciError;
use super::members::Members;
use crate::functions::catalogue::{Archive, Function, NewSource, Source, SourceChange};
use serde_json::{Map, Value, json};

/// What an image is called that is a function of the app's folder.
pub(crate) const LOCAL: &str = "local:";

/// The function of the app's folder that an image names. Others cannot be run.
pub(crate) fn local_image(image: &str) -> Result<String, String> {
    match image.strip_prefix(LOCAL) {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(format!(
            "the image {image:?} cannot be run, because there is no container runtime here: name a function of the \
             app's folder as local:NAME, or make the function from an archive (sourceType ARCHIVE)"
        )),
    }
}

/// Where a new function's code comes from.
pub(super) fn new_source(members: &Members) -> Result<NewSource, OciError> {
    match change(members)? {
        Some(SourceChange::Local(name)) => Ok(NewSource::Local(name)),
        Some(SourceChange::Archive { archive: Some(archive), runtime, handler }) => {
            Ok(NewSource::Archive { archive, runtime, handler })
        }
        Some(SourceChange::Archive { .. }) => Err(OciError::missing("sourceDetails.archiveSourceDetails")),
        None => Err(OciError::missing("sourceDetails")),
    }
}

/// How a function's code is to change; `None` when nothing is said about it.
pub(super) fn change(members: &Members) -> Result<Option<SourceChange>, OciError> {
    let image = |image: &str| local_image(image).map(SourceChange::Local).map_err(OciError::invalid);
    let Some(details) = members.object("sourceDetails")? else {
        return members.text("image")?.map(image).transpose();
    };
    match details.require("sourceType")?.to_uppercase().as_str() {
        "ARCHIVE" => archive(&details).map(Some),
        "CONTAINER_IMAGE" => image(details.require("image")?).map(Some),
        "PRE_BUILT_FUNCTIONS" => Err(OciError::invalid("there are no pre-built functions here")),
        other => Err(OciError::invalid(format!("sourceDetails.sourceType {other:?} is not known"))),
    }
}

fn archive(details: &Members) -> Result<SourceChange, OciError> {
    let archive = match details.object("archiveSourceDetails")? {
        None => None,
        Some(archive) => match archive.require("archiveSourceType")?.to_uppercase().as_str() {
            "DIRECT_ARCHIVE" => match archive.text("archiveFile")? {
                Some(file) => Some(Archive::from_base64(file)?),
                None => return Err(OciError::missing("sourceDetails.archiveSourceDetails.archiveFile")),
            },
            _ => {
                let text = "archives come with the request here (archiveSourceType DIRECT_ARCHIVE), not from a bucket";
                return Err(OciError::invalid(text));
            }
        },
    };
    let runtime = match details.object("runtimeConfig")? {
        Some(config) => config.text("functionsRuntimeName")?.map(str::to_owned),
        None => None,
    };
    Ok(SourceChange::Archive { archive, runtime, handler: details.text("handler")?.map(str::to_owned) })
}

/// What a function is made from, as it is shown: older clients know images alone.
pub(super) fn show(function: &Function, members: &mut Map<String, Value>) {
    let image = |name: &str| {
        (
            format!("{LOCAL}{name}"),
            json!({"sourceType": "CONTAINER_IMAGE", "image": format!("{LOCAL}{name}")}),
        )
    };
    let (name, details) = match &function.source {
        Source::Folder => image(&function.address),
        Source::Local { address } => image(address),
        Source::Archive { sha256, runtime, handler } => {
            let details = json!({
                "sourceType": "ARCHIVE",
                "archiveSourceDetails": { "archiveSourceType": "DIRECT_ARCHIVE" },
                "handler": handler,
                "runtimeConfig": { "runtimeConfigType": "FUNCTION_UPDATE", "functionsRuntimeName": runtime },
                "sourceCodeSha256": sha256,
            });
            (format!("archive:{sha256}"), details)
        }
    };
    members.insert("image".to_owned(), name.into());
    members.insert("sourceDetails".to_owned(), details);
}

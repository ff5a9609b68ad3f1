//! Where the results of a distributed map go.

use super::results::{About, Child, Transformation};
use crate::asl::definition::{MapState, ResultWriter};
use crate::asl::interpreter::fault::Fault;
use crate::asl::interpreter::frame::{Frame, Visit};
use crate::asl::interpreter::json_size;
use crate::asl::interpreter::sees::Sees;
use crate::asl::items::{Piece, WRITE_ACTIVITY, WriteRequest, WrittenFile};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

impl Frame<'_> {
    /// Writes what came of the children when the map has a writer, and gives the map's own result.
    pub(super) async fn write(
        &mut self,
        visit: &Visit<'_>,
        map: &MapState,
        effective: &Arc<Value>,
        map_run_arn: &str,
        about: &About<'_>,
        children: Vec<Child>,
    ) -> Result<Value, Fault> {
        let (parameters, config) = match &map.writer {
            None => return Ok(Value::Array(Transformation::Compact.succeeded(children, about))),
            Some(ResultWriter { resource: None, config, .. }) => {
                let transformation = Transformation::of(config.as_deref(), Transformation::Compact);
                return Ok(Value::Array(transformation.succeeded(children, about)));
            }
            Some(ResultWriter { parameters, config, .. }) => (parameters, config),
        };
        let parameters = match parameters {
            None => Value::Null,
            Some(parameters) => {
                let sees = Sees { input: &visit.input, ..Sees::only(effective) };
                let value = self.payload(visit, parameters, sees, "ResultWriter");
                self.told(visit, value)?
            }
        };
        let whole = WriteRequest {
            parameters,
            writer_config: config.as_deref().cloned().unwrap_or(Value::Null),
            map_run_arn: map_run_arn.to_owned(),
            piece: Piece::Manifest { files: BTreeMap::new() },
        };
        let failed: Vec<Value> = children
            .iter()
            .filter(|child| child.outcome.is_err())
            .map(|child| about.execution(child))
            .collect();
        let transformation = Transformation::of(config.as_deref(), Transformation::None);
        let succeeded = transformation.succeeded(children, about);
        let mut files = BTreeMap::from([("PENDING".to_owned(), Vec::new())]);
        for (status, results) in [("FAILED", failed), ("SUCCEEDED", succeeded)] {
            let mut written = Vec::new();
            for (number, results) in self.slices(results).into_iter().enumerate() {
                let piece = Piece::Results { status: status.to_owned(), number, results };
                written.push(self.write_piece(WriteRequest { piece, ..whole.clone() }).await?);
            }
            files.insert(status.to_owned(), written);
        }
        let bucket = whole.parameters.get("Bucket").cloned();
        let manifest = self.write_piece(WriteRequest { piece: Piece::Manifest { files }, ..whole }).await?;
        Ok(json!({
            "MapRunArn": map_run_arn,
            "ResultWriterDetails": { "Bucket": bucket, "Key": manifest.key },
        }))
    }

    /// Results as they go into files: so many that one call can carry them.
    fn slices(&self, results: Vec<Value>) -> Vec<Vec<Value>> {
        let most = self.run.env.limits.slice_bytes;
        let (mut slices, mut bytes): (Vec<Vec<Value>>, usize) = (Vec::new(), 0);
        for result in results {
            let size = json_size(&result) + 1;
            match slices.last_mut().filter(|_| bytes + size <= most) {
                Some(slice) => {
                    bytes += size;
                    slice.push(result);
                }
                None => {
                    bytes = size;
                    slices.push(vec![result]);
                }
            }
        }
        slices
    }

    async fn write_piece(&mut self, request: WriteRequest) -> Result<WrittenFile, Fault> {
        let written = self.run.ctx.call_activity::<WrittenFile>(WRITE_ACTIVITY, request).await;
        self.run.waited();
        written.map_err(|error| {
            let told = error.failure().map(|failure| failure.inner.as_deref().unwrap_or(failure));
            Fault::of(
                Some("States.ResultWriterFailed".to_owned()),
                told.map(|failure| failure.message.to_string()),
            )
        })
    }
}

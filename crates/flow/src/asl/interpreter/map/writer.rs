//! Where the results of a distributed map go.

use crate::asl::definition::{MapState, ResultWriter};
use crate::asl::interpreter::fault::Fault;
use crate::asl::interpreter::frame::{Frame, Visit};
use crate::asl::interpreter::sees::Sees;
use crate::asl::items::{WRITE_ACTIVITY, WriteRequest, Written};
use serde_json::{Value, json};
use std::sync::Arc;

impl Frame<'_> {
    /// Writes the results when the map has a writer, and gives the map's own result.
    pub(super) async fn write(
        &mut self,
        visit: &Visit<'_>,
        map: &MapState,
        effective: &Arc<Value>,
        map_run_arn: &str,
        results: Vec<Value>,
    ) -> Result<Value, Fault> {
        let Some(ResultWriter { resource: Some(_), parameters, config }) = &map.writer else {
            return Ok(Value::Array(results));
        };
        let parameters = match parameters {
            None => Value::Null,
            Some(parameters) => {
                let sees = Sees { input: &visit.input, ..Sees::only(effective) };
                let value = self.payload(visit, parameters, sees, "ResultWriter");
                self.told(visit, value)?
            }
        };
        let request = WriteRequest {
            parameters,
            writer_config: config.as_deref().cloned().unwrap_or(Value::Null),
            map_run_arn: map_run_arn.to_owned(),
            results,
        };
        let written = self.run.ctx.call_activity::<Written>(WRITE_ACTIVITY, request).await;
        self.run.waited();
        let Written { bucket, key } = written.map_err(|error| {
            let told = error.failure().map(|failure| failure.inner.as_deref().unwrap_or(failure));
            Fault::of(
                Some("States.ResultWriterFailed".to_owned()),
                told.map(|failure| failure.message.to_string()),
            )
        })?;
        Ok(json!({
            "MapRunArn": map_run_arn,
            "ResultWriterDetails": { "Bucket": bucket, "Key": key },
        }))
    }
}

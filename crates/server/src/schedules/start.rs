//! Starting an instance of a schedule.

use super::{Schedule, TAG};
use partita_api::Time;
use partita_engine::kernel::Timestamp;
use partita_engine::{Engine, EngineError, StartRequest, Started};

impl Schedule {
    /// Starts an instance of that id.
    pub(super) async fn start_as(
        &self,
        engine: &Engine,
        id: String,
        begin_at: Option<Timestamp>,
    ) -> Result<Started, EngineError> {
        let own = (TAG.into(), self.name.as_str().into());
        let tags = self.tags.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into()));
        let request = StartRequest {
            name: self.workflow.clone(),
            version: self.version.clone(),
            id: Some(id),
            input: self.input.clone(),
            tags: tags.chain([own]).collect(),
            scheduled_at: begin_at,
            ..StartRequest::default()
        };
        engine.start(request).await
    }

    /// The instance for a time: `schedule-{name}-{time in UTC}`
    pub(super) fn instance_id(&self, at: Timestamp) -> String {
        let time = Time(at).to_jiff().strftime("%Y%m%dT%H%M%SZ");
        format!("schedule-{}-{time}", self.name)
    }
}

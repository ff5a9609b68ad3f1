//! Handing an outcome in, over lost connections too.

use crate::backoff::Backoff;
use crate::error::{is_lost, text};
use crate::target::Hub;
use futures::future::BoxFuture;
use partita_api::durable_task::proto;
use prost::Message;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};

/// How long one attempt may take.
const ATTEMPT: Duration = Duration::from_secs(30);

/// How long an answer is worth handing in: after that the server has given the work to another worker.
const WORTH: Duration = Duration::from_secs(60);

/// Bytes of one part of an answer: some servers take no more than 4 MiB.
const PART_BYTES: usize = 3_900_000;

/// What a worker says of a work item.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Turn(proto::OrchestratorResponse),
    Call(proto::ActivityResponse),
    Batch(proto::EntityBatchResult),
    GiveTurnBack(String),
    GiveCallBack(String),
    GiveEntityBack(String),
}

/// What became of an answer.
#[derive(Debug)]
pub(super) enum Delivered {
    /// The server has it, or does not want it any more.
    Yes,
    /// It is larger than the server takes.
    TooLarge,
    /// It could not be handed in.
    No,
}

/// Hands an answer in, again and again while the server cannot be reached. Once `late` is cancelled, only one more
/// attempt is made.
pub(super) async fn deliver(hub: &mut Hub, answer: Answer, late: &CancellationToken) -> Delivered {
    for part in parts(answer) {
        match deliver_part(hub, part, late).await {
            Delivered::Yes => {}
            other => return other,
        }
    }
    Delivered::Yes
}

async fn deliver_part(hub: &mut Hub, answer: Answer, late: &CancellationToken) -> Delivered {
    let mut attempts = Attempts {
        backoff: Backoff::new(Duration::from_millis(100), Duration::from_secs(2)),
        until: Instant::now() + WORTH,
        late,
    };
    loop {
        let status = match tokio::time::timeout(ATTEMPT, send(hub.clone(), answer.clone())).await {
            Ok(Ok(())) => return Delivered::Yes,
            Ok(Err(status)) => status,
            Err(_) => Status::deadline_exceeded("the server does not answer"),
        };
        match status.code() {
            Code::NotFound => {
                tracing::debug!(%status, "nobody waits for this outcome any more");
                return Delivered::Yes;
            }
            Code::OutOfRange => return Delivered::TooLarge,
            _ if attempts.has_another(&status) => Box::pin(attempts.wait()).await,
            _ => {
                tracing::warn!(why = %text(&status), "an outcome cannot be handed in");
                return Delivered::No;
            }
        }
    }
}

/// Attempts to hand one answer in.
struct Attempts<'a> {
    backoff: Backoff,
    until: Instant,
    late: &'a CancellationToken,
}

impl Attempts<'_> {
    fn has_another(&self, status: &Status) -> bool {
        let may_help = is_lost(status) || status.code() == Code::ResourceExhausted;
        may_help && Instant::now() < self.until && !self.late.is_cancelled()
    }

    async fn wait(&mut self) {
        tokio::select! {
            () = tokio::time::sleep(self.backoff.next()) => {}
            () = self.late.cancelled() => {}
        }
    }
}

/// One attempt. On the heap: the futures of calls are large, and each function on the way would copy them.
fn send(mut hub: Hub, answer: Answer) -> BoxFuture<'static, Result<(), Status>> {
    match answer {
        Answer::Turn(response) => {
            Box::pin(async move { hub.complete_orchestrator_task(response).await.map(drop) })
        }
        Answer::Call(response) => {
            Box::pin(async move { hub.complete_activity_task(response).await.map(drop) })
        }
        Answer::Batch(result) => Box::pin(async move { hub.complete_entity_task(result).await.map(drop) }),
        Answer::GiveTurnBack(completion_token) => Box::pin(async move {
            let request = proto::AbandonOrchestrationTaskRequest { completion_token };
            hub.abandon_task_orchestrator_work_item(request).await.map(drop)
        }),
        Answer::GiveCallBack(completion_token) => Box::pin(async move {
            let request = proto::AbandonActivityTaskRequest { completion_token };
            hub.abandon_task_activity_work_item(request).await.map(drop)
        }),
        Answer::GiveEntityBack(completion_token) => Box::pin(async move {
            let request = proto::AbandonEntityTaskRequest { completion_token };
            hub.abandon_task_entity_work_item(request).await.map(drop)
        }),
    }
}

/// A large answer to a turn in parts; the last one has all that is not an action.
fn parts(answer: Answer) -> Vec<Answer> {
    let Answer::Turn(mut response) = answer else { return vec![answer] };
    if response.actions.len() < 2 || response.encoded_len() <= PART_BYTES {
        return vec![Answer::Turn(response)];
    }
    let mut chunks = cut(std::mem::take(&mut response.actions));
    let last = chunks.pop().unwrap_or_default();
    let part = |(index, actions)| {
        Answer::Turn(proto::OrchestratorResponse {
            instance_id: response.instance_id.clone(),
            completion_token: response.completion_token.clone(),
            actions,
            is_partial: true,
            chunk_index: Some(index),
            num_events_processed: (index > 0).then_some(0),
            ..proto::OrchestratorResponse::default()
        })
    };
    let mut parts: Vec<Answer> = (0..).zip(chunks).map(part).collect();
    response.chunk_index = i32::try_from(parts.len()).ok().filter(|index| *index > 0);
    response.num_events_processed = response.chunk_index.map(|_| 0);
    parts.push(Answer::Turn(proto::OrchestratorResponse { actions: last, ..response }));
    parts
}

fn cut(actions: Vec<proto::OrchestratorAction>) -> Vec<Vec<proto::OrchestratorAction>> {
    let mut chunks = vec![Vec::new()];
    let mut bytes = 0;
    for action in actions {
        let size = action.encoded_len() + 8;
        if bytes > 0 && bytes + size > PART_BYTES {
            chunks.push(Vec::new());
            bytes = 0;
        }
        bytes += size;
        if let Some(chunk) = chunks.last_mut() {
            chunk.push(action);
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::orchestrator_action::OrchestratorActionType as Action;

    fn action(id: i32, bytes: usize) -> proto::OrchestratorAction {
        let task = proto::ScheduleTaskAction {
            name: "a".into(),
            input: Some("x".repeat(bytes)),
            ..Default::default()
        };
        proto::OrchestratorAction { id, orchestrator_action_type: Some(Action::ScheduleTask(task)) }
    }

    /// Of each part: whether it is one, its number, and the ids of its actions.
    fn shape(actions: Vec<proto::OrchestratorAction>) -> Vec<(bool, Option<i32>, Vec<i32>)> {
        let response =
            proto::OrchestratorResponse { actions, custom_status: Some("s".into()), ..Default::default() };
        let parts = parts(Answer::Turn(response));
        let last = parts.len() - 1;
        let shape = parts.into_iter().enumerate().map(|(index, part)| {
            let Answer::Turn(part) = part else { panic!() };
            assert!(part.encoded_len() <= PART_BYTES || part.actions.len() == 1);
            assert_eq!(part.custom_status.is_some(), index == last);
            (part.is_partial, part.chunk_index, part.actions.iter().map(|action| action.id).collect())
        });
        shape.collect()
    }

    #[test]
    fn large_answers_go_in_parts() {
        let third = PART_BYTES / 3;
        assert_eq!(shape(vec![action(1, 1), action(2, 1)]), [(false, None, vec![1, 2])]);
        assert_eq!(shape(vec![action(1, 2 * PART_BYTES)]), [(false, None, vec![1])]);
        assert_eq!(shape(Vec::new()), [(false, None, vec![])]);
        let actions = (0..5).map(|id| action(id, third)).collect();
        assert_eq!(
            shape(actions),
            [(true, Some(0), vec![0, 1]), (true, Some(1), vec![2, 3]), (false, Some(2), vec![4])]
        );
    }
}

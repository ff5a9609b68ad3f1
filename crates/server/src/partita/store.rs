//! The store: shown, and checked while everything goes on.

use crate::answer::{Answer, Refusal, ok};
use crate::app::{App, Shared};
use crate::extract::Pairs;
use axum::extract::State;
use parking_lot::Mutex;
use partita_api::problem::ProblemKind;
use partita_api::store::{BackupAllowed, Checked, LastCheck, StoreFile};
use partita_api::{Retention, StoreCheck, StoreDetail, Time};
use partita_engine::EngineError;
use partita_engine::store::{CheckReport, FileSize, StoreError};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// How many files and problems are told.
const TOLD: usize = 100;

/// Checks of the store, of which there is one at a time.
pub(crate) struct Checks {
    place: Arc<Semaphore>,
    last: Mutex<Option<LastCheck>>,
}

impl Default for Checks {
    fn default() -> Self {
        Self { place: Arc::new(Semaphore::new(1)), last: Mutex::default() }
    }
}

/// `GET /api/v1/store`
pub(crate) async fn get(State(app): State<Shared>, pairs: Pairs) -> Answer {
    pairs.only(&[])?;
    let (engine, store) = (&app.engine, app.engine.store());
    let info = engine.store_info().await?;
    ok(&StoreDetail {
        kind: info.kind,
        location: info.location,
        disk_bytes: info.disk_bytes,
        unfolded_bytes: info.unfolded_bytes,
        instances: info.instances,
        partitions: store.partitions(),
        files: files(store.files().await.map_err(EngineError::from)?),
        retention: Retention::from(engine.config()),
        backup: BackupAllowed { allowed: app.options.backup_dir.is_some() },
        last_check: app.own.checks.last.lock().clone(),
    })
}

/// The largest first.
fn files(mut files: Vec<FileSize>) -> Vec<StoreFile> {
    files.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    files.truncate(TOLD);
    files.into_iter().map(|file| StoreFile { name: file.name, bytes: file.bytes }).collect()
}

/// `POST /api/v1/store/check`
pub(crate) async fn check(State(app): State<Shared>) -> Answer {
    let Ok(place) = app.own.checks.place.clone().try_acquire_owned() else {
        let detail = "the store is being checked already; GET /api/v1/store tells what comes of it";
        return Err(Refusal::new(ProblemKind::UnderWay, detail));
    };
    // It goes on when the client has gone, and its place is taken until it has ended.
    let checking = tokio::spawn(async move {
        let report = checked(&app).await;
        drop(place);
        report
    });
    match checking.await {
        Ok(report) => ok(&report.map_err(EngineError::from)?),
        Err(error) => Err(Refusal::new(ProblemKind::Internal, format!("the check broke off: {error}"))),
    }
}

async fn checked(app: &App) -> Result<StoreCheck, StoreError> {
    let began = Instant::now();
    let report = app.engine.store().check().await?;
    let check = shown(report, Time(app.engine.now()), began.elapsed().as_secs_f64());
    let StoreCheck { at, ok, problems, .. } = &check;
    if !ok {
        tracing::error!(?problems, "the store is damaged");
    }
    *app.own.checks.last.lock() = Some(LastCheck { at: *at, ok: *ok, problems: problems.clone() });
    Ok(check)
}

fn shown(report: CheckReport, at: Time, seconds: f64) -> StoreCheck {
    let CheckReport { instances, pieces, events, complete, mut problems } = report;
    let ok = problems.is_empty();
    if problems.len() > TOLD {
        let more = problems.len() - TOLD + 1;
        problems.truncate(TOLD - 1);
        problems.push(format!("and {more} more"));
    }
    StoreCheck { at, seconds, ok, checked: Checked { instances, pieces, events, complete }, problems }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partita_engine::kernel::Timestamp;

    #[test]
    fn so_many_problems_are_told_and_no_more() {
        for (found, told, last) in [(TOLD, TOLD, "p"), (TOLD + 1, TOLD, "and 2 more")] {
            let report = CheckReport { problems: vec!["p".to_owned(); found], ..CheckReport::default() };
            let check = shown(report, Time(Timestamp(0)), 1.0);
            assert_eq!((check.problems.len(), check.problems.last().unwrap().as_str()), (told, last));
            assert!(!check.ok);
        }
    }
}

//! The server, its store, its limits, what it offers.

use crate::answer::{Answer, Refusal, ok};
use crate::app::Shared;
use crate::extract::JsonBody;
use axum::extract::State;
use partita_api::problem::ProblemKind;
use partita_api::{About, Backup, BackupReport, Configuration, Limits, Retention, Setting, StoreInfo, Time};
use std::path::{Component, Path, PathBuf};

/// `GET /api/v1/about`
pub(crate) async fn about(State(app): State<Shared>) -> Answer {
    let engine = &app.engine;
    let (info, now) = (engine.store_info().await?, engine.now());
    let not_ready = app.ready().err().map(|refusal| refusal.0.detail.clone());
    ok(&About {
        product: "Partita".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: Time(app.started_at),
        uptime_seconds: now.since(app.started_at).as_secs_f64(),
        now: Time(now),
        owner: engine.config().owner.clone(),
        partitions: engine.store().partitions(),
        ready: not_ready.is_none(),
        not_ready,
        store: StoreInfo::from(&info),
    })
}

/// `GET /api/v1/limits`
pub(crate) async fn limits(State(app): State<Shared>) -> Answer {
    ok(&Limits::of(app.engine.config(), app.body_bytes()))
}

/// `GET /api/v1/configuration`
pub(crate) async fn configuration(State(app): State<Shared>) -> Answer {
    let settings = app.options.configuration.iter().map(|shown| Setting {
        key: shown.key.to_owned(),
        value: shown.value.clone(),
        origin: shown.origin.to_string(),
        help: shown.help.to_owned(),
    });
    ok(&Configuration { settings: settings.collect() })
}

/// `GET /api/v1/retention`
pub(crate) async fn retention(State(app): State<Shared>) -> Answer {
    ok(&Retention::from(app.engine.config()))
}

#[derive(Default, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct BackupBody(Option<Backup>);

/// `POST /api/v1/store/backup`
pub(crate) async fn backup(
    State(app): State<Shared>,
    JsonBody(BackupBody(body)): JsonBody<BackupBody>,
) -> Answer {
    let Some(allowed) = &app.options.backup_dir else {
        let detail = "backups are not allowed; set backup-dir to the folder within which they may be made";
        return Err(Refusal::new(ProblemKind::NotAllowed, detail));
    };
    let Some(body) = body else {
        return Err(Refusal::invalid("the body names no folder: {\"folder\": \"...\"}"));
    };
    let folder = within(allowed, &body.folder)?;
    let began = app.engine.now();
    app.engine.store().backup(&folder).await.map_err(partita_engine::EngineError::from)?;
    let seconds = app.engine.now().since(began).as_secs_f64();
    ok(&BackupReport { folder: folder.display().to_string(), seconds })
}

/// A folder inside of the allowed one, named from there.
fn within(allowed: &Path, asked: &str) -> Result<PathBuf, Refusal> {
    let plain = Path::new(asked).components().all(|part| matches!(part, Component::Normal(_)));
    if asked.is_empty() || !plain {
        let detail = format!("{asked:?} is not the name of a folder inside of the one that is allowed");
        return Err(Refusal::new(ProblemKind::NotAllowed, detail));
    }
    Ok(allowed.join(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_stay_where_they_are_allowed() {
        let of = |asked| within(Path::new("/backups"), asked).ok();
        assert_eq!(of("monday/a"), Some(PathBuf::from("/backups/monday/a")));
        for bad in ["", "/etc", "../x", "a/../../x", "."] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}

//! `partita store`.

use crate::api::Api;
use crate::args::{GlobalArgs, StoreCommand};
use crate::exit::{Exit, Failure, Result};
use crate::output::{Printer, fields};
use partita_api::{About, Backup, BackupReport, StoreInfo, paths};
use partita_store::Store;
use partita_store_embedded::{EmbeddedStore, Options, maintenance};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

pub(super) async fn run(command: &StoreCommand, global: &GlobalArgs, printer: &Printer) -> Result<Exit> {
    match command {
        StoreCommand::Check { folder } => check(folder, printer),
        StoreCommand::Compact { folder } => compact(folder, printer),
        StoreCommand::Backup { target, from } => backup(target, from.as_deref(), global, printer).await,
        StoreCommand::Info { folder } => info(folder.as_deref(), global, printer).await,
    }
}

/// A folder that holds a store.
fn existing(folder: &Path) -> Result<&Path> {
    if folder.join("partita.db").is_file() || folder.join("journal").is_dir() {
        return Ok(folder);
    }
    Err(Failure::new(Exit::NotFound, format!("{} holds no store", folder.display()))
        .advise("name the folder that --data-dir named: `partita serve` keeps everything in partita-data"))
}

fn check(folder: &Path, printer: &Printer) -> Result<Exit> {
    let report = maintenance::check(existing(folder)?)?;
    let healthy = report.problems.is_empty();
    let value = json!({
        "healthy": healthy,
        "frames": report.frames,
        "unfolded": report.unfolded,
        "torn": report.torn,
        "instances": report.instances,
        "pieces": report.pieces,
        "problems": report.problems,
    });
    printer.either(&value, || {
        let summary = format!(
            "{}: {} instances, {} pieces of histories, {} frames in the journal ({} not in the tables yet)",
            if healthy { "all is well" } else { "the store is damaged" },
            report.instances,
            report.pieces,
            report.frames,
            report.unfolded,
        );
        let torn = (report.torn > 0).then(|| {
            format!("{} torn at the journal's end, by a crash: nobody was told that they hold", report.torn)
        });
        let problems = report.problems.iter().map(|problem| format!("  - {problem}"));
        std::iter::once(summary).chain(torn).chain(problems).collect()
    })?;
    Ok(if healthy { Exit::Ok } else { Exit::Failed })
}

fn compact(folder: &Path, printer: &Printer) -> Result<Exit> {
    let done = maintenance::compact(existing(folder)?)?;
    let value = json!({ "before": done.before, "after": done.after });
    printer
        .either(&value, || Vec::from([format!("{} before, {} now", size(done.before), size(done.after))]))?;
    Ok(Exit::Ok)
}

async fn backup(target: &Path, from: Option<&Path>, global: &GlobalArgs, printer: &Printer) -> Result<Exit> {
    let report = match from {
        Some(folder) => copy(existing(folder)?, target).await?,
        None => {
            let body = Backup { folder: target.display().to_string() };
            Api::new(global)?.post(paths::BACKUP, &body).await?
        }
    };
    printer
        .either(&report, || Vec::from([format!("copied to {} in {:.1}s", report.folder, report.seconds)]))?;
    Ok(Exit::Ok)
}

/// Copies a store that nobody has open.
async fn copy(folder: &Path, target: &Path) -> Result<BackupReport> {
    let began = Instant::now();
    let store = EmbeddedStore::open(folder, Options::default())?;
    let copied = store.backup(target).await;
    store.close().await?;
    copied?;
    Ok(BackupReport { folder: target.display().to_string(), seconds: began.elapsed().as_secs_f64() })
}

async fn info(folder: Option<&Path>, global: &GlobalArgs, printer: &Printer) -> Result<Exit> {
    let info = match folder {
        Some(folder) => {
            let store = EmbeddedStore::open(existing(folder)?, Options::default())?;
            let info = store.info().await;
            store.close().await?;
            StoreInfo::from(&info?)
        }
        None => Api::new(global)?.get::<About>(paths::ABOUT, &[]).await?.store,
    };
    printer.either(&info, || {
        let rows = [
            ("kind", info.kind.as_str().into()),
            ("place", info.location.as_str().into()),
            ("instances", info.instances.to_string().into()),
            ("on disk", size(info.disk_bytes).into()),
            ("only in the journal", size(info.unfolded_bytes).into()),
        ];
        fields(rows, printer)
    })?;
    Ok(Exit::Ok)
}

/// `4.2 MiB`.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let power = (bytes.ilog2() / 10).min(4);
    let unit = UNITS.get(usize::try_from(power).unwrap_or(1) - 1).copied().unwrap_or("B");
    let tenths = u128::from(bytes) * 10 / (1_u128 << (10 * power));
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_readable() {
        let shown = [5, 1024, 1536, 5 << 20, 3 << 30, 1 << 50].map(size);
        assert_eq!(shown, ["5 B", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.0 GiB", "1024.0 TiB"]);
    }
}

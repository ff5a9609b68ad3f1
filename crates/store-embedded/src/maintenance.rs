//! What operators do to a store: check it, copy it, make it smaller.

use crate::disk::{Disk, RealDisk};
use crate::lock::FolderLock;
use crate::segments::number_of;
use crate::store::{DATABASE, EmbeddedStore, JOURNAL, Options, disk_bytes};
use crate::{db, replay, tally};
use futures::executor::block_on;
use partita_store::{Store, StoreError};
use rusqlite::Connection;
use rusqlite::backup::Backup;
use std::path::Path;

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Whole frames in the journal.
    pub frames: u64,
    /// Entries of the journal that are not in the tables yet; they will be when the store is opened.
    pub unfolded: u64,
    /// Frames at the journal's end that a crash had torn; nobody was ever told that they hold.
    pub torn: u64,
    /// Instances in the tables.
    pub instances: u64,
    /// Pieces of histories in the tables.
    pub pieces: u64,
    /// Events in them.
    pub events: u64,
    /// What is wrong, each in a sentence. Empty when all is well.
    pub problems: Vec<String>,
}

/// What compacting did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes on disk before.
    pub before: u64,
    /// Bytes on disk after.
    pub after: u64,
}

/// Checks a store that nobody has open: every frame of the journal, the database's own structure, and that
/// each history is whole.
///
/// # Errors
/// When it cannot be looked at: it is not there, in use, or of another version. Damage is no error here but
/// stands in the report.
pub fn check(folder: &Path) -> Result<Report, StoreError> {
    let _lock = lock_existing(folder)?;
    let mut report = Report::default();
    let position = match check_tables(folder, &mut report) {
        Ok(position) => position,
        Err(StoreError::Corrupt(problem)) => {
            report.problems.push(problem);
            return Ok(report);
        }
        Err(other) => return Err(other),
    };
    let mut unfolded = 0;
    let journal = folder.join(JOURNAL);
    match replay::verify(&RealDisk, &journal, position, &mut |sequence, _| {
        unfolded += u64::from(sequence > position);
        Ok(())
    }) {
        Ok(found) => {
            report.frames = found.frames;
            report.torn = found.torn;
        }
        Err(StoreError::Corrupt(problem)) => report.problems.push(problem),
        Err(other) => return Err(other),
    }
    report.unfolded = unfolded;
    Ok(report)
}

fn lock_existing(folder: &Path) -> Result<FolderLock, StoreError> {
    if !folder.join(DATABASE).is_file() {
        return Err(StoreError::Unavailable(format!("{} holds no store", folder.display())));
    }
    FolderLock::take(folder)
}

/// Checks the tables and returns the last entry that they hold.
fn check_tables(folder: &Path, report: &mut Report) -> Result<u64, StoreError> {
    let conn = db::open_existing(&folder.join(DATABASE))?;
    check_structure(&conn, "integrity_check", report)?;
    check_instances(&conn, report)?;
    check_histories(&conn, report)?;
    if db::has_tally(&conn).map_err(db::wrong)? {
        tally::check(&conn, &mut report.problems)?;
    }
    let position = db::meta(&conn, "position").map_err(db::wrong)?;
    Ok(position.unwrap_or(0).unsigned_abs())
}

/// Has SQLite check its own structure, by one of its two pragmas for that.
pub(crate) fn check_structure(
    conn: &Connection,
    pragma: &str,
    report: &mut Report,
) -> Result<(), StoreError> {
    let mut integrity = conn.prepare(&format!("PRAGMA {pragma}")).map_err(db::wrong)?;
    let lines = integrity.query_map([], |row| row.get::<_, String>(0)).map_err(db::wrong)?;
    for line in lines {
        let line = line.map_err(db::wrong)?;
        if line != "ok" {
            report.problems.push(format!("partita.db: {line}"));
        }
    }
    Ok(())
}

pub(crate) fn check_instances(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    let mut select = conn.prepare("SELECT id, head, state FROM instances").map_err(db::wrong)?;
    let mut rows = select.query([]).map_err(db::wrong)?;
    while let Some(row) = rows.next().map_err(db::wrong)? {
        report.instances += 1;
        let whole = crate::read::blob(row, 1).and_then(|_| crate::read::blob(row, 2));
        if let Err(error) = whole {
            let id: String = row.get(0).map_err(db::wrong)?;
            report.problems.push(format!("the instance {id}: {error}"));
        }
    }
    Ok(())
}

pub(crate) fn check_histories(conn: &Connection, report: &mut Report) -> Result<(), StoreError> {
    let sql = "SELECT instance, first, count, events, id FROM history
               LEFT JOIN instances ON instances.row = history.instance ORDER BY history.key";
    let mut select = conn.prepare(sql).map_err(db::wrong)?;
    let mut rows = select.query([]).map_err(db::wrong)?;
    let mut expected = (0_i64, 0_i64);
    while let Some(row) = rows.next().map_err(db::wrong)? {
        report.pieces += 1;
        let number = |column| row.get::<_, i64>(column).map_err(db::wrong);
        let (instance, first, count) = (number(0)?, number(1)?, number(2)?);
        report.events += count.unsigned_abs();
        let next = if expected.0 == instance { expected.1 } else { 0 };
        let Some(id) = row.get::<_, Option<String>>(4).map_err(db::wrong)? else {
            report.problems.push(format!("a history belongs to row {instance}, where no instance is"));
            continue;
        };
        if first != next {
            report
                .problems
                .push(format!("the history of {id} has a gap: {first} follows where {next} should"));
        }
        if let Err(error) = crate::read::blob(row, 3) {
            report.problems.push(format!("the history of {id} from event {first} on: {error}"));
        }
        expected = (instance, first + count);
    }
    Ok(())
}

/// Makes a store smaller that nobody has open: everything goes into the tables, these are written anew
/// without gaps, and the journal is emptied.
///
/// # Errors
/// When it is in use or damaged, or there is not as much room again as the database takes.
pub fn compact(folder: &Path) -> Result<Compacted, StoreError> {
    drop(lock_existing(folder)?);
    let size = || disk_bytes(folder) + disk_bytes(&folder.join(JOURNAL));
    let before = size();
    let store = EmbeddedStore::open(folder, Options::default())?;
    block_on(store.folded())?;
    block_on(store.close())?;
    drop(store);
    let _lock = lock_existing(folder)?;
    let conn = db::open_existing(&folder.join(DATABASE))?;
    conn.execute_batch("VACUUM").map_err(db::wrong)?;
    if db::checkpoint(&conn, true).map_err(db::wrong)? {
        empty_journal(&folder.join(JOURNAL))?;
    }
    drop(conn);
    Ok(Compacted { before, after: size() })
}

fn empty_journal(journal: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", journal.display()));
    for (name, _) in RealDisk.list(journal).map_err(failed)? {
        if number_of(&name).is_some() || name.starts_with("spare.") {
            RealDisk.remove(&journal.join(name)).map_err(failed)?;
        }
    }
    RealDisk.sync_folder(journal).map_err(failed)
}

/// Copies the tables as they are at one moment into a new folder, which opens as a store.
pub(crate) fn copy_tables(database: &Path, folder: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let target = folder.join(DATABASE);
    if target.exists() {
        return Err(StoreError::Unsupported(format!(
            "{} holds a store already; name a folder that does not",
            folder.display()
        )));
    }
    let unfinished = folder.join("partita.db.unfinished");
    let source = db::open_reader(database)?;
    let mut copy = Connection::open(&unfinished).map_err(db::wrong)?;
    // All pages in one step: then it is one state, and no writer can make it begin anew.
    Backup::new(&source, &mut copy).and_then(|backup| backup.step(-1)).map_err(db::wrong)?;
    copy.close().map_err(|(_, error)| db::wrong(error))?;
    std::fs::File::open(&unfinished).and_then(|file| file.sync_all()).map_err(failed)?;
    std::fs::rename(&unfinished, &target).map_err(failed)?;
    RealDisk.sync_folder(folder).map_err(failed)
}

//! Looking for damage in a store that is in use.
//!
//! The tables are read as they were at one moment, over a connection that cannot write. The journal is left out:
//! it is being written, and every frame of it is checked when the store is opened.

use crate::db;
use crate::maintenance::{Report, check_histories, check_instances, check_structure};
use crate::tally;
use partita_store::{CheckReport, FileSize, StoreError};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc;
use std::time::Duration;

/// How long each of the two parts of a check may take: what is in the tables, and their structure. Room in the
/// database's log is not used again meanwhile.
pub(crate) const PART: Duration = Duration::from_secs(20);

type Part = fn(&Connection, &mut Report) -> Result<(), StoreError>;

/// Checks the tables.
pub(crate) fn check(database: &Path, part: Duration) -> Result<CheckReport, StoreError> {
    let conn = db::open_reader(database)?;
    let mut report = Report::default();
    let mut complete = true;
    conn.execute_batch("BEGIN").map_err(db::wrong)?;
    let parts: [Part; 2] = [
        |conn, report| {
            check_instances(conn, report)?;
            check_histories(conn, report)?;
            tally::check(conn, &mut report.problems)
        },
        |conn, report| check_structure(conn, "quick_check", report),
    ];
    for check in parts {
        match within(&conn, part, |conn| check(conn, &mut report)) {
            Ok(in_time) => complete &= in_time,
            Err(StoreError::Corrupt(problem)) => report.problems.push(problem),
            Err(other) => return Err(other),
        }
    }
    let Report { instances, pieces, events, problems, .. } = report;
    Ok(CheckReport { instances, pieces, events, complete, problems })
}

/// Asks something for at most so long. False when the time was up before the answer was complete.
fn within(
    conn: &Connection,
    limit: Duration,
    question: impl FnOnce(&Connection) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let late = Arc::new(AtomicBool::new(false));
    let (answered, answer) = mpsc::channel::<()>();
    let (interrupt, noted) = (conn.get_interrupt_handle(), late.clone());
    let clock = std::thread::Builder::new().name("partita-check-clock".into()).spawn(move || {
        if answer.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
            noted.store(true, SeqCst);
            interrupt.interrupt();
        }
    });
    let clock = clock.map_err(|error| StoreError::Unavailable(format!("starting a thread: {error}")))?;
    let outcome = question(conn);
    drop(answered);
    let _ = clock.join();
    match outcome {
        Err(StoreError::Unavailable(_)) if late.load(SeqCst) => Ok(false),
        outcome => outcome.map(|()| true),
    }
}

/// The files of a store.
pub(crate) fn files(folder: &Path, journal: &str) -> Vec<FileSize> {
    let mut files = of_folder(folder, "");
    files.extend(of_folder(&folder.join(journal), &format!("{journal}/")));
    files
}

fn of_folder(folder: &Path, prefix: &str) -> Vec<FileSize> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let data = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        Some(FileSize { name, bytes: data.len() })
    });
    files.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_that_takes_too_long_is_broken_off() {
        let endless = |conn: &Connection| {
            let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
            conn.query_row(sql, [], |_| Ok(())).map_err(db::wrong)
        };
        let conn = Connection::open_in_memory().unwrap();
        assert_eq!(within(&conn, Duration::from_millis(20), endless), Ok(false));
        assert_eq!(within(&conn, Duration::from_secs(60), |_| Ok(())), Ok(true));
        let wrong = |_: &Connection| Err(StoreError::Corrupt("a page".into()));
        assert_eq!(within(&conn, PART, wrong), Err(StoreError::Corrupt("a page".into())));
    }
}

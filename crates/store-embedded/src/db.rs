//! The tables: SQLite, which people can read with any of its tools.

use crate::tally;
use partita_store::StoreError;
use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, params};
use std::borrow::Cow;
use std::path::Path;
use std::time::Duration;

/// The version of the tables.
pub(crate) const FORMAT: i64 = 2;
/// The version before: without the table `tally`, which is made when such a store is opened. Others are refused.
const WITHOUT_TALLY: i64 = 1;
/// How many events a history may have: its number and its instance's share one key.
pub(crate) const HISTORY_EVENTS: u32 = 1 << 20;

const APPLICATION: i64 = 0x5061_7274; // "Part"
const SCHEMA: &str = include_str!("schema.sql");
/// How many instances there are of each name and status.
const TALLY: &str = "
    CREATE TABLE tally (
        name TEXT NOT NULL, status INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (name, status)
    ) STRICT, WITHOUT ROWID;";
/// Blobs longer than this are compressed, if that makes them shorter.
const COMPRESS_BYTES: usize = 4 << 10;
const RAW: u8 = 0;
const ZSTD: u8 = 1;
/// Statements that each connection keeps prepared.
const STATEMENTS: usize = 64;

/// What an error of SQLite means for whoever called the store.
#[allow(clippy::needless_pass_by_value)] // made for `map_err`
pub(crate) fn wrong(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(format!("partita.db cannot grow: {error}")),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt(format!("partita.db: {error}; `partita store check` says what is affected"))
        }
        Some(ErrorCode::DatabaseLocked | ErrorCode::DatabaseBusy) => {
            StoreError::Locked(format!("partita.db is held by another program: {error}"))
        }
        _ => StoreError::Unavailable(format!("partita.db: {error}")),
    }
}

/// Opens the tables to write, and makes them if there are none.
pub(crate) fn open_writer(path: &Path, partitions: u16) -> Result<Connection, StoreError> {
    let conn = Connection::open(path).map_err(wrong)?;
    check_version(&conn)?;
    set_up_writer(&conn).map_err(wrong)?;
    if version(&conn).map_err(wrong)? == 0 {
        create(&conn, partitions).map_err(wrong)?;
    }
    if version(&conn).map_err(wrong)? == WITHOUT_TALLY {
        add_tally(&conn).map_err(wrong)?;
    }
    Ok(conn)
}

/// Opens tables that must be there, to look after them.
pub(crate) fn open_existing(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(wrong)?;
    check_version(&conn)?;
    Ok(conn)
}

/// Opens the tables to read only.
pub(crate) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(wrong)?;
    check_version(&conn)?;
    set_up_reader(&conn).map_err(wrong)?;
    Ok(conn)
}

fn set_up_writer(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "journal_mode", "WAL")?;
    conn.pragma_update(None, "synchronous", "NORMAL")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "cache_size", -24 * 1024)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

fn set_up_reader(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "cache_size", -16 * 1024)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("contains_in_any_case", 2, flags, |context| {
        let text = context.get_raw(0).as_str().unwrap_or_default();
        let part = context.get_raw(1).as_str().unwrap_or_default();
        Ok(partita_store::query::contains_in_any_case(text, part))
    })
}

fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn check_version(conn: &Connection) -> Result<(), StoreError> {
    match version(conn).map_err(wrong)? {
        0 | WITHOUT_TALLY | FORMAT => Ok(()),
        other => Err(StoreError::Version(format!(
            "partita.db has the format {other} and this program reads {FORMAT}; use the version of Partita that wrote it"
        ))),
    }
}

fn create(conn: &Connection, partitions: u16) -> rusqlite::Result<()> {
    let transaction = conn.unchecked_transaction()?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute_batch(TALLY)?;
    set_meta(&transaction, "partitions", i64::from(partitions))?;
    set_meta(&transaction, "position", 0)?;
    set_meta(&transaction, "instances", 0)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()?;
    checkpoint(conn, true).map(|_| ())
}

fn add_tally(conn: &Connection) -> rusqlite::Result<()> {
    let transaction = conn.unchecked_transaction()?;
    transaction.execute_batch(TALLY)?;
    tally::fill(&transaction)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

/// Whether the table `tally` is there.
pub(crate) fn has_tally(conn: &Connection) -> rusqlite::Result<bool> {
    Ok(version(conn)? == FORMAT)
}

/// A number that the store keeps for itself.
pub(crate) fn meta(conn: &Connection, key: &str) -> rusqlite::Result<Option<i64>> {
    conn.prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

/// Keeps a number.
pub(crate) fn set_meta(conn: &Connection, key: &str, value: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2";
    conn.prepare_cached(sql)?.execute(params![key, value]).map(|_| ())
}

/// Writes the write-ahead log back into the database file and syncs that. Says whether all of it was.
pub(crate) fn checkpoint(conn: &Connection, truncate: bool) -> rusqlite::Result<bool> {
    let mode = if truncate { "PRAGMA wal_checkpoint(TRUNCATE)" } else { "PRAGMA wal_checkpoint(PASSIVE)" };
    conn.query_row(mode, [], |row| {
        let (busy, in_log, written): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && in_log == written)
    })
}

/// The form in which a blob lies in the tables: a byte that says how, then the bytes.
pub(crate) fn pack(bytes: &[u8]) -> Vec<u8> {
    if bytes.len() > COMPRESS_BYTES
        && let Ok(packed) = zstd::bulk::compress(bytes, 1)
        && packed.len() + 8 < bytes.len()
    {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        return [&[ZSTD], length.to_le_bytes().as_slice(), &packed].concat();
    }
    [&[RAW], bytes].concat()
}

/// What [`pack`] packed.
///
/// # Errors
/// When that cannot be told.
pub(crate) fn unpack(stored: &[u8]) -> Result<Cow<'_, [u8]>, StoreError> {
    let damaged = |why: &str| {
        StoreError::Corrupt(format!(
            "a blob in partita.db {why}; `partita store check` says which are affected"
        ))
    };
    match stored.split_first() {
        Some((&RAW, bytes)) => Ok(Cow::Borrowed(bytes)),
        Some((&ZSTD, rest)) => {
            let (length, packed) = rest.split_first_chunk().ok_or_else(|| damaged("is cut off"))?;
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(0);
            let bytes = zstd::bulk::decompress(packed, length).map_err(|_| damaged("cannot be unpacked"))?;
            Ok(Cow::Owned(bytes))
        }
        _ => Err(damaged("has an unknown form")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_read_back_at_the_edge_of_compression() {
        for length in [0, 1, COMPRESS_BYTES, COMPRESS_BYTES + 1, 100_000] {
            let bytes = vec![7; length];
            let packed = pack(&bytes);
            assert_eq!(unpack(&packed).unwrap(), bytes);
            assert_eq!(packed.len() < bytes.len(), length > COMPRESS_BYTES);
        }
    }

    #[test]
    fn an_unknown_form_is_damage() {
        assert!(matches!(unpack(&[9, 9]), Err(StoreError::Corrupt(_))));
        assert!(matches!(unpack(&[]), Err(StoreError::Corrupt(_))));
        assert!(matches!(unpack(&[ZSTD, 1]), Err(StoreError::Corrupt(_))));
    }
}

//! Putting one layer of changes into the tables.

use crate::db;
use crate::overlay::{Cell, Live, Overlay, Wiped};
use crate::tally::Tally;
use partita_kernel::{InstanceId, Partition, Payload, Tags};
use partita_store::{Events, HeadRecord, StateRecord};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// How many instances one transaction takes in, so that none is long.
const INSTANCES: usize = 2_000;
/// Runs of events are joined into pieces of about this many bytes.
const PIECE_BYTES: usize = 64 << 10;
/// The bits of a history key below its instance's row.
const FIRST_BITS: u32 = 20;

/// Added to the status of entities, so that lists of instances pass them by.
pub(crate) const ENTITY: u8 = 16;

/// The key under which a piece of history lies.
pub(crate) fn history_key(row: i64, first: u32) -> i64 {
    (row << FIRST_BITS) | i64::from(first)
}

/// Puts a layer into the tables. It may be repeated with the same layer or one that begins with it: every
/// write puts the newest state in place of what is there. So the layer need not be one transaction; only
/// the last of its transactions moves the position.
pub(crate) fn fold(conn: &Connection, layer: &Overlay, partitions: u16) -> rusqlite::Result<i64> {
    let mut cells: Vec<_> = layer.cells.iter().collect();
    // In the order of the index, neighbours share its pages.
    cells.sort_unstable_by_key(|(id, _)| *id);
    let mut instances = db::meta(conn, "instances")?.unwrap_or(0);
    let mut chunks = cells.chunks(INSTANCES).peekable();
    loop {
        let transaction = conn.unchecked_transaction()?;
        let mut writer = Writer { conn: &transaction, partitions, tally: Tally::default() };
        for (id, cell) in chunks.next().unwrap_or_default() {
            instances += writer.cell(id, cell)?;
        }
        writer.tally.write(&transaction)?;
        db::set_meta(&transaction, "instances", instances)?;
        if chunks.peek().is_some() {
            transaction.commit()?;
            continue;
        }
        fold_rest(&transaction, layer)?;
        db::set_meta(&transaction, "position", i64::try_from(layer.through).unwrap_or(i64::MAX))?;
        transaction.commit()?;
        return Ok(instances);
    }
}

fn fold_rest(conn: &Connection, layer: &Overlay) -> rusqlite::Result<()> {
    fold_messages(conn, layer)?;
    for (key, value) in &layer.settings {
        match value {
            Some(value) => {
                let sql = "INSERT INTO settings (key, value) VALUES (?1, ?2)
                           ON CONFLICT (key) DO UPDATE SET value = ?2";
                conn.prepare_cached(sql)?.execute(params![key, value])?;
            }
            None => {
                conn.prepare_cached("DELETE FROM settings WHERE key = ?1")?.execute([key])?;
            }
        }
    }
    for (partition, epoch) in &layer.epochs {
        let sql = "INSERT INTO epochs (partition, epoch) VALUES (?1, ?2)
                   ON CONFLICT (partition) DO UPDATE SET epoch = ?2";
        conn.prepare_cached(sql)?.execute(params![partition.0, i64::try_from(*epoch).unwrap_or(i64::MAX)])?;
    }
    Ok(())
}

fn fold_messages(conn: &Connection, layer: &Overlay) -> rusqlite::Result<()> {
    let any: bool =
        conn.prepare_cached("SELECT EXISTS (SELECT 1 FROM messages)")?.query_row([], |row| row.get(0))?;
    if any {
        let mut delete = conn.prepare_cached("DELETE FROM messages WHERE id = ?1")?;
        for id in &layer.consumed {
            delete.execute([id.0.to_be_bytes().as_slice()])?;
        }
    }
    let sql =
        "INSERT OR IGNORE INTO messages (partition, place, id, target, message) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = conn.prepare_cached(sql)?;
    for ((partition, place), message) in &layer.sent {
        let id = message.id.0.to_be_bytes();
        let place = i64::try_from(*place).unwrap_or(i64::MAX);
        let bytes = db::pack(&message.bytes);
        insert.execute(params![partition.0, place, id.as_slice(), message.target.as_str(), bytes])?;
    }
    Ok(())
}

struct Writer<'a> {
    conn: &'a Connection,
    partitions: u16,
    tally: Tally,
}

/// A row that is there.
struct Found {
    row: i64,
    name: String,
    status: u8,
}

impl Writer<'_> {
    /// Writes one instance and returns how many there are more.
    fn cell(&mut self, id: &InstanceId, cell: &Cell) -> rusqlite::Result<i64> {
        let found = self.find(id)?;
        match (cell, found) {
            (Cell::Gone, None) => Ok(0),
            (Cell::Gone, Some(Found { row, name, status })) => {
                self.remove_tags(row)?;
                self.remove_history(row, 0)?;
                self.conn.prepare_cached("DELETE FROM instances WHERE row = ?1")?.execute([row])?;
                self.tally.add(&name, status, -1);
                Ok(-1)
            }
            (Cell::Live(live), Some(found)) => {
                self.update(found.row, live)?;
                self.recount(id, &found, live);
                Ok(0)
            }
            (Cell::Live(live), None) => self.insert(id, live),
        }
    }

    fn find(&self, id: &InstanceId) -> rusqlite::Result<Option<Found>> {
        let mut find = self.conn.prepare_cached("SELECT row, name, status FROM instances WHERE id = ?1")?;
        let found =
            |row: &rusqlite::Row<'_>| Ok(Found { row: row.get(0)?, name: row.get(1)?, status: row.get(2)? });
        find.query_row([id.as_str()], found).optional()
    }

    fn recount(&mut self, id: &InstanceId, before: &Found, live: &Live) {
        let name = live.head.as_ref().map_or(before.name.as_str(), |head| &*head.name);
        let status = stored_status(id, live);
        if (name, status) != (before.name.as_str(), before.status) {
            self.tally.add(&before.name, before.status, -1);
            self.tally.add(name, status, 1);
        }
    }

    fn insert(&mut self, id: &InstanceId, live: &Live) -> rusqlite::Result<i64> {
        let Some(head) = &live.head else {
            tracing::error!(%id, "an instance without a head was committed and is left out");
            return Ok(0);
        };
        let state = &live.state;
        let partition = Partition::of(id, self.partitions).0;
        self.conn.prepare_cached(INSERT)?.execute(params![
            id.as_str(),
            partition,
            stored_status(id, live),
            &*head.name,
            head.version.as_deref(),
            head.created_at.0,
            state.updated_at.0,
            state.completed_at.map(|at| at.0),
            state.next_wake.map(|at| at.0),
            state.recover,
            state.set_aside,
            head.parent.as_ref().map(InstanceId::as_str),
            tags_text(&head.tags),
            state.custom_status.as_ref().map(Payload::as_str),
            db::pack(&head.bytes),
            db::pack(&state.bytes),
        ])?;
        let row = self.conn.last_insert_rowid();
        self.tally.add(&head.name, stored_status(id, live), 1);
        self.add_tags(row, &head.tags)?;
        self.add_history(row, &live.runs)?;
        Ok(1)
    }

    fn update(&self, row: i64, live: &Live) -> rusqlite::Result<()> {
        match &live.head {
            Some(head) => self.update_all(row, head, &live.state)?,
            None => self.update_state(row, &live.state)?,
        }
        // An earlier attempt at this layer may have cut the same events into other pieces.
        let kept =
            if live.wiped == Wiped::Nothing { live.runs.first().map(|run| run.first) } else { Some(0) };
        if let Some(first) = kept {
            self.remove_history(row, first)?;
        }
        self.add_history(row, &live.runs)
    }

    fn update_state(&self, row: i64, state: &StateRecord) -> rusqlite::Result<()> {
        self.conn.prepare_cached(UPDATE_STATE)?.execute(params![
            row,
            state.status.code(),
            state.updated_at.0,
            state.completed_at.map(|at| at.0),
            state.next_wake.map(|at| at.0),
            state.recover,
            state.set_aside,
            state.custom_status.as_ref().map(Payload::as_str),
            db::pack(&state.bytes),
        ])?;
        Ok(())
    }

    fn update_all(&self, row: i64, head: &HeadRecord, state: &StateRecord) -> rusqlite::Result<()> {
        self.remove_tags(row)?;
        self.update_state(row, state)?;
        self.conn.prepare_cached(UPDATE_HEAD)?.execute(params![
            row,
            &*head.name,
            head.version.as_deref(),
            head.created_at.0,
            head.parent.as_ref().map(InstanceId::as_str),
            tags_text(&head.tags),
            db::pack(&head.bytes),
        ])?;
        self.add_tags(row, &head.tags)
    }

    fn add_tags(&self, row: i64, tags: &Tags) -> rusqlite::Result<()> {
        for (key, value) in tags {
            let sql = "INSERT OR IGNORE INTO tags (key, value, instance) VALUES (?1, ?2, ?3)";
            self.conn.prepare_cached(sql)?.execute(params![&**key, &**value, row])?;
        }
        Ok(())
    }

    fn remove_tags(&self, row: i64) -> rusqlite::Result<()> {
        let mut select = self.conn.prepare_cached("SELECT tags FROM instances WHERE row = ?1")?;
        let text: Option<String> = select.query_row([row], |found| found.get(0))?;
        for (key, value) in text.as_deref().map(tags_of).unwrap_or_default() {
            let sql = "DELETE FROM tags WHERE key = ?1 AND value = ?2 AND instance = ?3";
            self.conn.prepare_cached(sql)?.execute(params![&*key, &*value, row])?;
        }
        Ok(())
    }

    fn remove_history(&self, row: i64, first: u32) -> rusqlite::Result<()> {
        let mut delete = self.conn.prepare_cached("DELETE FROM history WHERE key BETWEEN ?1 AND ?2")?;
        delete.execute([history_key(row, first), history_key(row, db::HISTORY_EVENTS - 1)])?;
        Ok(())
    }

    fn add_history(&self, row: i64, runs: &[Events]) -> rusqlite::Result<()> {
        let sql = "INSERT OR REPLACE INTO history (key, count, events) VALUES (?1, ?2, ?3)";
        let mut insert = self.conn.prepare_cached(sql)?;
        let mut runs = runs.iter().peekable();
        while let Some(first) = runs.next() {
            let mut bytes = std::borrow::Cow::Borrowed(&first.bytes);
            let mut count = first.count;
            while let Some(next) = runs.next_if(|next| bytes.len() + next.bytes.len() <= PIECE_BYTES) {
                bytes.to_mut().extend_from_slice(&next.bytes);
                count += next.count;
            }
            insert.execute(params![history_key(row, first.first), count, db::pack(&bytes)])?;
        }
        Ok(())
    }
}

fn stored_status(id: &InstanceId, live: &Live) -> u8 {
    live.state.status.code() | if id.is_entity() { ENTITY } else { 0 }
}

const INSERT: &str = "
    INSERT INTO instances (id, partition, status, name, version, created_at, updated_at, completed_at,
        next_wake, recover, set_aside, parent, tags, custom_status, head, state)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

const UPDATE_STATE: &str = "
    UPDATE instances SET status = ?2 | (status & 16), updated_at = ?3, completed_at = ?4, next_wake = ?5, recover = ?6,
        set_aside = ?7, custom_status = ?8, state = ?9
    WHERE row = ?1";

const UPDATE_HEAD: &str = "
    UPDATE instances SET name = ?2, version = ?3, created_at = ?4, parent = ?5, tags = ?6, head = ?7
    WHERE row = ?1";

fn tags_text(tags: &Tags) -> Option<String> {
    if tags.is_empty() {
        return None;
    }
    let plain: BTreeMap<&str, &str> = tags.iter().map(|(key, value)| (&**key, &**value)).collect();
    serde_json::to_string(&plain).ok()
}

/// The tags that a row's JSON text tells.
pub(crate) fn tags_of(text: &str) -> Tags {
    let plain: BTreeMap<String, String> = serde_json::from_str(text).unwrap_or_default();
    plain.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
}

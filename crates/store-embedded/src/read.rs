//! Questions about one instance or one partition: the layers that are not folded yet, over the tables.

use crate::db::{self, unpack, wrong};
use crate::overlay::{Cell, Live, Overlay, Wiped};
use crate::shared::{Layers, Shared};
use crate::tables::history_key;
use partita_kernel::{InstanceId, Partition, Timestamp};
use partita_store::{Events, HistoryPage, MessageId, StoreError, StoredInstance, StoredMessage};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Asks the tables, and again if in the meantime a layer began to be folded that `look` has not seen.
fn stable<S, T>(
    shared: &Shared,
    look: impl Fn(&Layers) -> S,
    ask: impl Fn(S) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    loop {
        let (seen, swaps) = {
            let layers = shared.layers.lock();
            (look(&layers), layers.swaps)
        };
        let answer = ask(seen)?;
        if shared.layers.lock().swaps == swaps {
            return Ok(answer);
        }
    }
}

/// The layers, the newest first.
fn overlays(layers: &Layers) -> impl Iterator<Item = &Overlay> {
    std::iter::once(&layers.active).chain(layers.folding.as_deref())
}

/// What the layers know of an instance's two records.
enum Known {
    Gone,
    Live { head: Option<Vec<u8>>, state: Option<Vec<u8>> },
}

fn known(layers: &Layers, id: &InstanceId) -> Known {
    let (mut head, mut state) = (None, None);
    for layer in overlays(layers) {
        match layer.cells.get(id) {
            Some(Cell::Gone) if state.is_none() => return Known::Gone,
            // Only a head that came after the deletion counts, and that would have been seen already.
            Some(Cell::Gone) => break,
            Some(Cell::Live(live)) => {
                state = state.or_else(|| Some(live.state.bytes.clone()));
                head = head.or_else(|| live.head.as_ref().map(|head| head.bytes.clone()));
            }
            None => {}
        }
    }
    Known::Live { head, state }
}

/// An instance's records.
pub(crate) fn load(
    shared: &Shared,
    id: &InstanceId,
    ask: impl Fn(
        &dyn Fn(&Connection) -> Result<Option<StoredInstance>, StoreError>,
    ) -> Result<Option<StoredInstance>, StoreError>,
) -> Result<Option<StoredInstance>, StoreError> {
    stable(
        shared,
        |layers| known(layers, id),
        |known| match known {
            Known::Gone => Ok(None),
            Known::Live { head: Some(head), state: Some(state) } => {
                Ok(Some(StoredInstance { id: id.clone(), head, state }))
            }
            Known::Live { state, .. } => {
                let found = ask(&|conn| load_from_tables(conn, id))?;
                Ok(found.map(|found| StoredInstance { state: state.unwrap_or(found.state), ..found }))
            }
        },
    )
}

fn load_from_tables(conn: &Connection, id: &InstanceId) -> Result<Option<StoredInstance>, StoreError> {
    let mut select = conn.prepare_cached("SELECT head, state FROM instances WHERE id = ?1").map_err(wrong)?;
    let mut rows = select.query([id.as_str()]).map_err(wrong)?;
    let Some(row) = rows.next().map_err(wrong)? else { return Ok(None) };
    Ok(Some(StoredInstance { id: id.clone(), head: blob(row, 0)?, state: blob(row, 1)? }))
}

/// The unpacked blob of a column.
pub(crate) fn blob(row: &rusqlite::Row<'_>, column: usize) -> Result<Vec<u8>, StoreError> {
    let stored = row.get_ref(column).map_err(wrong)?.as_blob().unwrap_or_default();
    unpack(stored).map(std::borrow::Cow::into_owned)
}

/// What the layers know of a history: its newest runs, and where the tables' part ends.
struct Newest {
    runs: Vec<Events>,
    /// The tables count before this event; `None` when no layer has any event.
    from: Option<u32>,
    /// Whether the tables' part counts at all.
    below: bool,
    gone: bool,
    live: bool,
}

fn newest(layers: &Layers, id: &InstanceId) -> Newest {
    let mut newest = Newest { runs: Vec::new(), from: None, below: true, gone: false, live: false };
    for layer in overlays(layers) {
        match layer.cells.get(id) {
            Some(Cell::Gone) => {
                newest.gone = !newest.live;
                newest.below = false;
            }
            Some(Cell::Live(live)) => newest.add(live),
            None => {}
        }
        if !newest.below {
            break;
        }
    }
    newest
}

impl Newest {
    fn add(&mut self, live: &Live) {
        self.live = true;
        let newer = std::mem::take(&mut self.runs);
        self.runs = live.runs.clone();
        self.runs.extend(newer);
        self.from = live.first().or(self.from);
        self.below = live.wiped == Wiped::Nothing && self.from != Some(0);
    }

    fn total(&self) -> Option<u32> {
        self.runs.last().map(|run| run.first + run.count).or((!self.below).then_some(0))
    }
}

/// A part of a history.
pub(crate) fn history(
    shared: &Shared,
    id: &InstanceId,
    from: u32,
    max_bytes: usize,
    ask: impl Fn(
        &dyn Fn(&Connection) -> Result<Option<HistoryPage>, StoreError>,
    ) -> Result<Option<HistoryPage>, StoreError>,
) -> Result<Option<HistoryPage>, StoreError> {
    stable(
        shared,
        |layers| newest(layers, id),
        |newest| {
            if newest.gone {
                return Ok(None);
            }
            let enough =
                newest.total().filter(|_| !newest.below || newest.from.is_some_and(|first| first <= from));
            if let Some(total) = enough {
                return Ok(Some(cut(newest.runs, from, max_bytes, total)));
            }
            ask(&|conn| history_with_tables(conn, id, from, max_bytes, &newest))
        },
    )
}

fn history_with_tables(
    conn: &Connection,
    id: &InstanceId,
    from: u32,
    max_bytes: usize,
    newest: &Newest,
) -> Result<Option<HistoryPage>, StoreError> {
    // One transaction, so that both questions see the same state.
    let conn = conn.unchecked_transaction().map_err(wrong)?;
    let mut find = conn.prepare_cached("SELECT row FROM instances WHERE id = ?1").map_err(wrong)?;
    let row: Option<i64> = find.query_row([id.as_str()], |row| row.get(0)).optional().map_err(wrong)?;
    let Some(row) = row else {
        let total = newest.total().unwrap_or(0);
        return Ok(newest.live.then(|| cut(newest.runs.clone(), from, max_bytes, total)));
    };
    let total = match newest.total() {
        Some(total) => total,
        None => total_of(&conn, row)?,
    };
    let mut runs = pieces(&conn, row, from, newest.from.unwrap_or(u32::MAX), max_bytes)?;
    runs.extend(newest.runs.iter().cloned());
    Ok(Some(cut(runs, from, max_bytes, total)))
}

fn total_of(conn: &Connection, row: i64) -> Result<u32, StoreError> {
    let sql = "SELECT first + count FROM history WHERE key BETWEEN ?1 AND ?2 ORDER BY key DESC LIMIT 1";
    let mut select = conn.prepare_cached(sql).map_err(wrong)?;
    let keys = [history_key(row, 0), history_key(row, db::HISTORY_EVENTS - 1)];
    Ok(select.query_row(keys, |row| row.get(0)).optional().map_err(wrong)?.unwrap_or(0))
}

/// Pieces of a history in the tables: from the one that holds `from` to before `until`.
fn pieces(
    conn: &Connection,
    row: i64,
    from: u32,
    until: u32,
    max_bytes: usize,
) -> Result<Vec<Events>, StoreError> {
    let from = from.min(db::HISTORY_EVENTS - 1);
    let last = until.min(db::HISTORY_EVENTS);
    let sql = "SELECT first, count, events FROM history
               WHERE key >= coalesce((SELECT max(key) FROM history WHERE key BETWEEN ?1 AND ?2), ?1) AND key < ?3
               ORDER BY key";
    let mut select = conn.prepare_cached(sql).map_err(wrong)?;
    let keys = [history_key(row, 0), history_key(row, from), (row << 20) + i64::from(last)];
    let mut found = select.query(keys).map_err(wrong)?;
    let (mut runs, mut bytes) = (Vec::new(), 0);
    while let Some(piece) = found.next().map_err(wrong)? {
        let events = Events {
            first: piece.get(0).map_err(wrong)?,
            count: piece.get(1).map_err(wrong)?,
            bytes: blob(piece, 2)?,
        };
        if events.first + events.count > from {
            bytes += events.bytes.len();
            runs.push(events);
        }
        if bytes > max_bytes {
            break;
        }
    }
    Ok(runs)
}

fn cut(runs: Vec<Events>, from: u32, max_bytes: usize, total: u32) -> HistoryPage {
    let mut bytes = 0;
    let wanted = runs.into_iter().filter(|run| run.first + run.count > from);
    let runs = wanted
        .take_while(|run| {
            let enough = bytes > max_bytes;
            bytes += run.bytes.len();
            !enough
        })
        .collect();
    HistoryPage { runs, total }
}

/// Which wake-ups of a partition are due.
pub(crate) fn due(
    shared: &Shared,
    partition: Partition,
    until: Timestamp,
    limit: usize,
    ask: impl Fn(
        &dyn Fn(&Connection) -> Result<Vec<(Timestamp, InstanceId)>, StoreError>,
    ) -> Result<Vec<(Timestamp, InstanceId)>, StoreError>,
) -> Result<Vec<(Timestamp, InstanceId)>, StoreError> {
    loop {
        let (folding, swaps) = {
            let layers = shared.layers.lock();
            (layers.folding.clone(), layers.swaps)
        };
        let hidden = |id: &str| {
            folding.as_ref().is_some_and(|folding| folding.cells.contains_key(id))
                || shared.layers.lock().active.cells.contains_key(id)
        };
        let mut due = ask(&|conn| due_in_tables(conn, partition, until, limit, &hidden))?;
        let layers = shared.layers.lock();
        let active = &layers.active;
        // Whatever changed while the tables were read might be missed or told twice.
        if layers.swaps != swaps || due.iter().any(|(_, id)| active.cells.contains_key(id)) {
            continue;
        }
        due.extend(due_in(active, partition, until, limit, &|_| false));
        if let Some(folding) = &folding {
            due.extend(due_in(folding, partition, until, limit, &|id| active.cells.contains_key(id)));
        }
        drop(layers);
        due.sort_unstable();
        due.truncate(limit);
        return Ok(due);
    }
}

fn due_in(
    layer: &Overlay,
    partition: Partition,
    until: Timestamp,
    limit: usize,
    hidden: &dyn Fn(&InstanceId) -> bool,
) -> Vec<(Timestamp, InstanceId)> {
    let from = (partition, Timestamp(i64::MIN), InstanceId::trusted(""));
    let due = layer.wakes.range(from..).take_while(|(of, at, _)| *of == partition && *at <= until);
    let shown = due.filter(|(_, _, id)| !hidden(id));
    shown.take(limit).map(|(_, at, id)| (*at, id.clone())).collect()
}

fn due_in_tables(
    conn: &Connection,
    partition: Partition,
    until: Timestamp,
    limit: usize,
    hidden: &dyn Fn(&str) -> bool,
) -> Result<Vec<(Timestamp, InstanceId)>, StoreError> {
    let sql =
        "SELECT next_wake, id FROM instances WHERE partition = ?1 AND next_wake <= ?2 ORDER BY next_wake";
    let mut select = conn.prepare_cached(sql).map_err(wrong)?;
    let mut rows = select.query(params![partition.0, until.0]).map_err(wrong)?;
    let mut due = Vec::new();
    while due.len() < limit
        && let Some(row) = rows.next().map_err(wrong)?
    {
        let id = row.get_ref(1).map_err(wrong)?.as_str().unwrap_or_default();
        if !hidden(id) {
            due.push((Timestamp(row.get(0).map_err(wrong)?), InstanceId::trusted(id)));
        }
    }
    Ok(due)
}

/// Which instances of a partition ask for recovery.
pub(crate) fn recoverable(
    shared: &Shared,
    conn: &Connection,
    partition: Partition,
    after: Option<&InstanceId>,
    limit: usize,
) -> Result<Vec<InstanceId>, StoreError> {
    stable(
        shared,
        |layers| recover_changes(layers, shared.partitions, partition, after),
        |changes| {
            let mut ids: BTreeSet<InstanceId> =
                changes.iter().filter(|(_, recover)| **recover).map(|(id, _)| id.clone()).collect();
            let sql = "SELECT id FROM instances WHERE partition = ?1 AND recover = 1 AND id > ?2 ORDER BY id";
            let mut select = conn.prepare_cached(sql).map_err(wrong)?;
            let after = after.map_or("", InstanceId::as_str);
            let mut rows = select.query(params![partition.0, after]).map_err(wrong)?;
            let mut found = 0;
            while found < limit
                && let Some(row) = rows.next().map_err(wrong)?
            {
                let id = row.get_ref(0).map_err(wrong)?.as_str().unwrap_or_default();
                if !changes.contains_key(id) {
                    ids.insert(InstanceId::trusted(id));
                    found += 1;
                }
            }
            Ok(ids.into_iter().take(limit).collect())
        },
    )
}

/// The instances of a partition in the layers, and whether each asks for recovery.
fn recover_changes(
    layers: &Layers,
    partitions: u16,
    partition: Partition,
    after: Option<&InstanceId>,
) -> BTreeMap<InstanceId, bool> {
    let mut changes = BTreeMap::new();
    for (id, cell) in overlays(layers).flat_map(|layer| &layer.cells) {
        if Partition::of(id, partitions) == partition && after.is_none_or(|after| id > after) {
            let recover = matches!(cell, Cell::Live(live) if live.state.recover);
            changes.entry(id.clone()).or_insert(recover);
        }
    }
    changes
}

/// What a partition's inboxes hold, oldest first.
pub(crate) fn messages(
    shared: &Shared,
    conn: &Connection,
    partition: Partition,
) -> Result<Vec<StoredMessage>, StoreError> {
    stable(
        shared,
        |layers| message_changes(layers, partition),
        |(sent, consumed)| {
            let mut all = messages_in_tables(conn, partition)?;
            all.retain(|_, message| !consumed.contains(&message.id));
            all.extend(sent);
            let mut seen: HashSet<MessageId> = HashSet::with_capacity(all.len());
            Ok(all.into_values().filter(|message| seen.insert(message.id)).collect())
        },
    )
}

type Inbox = BTreeMap<u64, StoredMessage>;

/// What the layers add to an inbox, and what they take out of the tables' part of it.
fn message_changes(layers: &Layers, partition: Partition) -> (Inbox, HashSet<MessageId>) {
    let mut sent = Inbox::new();
    let mut consumed = HashSet::new();
    for layer in overlays(layers) {
        let of_partition = layer.sent.range((partition, 0)..=(partition, u64::MAX));
        let shown = of_partition.filter(|(_, message)| !consumed.contains(&message.id));
        sent.extend(shown.map(|((_, place), message)| (*place, message.clone())));
        consumed.extend(layer.consumed.iter().copied());
    }
    (sent, consumed)
}

fn messages_in_tables(conn: &Connection, partition: Partition) -> Result<Inbox, StoreError> {
    let sql = "SELECT place, id, target, message FROM messages WHERE partition = ?1";
    let mut select = conn.prepare_cached(sql).map_err(wrong)?;
    let mut rows = select.query([partition.0]).map_err(wrong)?;
    let mut inbox = Inbox::new();
    while let Some(row) = rows.next().map_err(wrong)? {
        let place: i64 = row.get(0).map_err(wrong)?;
        let id: [u8; 16] = row.get(1).map_err(wrong)?;
        let target = InstanceId::trusted(row.get_ref(2).map_err(wrong)?.as_str().unwrap_or_default());
        let message = StoredMessage { id: MessageId(u128::from_be_bytes(id)), target, bytes: blob(row, 3)? };
        inbox.insert(place.unsigned_abs(), message);
    }
    Ok(inbox)
}

/// A named value.
pub(crate) fn setting(
    shared: &Shared,
    key: &str,
    ask: impl Fn(
        &dyn Fn(&Connection) -> Result<Option<Vec<u8>>, StoreError>,
    ) -> Result<Option<Vec<u8>>, StoreError>,
) -> Result<Option<Vec<u8>>, StoreError> {
    stable(
        shared,
        |layers| overlays(layers).find_map(|layer| layer.settings.get(key).cloned()),
        |newest| match newest {
            Some(value) => Ok(value),
            None => ask(&|conn| {
                let mut select =
                    conn.prepare_cached("SELECT value FROM settings WHERE key = ?1").map_err(wrong)?;
                select.query_row([key], |row| row.get(0)).optional().map_err(wrong)
            }),
        },
    )
}

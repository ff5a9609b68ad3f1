//! Lists and counts: which index leads, and what is left to be filtered.
//!
//! SQLite's planner knows nothing of how the values are spread, and a wrong guess costs a scan of a million
//! rows. So the index is chosen here, after a look at how many rows a condition would leave.

use crate::db::wrong;
use crate::read::blob;
use crate::tables::{ENTITY, tags_of};
use crate::tally;
use partita_kernel::{InstanceId, Status, Timestamp};
use partita_store::{Counts, Filter, Order, Page, Query, Row, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params_from_iter};

/// So few rows are simply sorted.
const FEW: u32 = 2_000;
/// So many workflow names may each be looked up on their own.
const NAMES: usize = 64;

/// Conditions with their values.
#[derive(Clone, Default)]
struct Conditions {
    texts: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, text: &str, values: impl IntoIterator<Item = Value>) {
        self.texts.push(text.to_owned());
        self.values.extend(values);
    }

    fn with(mut self, text: &str, values: impl IntoIterator<Item = Value>) -> Self {
        self.add(text, values);
        self
    }

    fn text(&self) -> String {
        if self.texts.is_empty() { String::new() } else { format!(" WHERE {}", self.texts.join(" AND ")) }
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// The index that leads through a list.
struct Lead {
    index: &'static str,
    /// One walk along the index for each of these.
    walks: Vec<Conditions>,
    /// Whether the walks take in the filter's statuses and names.
    statuses: bool,
    names: bool,
}

impl Lead {
    fn single(index: &'static str, conditions: Conditions) -> Self {
        Self { index, walks: vec![conditions], statuses: false, names: false }
    }
}

/// A page of instances.
pub(crate) fn query(conn: &Connection, query: &Query) -> Result<Page, StoreError> {
    let conn = conn.unchecked_transaction().map_err(wrong)?;
    let lead = lead(&conn, query)?;
    let mut rest = conditions(&query.filter, !lead.statuses, !lead.names);
    after(query, &mut rest);
    let mut rows = Vec::new();
    for walk in &lead.walks {
        let mut all = walk.clone();
        all.texts.extend(rest.texts.iter().cloned());
        all.values.extend(rest.values.iter().cloned());
        walk_index(&conn, query, lead.index, &all, &mut rows)?;
    }
    rows.sort_by_cached_key(|row| query.order.place(row));
    if query.order.is_descending() {
        rows.reverse();
    }
    Ok(Page::cut(query, rows))
}

fn walk_index(
    conn: &Connection,
    query: &Query,
    index: &str,
    conditions: &Conditions,
    rows: &mut Vec<Row>,
) -> Result<(), StoreError> {
    let records = if query.with_records { ", head, state" } else { "" };
    let order = match query.order {
        Order::CreatedDescending => "created_at DESC, id DESC",
        Order::CreatedAscending => "created_at, id",
        Order::UpdatedDescending => "updated_at DESC, id DESC",
        Order::IdAscending => "id",
    };
    let sql = format!(
        "SELECT id, name, version, status, created_at, updated_at, completed_at, parent, tags, custom_status,
             set_aside{records}
         FROM instances{index}{} ORDER BY {order} LIMIT {}",
        conditions.text(),
        query.limit.saturating_add(1).min(1 << 31)
    );
    let mut select = conn.prepare_cached(&sql).map_err(wrong)?;
    let mut found = select.query(params_from_iter(&conditions.values)).map_err(wrong)?;
    while let Some(row) = found.next().map_err(wrong)? {
        rows.push(read_row(row, query.with_records)?);
    }
    Ok(())
}

fn read_row(row: &rusqlite::Row<'_>, with_records: bool) -> Result<Row, StoreError> {
    let records = if with_records { Some((blob(row, 11)?, blob(row, 12)?)) } else { None };
    let id: String = row.get(0).map_err(wrong)?;
    let status = status_of(row.get(3).map_err(wrong)?)?;
    read_fields(row, &id, status, records).map_err(wrong)
}

fn read_fields(
    row: &rusqlite::Row<'_>,
    id: &str,
    status: Status,
    records: Option<(Vec<u8>, Vec<u8>)>,
) -> rusqlite::Result<Row> {
    let optional = |column: usize| row.get::<_, Option<String>>(column);
    Ok(Row {
        id: InstanceId::trusted(id),
        name: row.get::<_, String>(1)?.into(),
        version: optional(2)?.map(Into::into),
        status,
        created_at: Timestamp(row.get(4)?),
        updated_at: Timestamp(row.get(5)?),
        completed_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
        parent: optional(7)?.map(|parent| InstanceId::trusted(&parent)),
        tags: optional(8)?.map(|tags| tags_of(&tags)).unwrap_or_default(),
        custom_status: optional(9)?.map(Into::into),
        set_aside: row.get(10)?,
        records,
    })
}

fn status_of(code: u8) -> Result<Status, StoreError> {
    Status::from_code(code & !ENTITY).ok_or_else(|| {
        StoreError::Corrupt(format!(
            "partita.db holds the status {code}; `partita store check` says which are affected"
        ))
    })
}

/// How many instances pass a filter, by status.
pub(crate) fn count(conn: &Connection, filter: &Filter) -> Result<Counts, StoreError> {
    let conditions = conditions(filter, true, true);
    let counted = if tally::answers(filter) { "sum(count) FROM tally" } else { "count(*) FROM instances" };
    let sql = format!("SELECT status, {counted}{} GROUP BY status", conditions.text());
    let mut select = conn.prepare_cached(&sql).map_err(wrong)?;
    let mut found = select.query(params_from_iter(&conditions.values)).map_err(wrong)?;
    let mut counts = Counts::default();
    while let Some(row) = found.next().map_err(wrong)? {
        let status = status_of(row.get(0).map_err(wrong)?)?;
        let count: i64 = row.get(1).map_err(wrong)?;
        counts.by_status.push((status, count.unsigned_abs()));
    }
    counts.by_status.sort_unstable();
    Ok(counts)
}

fn lead(conn: &Connection, query: &Query) -> Result<Lead, StoreError> {
    let filter = &query.filter;
    if let Some(parent) = &filter.parent {
        let of_parent = Conditions::default().with("parent = ?", [text(parent.as_str())]);
        return Ok(by_status(" INDEXED BY instances_by_parent", filter, &[of_parent]));
    }
    if filter.set_aside == Some(true) {
        let set_aside = Conditions::default().with("set_aside = 1", []);
        return Ok(by_status(" INDEXED BY instances_set_aside", filter, &[set_aside]));
    }
    if let Some(lead) = few_by_tag(conn, filter)? {
        return Ok(lead);
    }
    if let Some(lead) = by_prefix(conn, query)? {
        return Ok(lead);
    }
    if let Some(lead) = by_name(conn, query)? {
        return Ok(lead);
    }
    match query.order {
        Order::CreatedAscending | Order::CreatedDescending => {
            Ok(by_status(" INDEXED BY instances_by_status", filter, &[Conditions::default()]))
        }
        Order::UpdatedDescending => {
            Ok(by_status(" INDEXED BY instances_by_update", filter, &[Conditions::default()]))
        }
        Order::IdAscending => by_id(conn, filter),
    }
}

/// Walks for each status that may be wanted: within one, the index is in the order of the list.
fn by_status(index: &'static str, filter: &Filter, firsts: &[Conditions]) -> Lead {
    let mut statuses =
        if filter.statuses.is_empty() { Status::ALL.to_vec() } else { filter.statuses.clone() };
    statuses.sort_unstable();
    statuses.dedup();
    let walks = firsts.iter().flat_map(|first| {
        statuses.iter().map(|status| first.clone().with(&format!("status = {}", stored(filter, *status)), []))
    });
    Lead { index, walks: walks.collect(), statuses: true, names: false }
}

/// The stored form of a status that a filter wants.
fn stored(filter: &Filter, status: Status) -> u8 {
    status.code() | if filter.entities { ENTITY } else { 0 }
}

fn codes(filter: &Filter) -> Vec<String> {
    filter.statuses.iter().map(|status| stored(filter, *status).to_string()).collect()
}

fn few_by_tag(conn: &Connection, filter: &Filter) -> Result<Option<Lead>, StoreError> {
    for (key, value) in &filter.tags {
        let tag = Conditions::default().with("key = ? AND value = ?", [text(key), text(value)]);
        if is_few(conn, "tags", &tag)? {
            let rows = "row IN (SELECT instance FROM tags WHERE key = ? AND value = ?)";
            return Ok(Some(Lead::single(" NOT INDEXED", Conditions::default().with(rows, tag.values))));
        }
    }
    Ok(None)
}

fn by_prefix(conn: &Connection, query: &Query) -> Result<Option<Lead>, StoreError> {
    let Some(prefix) = &query.filter.id_prefix else { return Ok(None) };
    let mut range = Conditions::default();
    add_prefix(&mut range, "id", prefix);
    let index = " INDEXED BY instances_by_id";
    let leads = query.order == Order::IdAscending || is_few(conn, &format!("instances{index}"), &range)?;
    Ok(leads.then(|| Lead::single(index, range)))
}

fn by_name(conn: &Connection, query: &Query) -> Result<Option<Lead>, StoreError> {
    if query.filter.names.is_empty() {
        return Ok(None);
    }
    let Some(names) = names_meant(conn, &query.filter.names)? else { return Ok(None) };
    let index = " INDEXED BY instances_by_name";
    let firsts: Vec<_> =
        names.iter().map(|name| Conditions::default().with("name = ?", [text(name)])).collect();
    let created = matches!(query.order, Order::CreatedAscending | Order::CreatedDescending);
    if !created {
        let marks = vec!["?"; names.len()].join(", ");
        let any =
            Conditions::default().with(&format!("name IN ({marks})"), names.iter().map(|name| text(name)));
        if !is_few(conn, &format!("instances{index}"), &any)? {
            return Ok(None);
        }
    }
    Ok(Some(Lead { names: true, ..by_status(index, &query.filter, &firsts) }))
}

fn by_id(conn: &Connection, filter: &Filter) -> Result<Lead, StoreError> {
    if !filter.statuses.is_empty() {
        let lead = by_status(" INDEXED BY instances_by_status", filter, &[Conditions::default()]);
        let codes = codes(filter);
        let any = Conditions::default().with(&format!("status IN ({})", codes.join(", ")), []);
        if is_few(conn, &format!("instances{}", lead.index), &any)? {
            return Ok(lead);
        }
    }
    Ok(Lead::single(" INDEXED BY instances_by_id", Conditions::default()))
}

/// Whether only few rows hold to these conditions.
fn is_few(conn: &Connection, table: &str, conditions: &Conditions) -> Result<bool, StoreError> {
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM {table}{} LIMIT {})", conditions.text(), FEW + 1);
    let mut select = conn.prepare_cached(&sql).map_err(wrong)?;
    let count: u32 =
        select.query_row(params_from_iter(&conditions.values), |row| row.get(0)).map_err(wrong)?;
    Ok(count <= FEW)
}

/// The workflow names that are meant, unless they are too many.
fn names_meant(conn: &Connection, patterns: &[String]) -> Result<Option<Vec<String>>, StoreError> {
    let mut names = std::collections::BTreeSet::new();
    for pattern in patterns {
        match pattern.strip_suffix('*') {
            None => {
                names.insert(pattern.clone());
            }
            Some(prefix) => {
                let mut sql = "SELECT min(name) FROM instances WHERE name >= ?1";
                let mut from = prefix.to_owned();
                while let Some(name) = next_name(conn, sql, &from)?.filter(|name| name.starts_with(prefix)) {
                    sql = "SELECT min(name) FROM instances WHERE name > ?1";
                    from.clone_from(&name);
                    names.insert(name);
                    if names.len() > NAMES {
                        return Ok(None);
                    }
                }
            }
        }
    }
    Ok((names.len() <= NAMES).then(|| names.into_iter().collect()))
}

fn next_name(conn: &Connection, sql: &str, from: &str) -> Result<Option<String>, StoreError> {
    let mut select = conn.prepare_cached(sql).map_err(wrong)?;
    let name: Option<Option<String>> =
        select.query_row([from], |row| row.get(0)).optional().map_err(wrong)?;
    Ok(name.flatten())
}

/// The conditions of a filter, but for those that the index takes in.
fn conditions(filter: &Filter, statuses: bool, names: bool) -> Conditions {
    let mut all = Conditions::default();
    if statuses && filter.statuses.is_empty() {
        all.add(&format!("status {} {ENTITY}", if filter.entities { ">=" } else { "<" }), []);
    }
    if statuses && !filter.statuses.is_empty() {
        let codes = codes(filter);
        all.add(&format!("status IN ({})", codes.join(", ")), []);
    }
    if names && !filter.names.is_empty() {
        add_names(&mut all, &filter.names);
    }
    if let Some(prefix) = &filter.id_prefix {
        add_prefix(&mut all, "id", prefix);
    }
    if let Some(part) = &filter.id_contains {
        all.add("contains_in_any_case(id, ?)", [text(part)]);
    }
    for (key, value) in &filter.tags {
        let tagged = "EXISTS (SELECT 1 FROM tags WHERE key = ? AND value = ? AND instance = instances.row)";
        all.add(tagged, [text(key), text(value)]);
    }
    add_times(&mut all, filter);
    if let Some(parent) = &filter.parent {
        all.add("parent = ?", [text(parent.as_str())]);
    }
    if filter.roots_only {
        all.add("parent IS NULL", []);
    }
    if let Some(set_aside) = filter.set_aside {
        all.add(if set_aside { "set_aside = 1" } else { "set_aside = 0" }, []);
    }
    all
}

fn add_times(all: &mut Conditions, filter: &Filter) {
    let limits = [
        ("created_at >= ?", filter.created_from),
        ("created_at < ?", filter.created_to),
        ("updated_at >= ?", filter.updated_from),
        ("updated_at < ?", filter.updated_to),
        ("completed_at >= ?", filter.completed_from),
        ("completed_at < ?", filter.completed_to),
    ];
    for (condition, at) in limits {
        if let Some(at) = at {
            all.add(condition, [Value::Integer(at.0)]);
        }
    }
}

fn add_names(all: &mut Conditions, names: &[String]) {
    let mut any = Conditions::default();
    for name in names {
        match name.strip_suffix('*') {
            None => any.add("name = ?", [text(name)]),
            Some(prefix) => {
                let mut range = Conditions::default();
                add_prefix(&mut range, "name", prefix);
                any.add(&format!("({})", range.texts.join(" AND ")), range.values);
            }
        }
    }
    all.add(&format!("({})", any.texts.join(" OR ")), any.values);
}

fn add_prefix(all: &mut Conditions, column: &str, prefix: &str) {
    all.add(&format!("{column} >= ?"), [text(prefix)]);
    if let Some(end) = after_prefix(prefix) {
        all.add(&format!("{column} < ?"), [text(&end)]);
    }
}

/// The least text that is greater than all that begin with `prefix`, if there is one.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            kept.push(next);
            return Some(kept);
        }
    }
    None
}

/// Leaves out what came on earlier pages.
fn after(query: &Query, all: &mut Conditions) {
    let Some(cursor) = &query.after else { return };
    let id = text(cursor.id.as_str());
    let at = Value::Integer(cursor.at.0);
    match query.order {
        Order::IdAscending => all.add("id > ?", [id]),
        Order::CreatedDescending => {
            all.add("created_at <= ? AND (created_at < ? OR id < ?)", [at.clone(), at, id]);
        }
        Order::CreatedAscending => {
            all.add("created_at >= ? AND (created_at > ? OR id > ?)", [at.clone(), at, id]);
        }
        Order::UpdatedDescending => {
            all.add("updated_at <= ? AND (updated_at < ? OR id < ?)", [at.clone(), at, id]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::after_prefix;

    #[test]
    fn the_end_of_a_prefix() {
        assert_eq!(after_prefix("ab").as_deref(), Some("ac"));
        assert_eq!(after_prefix("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{D7FF}").as_deref(), Some("\u{E000}"));
        assert_eq!(after_prefix("\u{10FFFF}"), None);
        assert_eq!(after_prefix(""), None);
    }
}

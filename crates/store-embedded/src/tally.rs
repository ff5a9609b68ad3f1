//! How many instances there are of each workflow and status, kept so that nobody has to count a million rows.

use crate::db::wrong;
use partita_store::{Filter, StoreError};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// The table, and its content from the instances that are there.
const FILL: &str = "
    DELETE FROM tally;
    INSERT INTO tally (name, status, count) SELECT name, status, count(*) FROM instances GROUP BY name, status;";

/// What one transaction changes.
#[derive(Default)]
pub(crate) struct Tally(BTreeMap<String, BTreeMap<u8, i64>>);

impl Tally {
    /// Counts an instance of this name and stored status, or no longer.
    pub(crate) fn add(&mut self, name: &str, status: u8, by: i64) {
        match self.0.get_mut(name) {
            Some(of_name) => *of_name.entry(status).or_default() += by,
            None => drop(self.0.insert(name.to_owned(), BTreeMap::from([(status, by)]))),
        }
    }

    /// Brings the changes into the table, within the transaction that makes them.
    pub(crate) fn write(self, conn: &Connection) -> rusqlite::Result<()> {
        let sql = "INSERT INTO tally (name, status, count) VALUES (?1, ?2, ?3)
                   ON CONFLICT (name, status) DO UPDATE SET count = count + ?3";
        let mut change = conn.prepare_cached(sql)?;
        let mut clear =
            conn.prepare_cached("DELETE FROM tally WHERE name = ?1 AND status = ?2 AND count = 0")?;
        for (name, of_name) in &self.0 {
            for (status, by) in of_name.iter().filter(|(_, by)| **by != 0) {
                change.execute(params![name, status, by])?;
                if *by < 0 {
                    clear.execute(params![name, status])?;
                }
            }
        }
        Ok(())
    }
}

/// Fills the table from the instances.
pub(crate) fn fill(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute_batch(FILL)
}

/// Whether a filter asks for nothing but names and statuses, which the table answers.
pub(crate) fn answers(filter: &Filter) -> bool {
    let rest = Filter { entities: false, statuses: Vec::new(), names: Vec::new(), ..filter.clone() };
    rest == Filter::default()
}

/// Says where the table does not agree with the instances.
pub(crate) fn check(conn: &Connection, problems: &mut Vec<String>) -> Result<(), StoreError> {
    let sql = "
        SELECT name, status, sum(kept), sum(found) FROM (
            SELECT name, status, count AS kept, 0 AS found FROM tally
            UNION ALL SELECT name, status, 0, count(*) FROM instances GROUP BY name, status)
        GROUP BY name, status HAVING sum(kept) <> sum(found)";
    let mut select = conn.prepare(sql).map_err(wrong)?;
    let mut rows = select.query([]).map_err(wrong)?;
    while let Some(row) = rows.next().map_err(wrong)? {
        let name: String = row.get(0).map_err(wrong)?;
        let number = |column| row.get::<_, i64>(column).map_err(wrong);
        let (status, kept, found) = (number(1)?, number(2)?, number(3)?);
        problems.push(format!(
            "{kept} instances of {name:?} are counted with status {status}, and {found} are there"
        ));
    }
    Ok(())
}

//! Entities, for people.

use super::instance::{json, words};
use super::{Cell, Printer, Style, Table, fields};
use partita_api::{Entity, EntityLock};

/// States longer than this are cut in lists.
const IN_LISTS: usize = 60;

/// A list of entities.
pub(crate) fn entities_table(entities: &[Entity], printer: &Printer) -> Table {
    let mut table = Table::new(["NAME", "KEY", "CHANGED", "WAITING", "LOCKED BY", "STATE"]);
    for entity in entities {
        let state = match &entity.state {
            Some(state) => words(state),
            None if entity.has_state => "yes".to_owned(),
            None => "none".to_owned(),
        };
        table.row([
            entity.name.as_str().into(),
            key(&entity.key).into(),
            printer.moment(entity.updated_at).into(),
            entity.queue_length.to_string().into(),
            entity.lock.as_ref().map_or_else(Cell::default, holder),
            state.chars().take(IN_LISTS).collect::<String>().into(),
        ]);
    }
    table
}

/// The empty key as it is written on the command line.
fn key(key: &str) -> &str {
    if key.is_empty() { "''" } else { key }
}

fn holder(lock: &EntityLock) -> Cell {
    Cell::new(Style::Waiting, lock.instance_id.as_str())
}

/// One entity.
pub(crate) fn entity_fields(entity: &Entity, printer: &Printer) -> Vec<String> {
    let mut rows: Vec<(&'static str, Cell)> = Vec::from([
        ("id", entity.id.as_str().into()),
        ("name", entity.name.as_str().into()),
        ("key", key(&entity.key).into()),
        ("began", printer.moment(entity.created_at).into()),
        ("changed", printer.moment(entity.updated_at).into()),
        ("waiting", entity.queue_length.to_string().into()),
    ]);
    if let Some(lock) = &entity.lock {
        rows.push(("locked by", holder(lock)));
        rows.push(("since", printer.moment(lock.since).into()));
    }
    rows.push(("state", entity.state.as_ref().map_or_else(|| Cell::new(Style::Faint, "none"), json)));
    fields(rows, printer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Cli;
    use clap::Parser;

    fn entity(key: &str, state: &str, locked: bool) -> Entity {
        let lock = r#"{"instanceId":"i","section":"s","since":"2026-03-01T12:00:00Z"}"#;
        let lock = if locked { lock } else { "null" };
        let (has_state, state) =
            if state.is_empty() { (false, String::new()) } else { (true, format!(r#","state":{state}"#)) };
        let text = format!(
            r#"{{"id":"@cart@{key}","name":"cart","key":"{key}","createdAt":"2026-03-01T12:00:00Z",
            "updatedAt":"2026-03-01T12:00:00Z","hasState":{has_state},"queueLength":2,"lock":{lock}{state}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn printer() -> Printer {
        let printer = Printer::new(&Cli::parse_from(["partita", "entities", "--color", "never"]).global);
        Printer { terminal: false, width: None, ..printer }
    }

    #[test]
    fn lists_say_who_has_what_locked() {
        let list = [entity("", "7", false), entity("a", "", true)];
        insta::assert_snapshot!(entities_table(&list, &printer()).lines(&printer()).join("\n"), @r"
        NAME  KEY  CHANGED                      WAITING  LOCKED BY  STATE
        cart  ''   2026-03-01T12:00:00.000000Z  2                   7
        cart  a    2026-03-01T12:00:00.000000Z  2        i          none
        ");
    }

    #[test]
    fn one_entity_is_told_with_its_lock() {
        insta::assert_snapshot!(entity_fields(&entity("a", "[1]", true), &printer()).join("\n"), @r"
        id         @cart@a
        name       cart
        key        a
        began      2026-03-01T12:00:00.000000Z
        changed    2026-03-01T12:00:00.000000Z
        waiting    2
        locked by  i
        since      2026-03-01T12:00:00.000000Z
        state      [1]
        ");
    }
}

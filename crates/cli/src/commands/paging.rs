//! Lists that come from the server in pages.

use crate::api::Api;
use crate::args::Output;
use crate::exit::{Exit, Result};
use crate::output::{Printer, Table};
use partita_api::{EntityPage, InstancePage};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is asked for of one page at most.
const PAGE: usize = 500;

/// A page, or all pages put together.
pub(super) trait Page: Serialize + DeserializeOwned + Default {
    type Item: Serialize;
    /// What is in it, and the cursor of the page that follows.
    fn parts(&mut self) -> (&mut Vec<Self::Item>, &mut Option<String>);
}

impl Page for InstancePage {
    type Item = partita_api::InstanceSummary;
    fn parts(&mut self) -> (&mut Vec<Self::Item>, &mut Option<String>) {
        (&mut self.instances, &mut self.next)
    }
}

impl Page for EntityPage {
    type Item = partita_api::Entity;
    fn parts(&mut self) -> (&mut Vec<Self::Item>, &mut Option<String>) {
        (&mut self.entities, &mut self.next)
    }
}

/// How many a command wants.
pub(super) fn wanted(all: bool, limit: u32) -> usize {
    if all { usize::MAX } else { usize::try_from(limit).unwrap_or(usize::MAX) }
}

/// Shows as many as are wanted; `what` they are called is told when there are none. `query` makes the question for one
/// page from its size and its cursor.
pub(super) async fn show<P: Page>(
    api: &Api,
    printer: &Printer,
    path: &str,
    (what, wanted): (&str, usize),
    mut query: impl FnMut(usize, Option<String>) -> Vec<(&'static str, String)>,
    table: impl FnOnce(&[P::Item], &Printer) -> Table,
) -> Result<Exit> {
    let mut list = P::default();
    let (all, next) = list.parts();
    loop {
        let mut page: P = api.get(path, &query(PAGE.min(wanted - all.len()), next.take())).await?;
        let (items, following) = page.parts();
        if printer.format == Output::Jsonl {
            items.iter().try_for_each(|item| printer.json(item))?;
        }
        all.append(items);
        *next = following.take();
        if next.is_none() || all.len() >= wanted {
            break;
        }
    }
    match printer.format {
        Output::Jsonl => {}
        Output::Json => printer.json(&list)?,
        Output::Table if all.is_empty() => printer.note(&format!("no {what}")),
        Output::Table => {
            printer.table(&table(all, printer))?;
            if next.is_some() {
                printer.note("there are more: --all shows them, --limit as many as you want");
            }
        }
    }
    Ok(Exit::Ok)
}

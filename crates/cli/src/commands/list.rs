//! `partita list`.

use crate::api::Api;
use crate::args::{ListArgs, Output};
use crate::exit::{Exit, Result};
use crate::output::{Cell, Printer, Style, Table, list_table, status_style};
use partita_api::{Counts, InstancePage, ListQuery, paths};

/// Instances of one page.
const PAGE: usize = 500;

pub(super) async fn run(api: &Api, printer: &Printer, args: &ListArgs) -> Result<Exit> {
    if args.count {
        return count(api, printer, args).await;
    }
    let wanted = if args.all { usize::MAX } else { usize::try_from(args.limit).unwrap_or(usize::MAX) };
    let mut query = ListQuery {
        filter: args.filter.filter(),
        order: args.order.into(),
        payloads: args.payloads,
        ..ListQuery::default()
    };
    let mut list = InstancePage::default();
    loop {
        query.limit = Some(PAGE.min(wanted - list.instances.len()));
        let page: InstancePage = api.get(paths::INSTANCES, &query.to_pairs()).await?;
        if printer.format == Output::Jsonl {
            page.instances.iter().try_for_each(|instance| printer.json(instance))?;
        }
        list.instances.extend(page.instances);
        list.next = page.next;
        query.cursor.clone_from(&list.next);
        if list.next.is_none() || list.instances.len() >= wanted {
            break;
        }
    }
    match printer.format {
        Output::Jsonl => {}
        Output::Json => printer.json(&list)?,
        Output::Table => table(printer, &list)?,
    }
    Ok(Exit::Ok)
}

fn table(printer: &Printer, list: &InstancePage) -> Result<()> {
    if list.instances.is_empty() {
        printer.note("no instances");
        return Ok(());
    }
    printer.table(&list_table(&list.instances, printer))?;
    if list.next.is_some() {
        printer.note("there are more: --all shows them, --limit as many as you want");
    }
    Ok(())
}

async fn count(api: &Api, printer: &Printer, args: &ListArgs) -> Result<Exit> {
    let counts: Counts = api.get(paths::COUNTS, &args.filter.filter().to_pairs()).await?;
    if printer.format != Output::Table {
        printer.json(&counts)?;
        return Ok(Exit::Ok);
    }
    let mut table = Table::new(["STATUS", "INSTANCES"]);
    for (status, count) in &counts.by_status {
        table.row([Cell::new(status_style(*status), status.to_string()), count.to_string().into()]);
    }
    table.row([Cell::new(Style::Bold, "all"), Cell::new(Style::Bold, counts.total.to_string())]);
    printer.table(&table)?;
    Ok(Exit::Ok)
}

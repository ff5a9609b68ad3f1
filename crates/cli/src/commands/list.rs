//! `partita list`.

use super::paging;
use crate::api::Api;
use crate::args::{ListArgs, Output};
use crate::exit::{Exit, Result};
use crate::output::{Cell, Printer, Style, Table, list_table, status_style};
use partita_api::{Counts, InstancePage, ListQuery, paths};

pub(super) async fn run(api: &Api, printer: &Printer, args: &ListArgs) -> Result<Exit> {
    if args.count {
        return count(api, printer, args).await;
    }
    let mut query = ListQuery {
        filter: args.filter.filter(),
        order: args.order.into(),
        payloads: args.payloads,
        ..ListQuery::default()
    };
    let page = |limit, cursor| {
        (query.limit, query.cursor) = (Some(limit), cursor);
        query.to_pairs()
    };
    let what = ("instances", paging::wanted(args.all, args.limit));
    paging::show::<InstancePage>(api, printer, paths::INSTANCES, what, page, list_table).await
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

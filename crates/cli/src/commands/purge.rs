//! `partita purge`.

use crate::api::Api;
use crate::args::PurgeArgs;
use crate::exit::{Exit, Failure, Result};
use crate::output::Printer;
use partita_api::{Counts, Filter, PurgeReport, paths};
use partita_engine::kernel::Status;
use std::io::{IsTerminal, Write};

pub(super) async fn run(api: &Api, printer: &Printer, args: &PurgeArgs) -> Result<Exit> {
    let report = match &args.id {
        Some(id) => {
            let query = [("recurse", (!args.no_recurse).to_string())];
            api.delete(&paths::instance(id), &query).await?
        }
        None => match ended(args.filter())? {
            filter if args.yes || agreed(api, &filter).await? => all(api, &filter).await?,
            _ => return Err(Failure::new(Exit::Failed, "nothing was purged")),
        },
    };
    printer.either(&report, || Vec::from([format!("{} purged", instances(report.deleted))]))?;
    Ok(Exit::Ok)
}

fn instances(count: u64) -> String {
    if count == 1 { "1 instance".to_owned() } else { format!("{count} instances") }
}

/// The filter, narrowed to what can be purged.
fn ended(mut filter: Filter) -> Result<Filter> {
    if filter.status.is_empty() {
        filter.status =
            Status::ALL.into_iter().filter(|status| status.is_terminal()).map(Into::into).collect();
    }
    match filter.status.iter().find(|status| !status.0.is_terminal()) {
        None => Ok(filter),
        Some(live) => {
            Err(Failure::usage(format!("instances that are {live} cannot be purged: they have not ended"))
                .advise("terminate them first"))
        }
    }
}

/// Asks on the terminal, with the number of instances.
async fn agreed(api: &Api, filter: &Filter) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage("purging several instances needs --yes when nobody can be asked"));
    }
    let counts: Counts = api.get(paths::COUNTS, &filter.to_pairs()).await?;
    let mut stderr = std::io::stderr();
    write!(stderr, "purge {}, for good? [y/N] ", instances(counts.total))?;
    stderr.flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// Asks again until nothing is left.
async fn all(api: &Api, filter: &Filter) -> Result<PurgeReport> {
    let mut sum = PurgeReport::default();
    while !sum.complete {
        let report: PurgeReport = api.delete(paths::INSTANCES, &filter.to_pairs()).await?;
        sum.deleted += report.deleted;
        sum.complete = report.complete || report.deleted == 0;
    }
    Ok(sum)
}

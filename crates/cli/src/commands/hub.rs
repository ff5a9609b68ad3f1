//! `partita hub`.

use crate::api::Api;
use crate::args::HubCommand;
use crate::exit::{Exit, Result};
use crate::output::{Printer, Table};
use partita_api::{Hub, HubList, paths};
use serde_json::json;

pub(super) async fn run(api: &Api, printer: &Printer, command: &HubCommand) -> Result<Exit> {
    match command {
        HubCommand::List => list(api, printer).await,
        HubCommand::Create { name } => create(api, printer, name).await,
        HubCommand::Delete { name, force } => delete(api, printer, name, *force).await,
    }
}

async fn list(api: &Api, printer: &Printer) -> Result<Exit> {
    let list: HubList = api.get(paths::HUBS, &[]).await?;
    printer.either(&list, || {
        let mut table = Table::new(["HUB", "CREATED", "UNFINISHED", "WORKERS"]);
        for hub in &list.hubs {
            table.row([
                hub.name.as_str().into(),
                hub.created_at.map(|time| printer.moment(time)).unwrap_or_default().into(),
                hub.unfinished.to_string().into(),
                hub.workers.to_string().into(),
            ]);
        }
        table.lines(printer)
    })?;
    Ok(Exit::Ok)
}

async fn create(api: &Api, printer: &Printer, name: &str) -> Result<Exit> {
    let hub: Hub = api.put(&paths::hub(name)).await?;
    printer.either(&hub, || Vec::from([format!("the task hub {} is there", hub.name)]))?;
    Ok(Exit::Ok)
}

async fn delete(api: &Api, printer: &Printer, name: &str, force: bool) -> Result<Exit> {
    api.remove(&paths::hub(name), &[("force", force.to_string())]).await?;
    printer
        .either(&json!({ "deleted": name }), || Vec::from([format!("the task hub {name} was deleted")]))?;
    Ok(Exit::Ok)
}

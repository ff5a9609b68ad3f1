//! `partita entities` and `partita entity`.

use super::instance::read;
use super::paging;
use crate::api::Api;
use crate::args::{EntitiesArgs, EntityArgs, EntityCommand, SignalArgs};
use crate::exit::{Exit, Result};
use crate::output::{Printer, entities_table, entity_fields};
use partita_api::{CleanEntities, Entity, EntityCleaning, EntityListQuery, EntityPage, paths};
use serde_json::json;

pub(super) async fn list(api: &Api, printer: &Printer, args: &EntitiesArgs) -> Result<Exit> {
    let mut query = EntityListQuery {
        name: args.name.iter().cloned().collect(),
        key_prefix: args.key_prefix.clone(),
        updated_from: args.updated_after,
        updated_to: args.updated_before,
        transient: args.transient,
        state: args.state,
        ..EntityListQuery::default()
    };
    let page = |limit, cursor| {
        (query.limit, query.cursor) = (Some(limit), cursor);
        query.to_pairs()
    };
    let what = ("entities", paging::wanted(args.all, args.limit));
    paging::show::<EntityPage>(api, printer, paths::ENTITIES, what, page, entities_table).await
}

pub(super) async fn run(api: &Api, printer: &Printer, command: &EntityCommand) -> Result<Exit> {
    match command {
        EntityCommand::Show(args) => show(api, printer, args).await,
        EntityCommand::Signal(args) => signal(api, printer, args).await,
        EntityCommand::Delete(args) => delete(api, printer, args).await,
        EntityCommand::Clean => clean(api, printer).await,
    }
}

async fn show(api: &Api, printer: &Printer, args: &EntityArgs) -> Result<Exit> {
    let entity: Entity = api.get(&paths::entity(&args.name, &args.key), &[]).await?;
    printer.either(&entity, || entity_fields(&entity, printer))?;
    Ok(Exit::Ok)
}

async fn signal(api: &Api, printer: &Printer, args: &SignalArgs) -> Result<Exit> {
    let SignalArgs { entity, operation, input, at } = args;
    let input = read(input.as_ref())?;
    let path = paths::signal_entity(&entity.name, &entity.key, operation);
    let at = at.map(|at| format!("?at={}", paths::encode(&at.to_string()))).unwrap_or_default();
    api.tell(&format!("{path}{at}"), input.as_ref()).await?;
    done(printer, entity, "signaled", &format!(" {operation}"))
}

async fn delete(api: &Api, printer: &Printer, args: &EntityArgs) -> Result<Exit> {
    api.remove(&paths::entity(&args.name, &args.key), &[]).await?;
    done(printer, args, "deleted", "")
}

/// Tells what was done, in words or as JSON.
fn done(printer: &Printer, entity: &EntityArgs, what: &str, more: &str) -> Result<Exit> {
    let id = format!("@{}@{}", entity.name.to_lowercase(), entity.key);
    printer.either(&json!({ "id": id, "done": what }), || Vec::from([format!("{id}: {what}{more}")]))?;
    Ok(Exit::Ok)
}

/// Asks again until all entities were looked at.
async fn clean(api: &Api, printer: &Printer) -> Result<Exit> {
    let mut sum = EntityCleaning::default();
    while !sum.complete {
        let body = CleanEntities { cursor: sum.next.take(), ..CleanEntities::default() };
        let report: EntityCleaning = api.post(paths::CLEAN_ENTITIES, &body).await?;
        sum.removed += report.removed;
        sum.released += report.released;
        sum.complete = report.complete || report.next.is_none();
        sum.next = report.next;
    }
    printer.either(&sum, || {
        Vec::from([format!("{} empty entities removed, {} locks released", sum.removed, sum.released)])
    })?;
    Ok(Exit::Ok)
}

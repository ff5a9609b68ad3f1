//! Commands about one instance.

use crate::api::Api;
use crate::args::{Data, HistoryArgs, Output, RaiseArgs, ReasonArgs, RestartArgs, StartArgs, TerminateArgs};
use crate::exit::{Exit, Failure, Result};
use crate::output::{Cell, Names, Printer, Style, detail, event_line, fields, status_style};
use crate::watch::{Follow, Shown, follow, watch};
use partita_api::{
    Event, HistoryPage, InstanceDetail, Json, Reason, Restart, Start, Started, Terminate, Why, paths,
};
use serde_json::{Value, json};

pub(super) fn read(data: Option<&Data>) -> Result<Option<Json>> {
    data.map(Data::read).transpose().map_err(Failure::usage)
}

pub(super) async fn start(api: &Api, printer: &Printer, args: &StartArgs) -> Result<Exit> {
    let body = Start {
        id: args.id.clone(),
        input: read(args.input.as_ref())?,
        version: args.workflow_version.clone(),
        tags: args.tags.iter().cloned().collect(),
        scheduled_at: args.at,
        replace: args.replace.clone(),
    };
    let started: Started = api.post(&paths::start(&args.name), &body).await?;
    if args.watch.wait || args.watch.follow {
        return watch(api, printer, &started.id, &args.watch).await;
    }
    told_started(printer, &started)
}

/// The id alone on the standard output, so that scripts can take it.
fn told_started(printer: &Printer, started: &Started) -> Result<Exit> {
    printer.either(started, || Vec::from([started.id.clone()]))?;
    if printer.terminal && printer.format == Output::Table {
        printer.note(&format!("started; `partita history --follow {}` shows what it does", started.id));
    }
    Ok(Exit::Ok)
}

pub(super) async fn restart(api: &Api, printer: &Printer, args: &RestartArgs) -> Result<Exit> {
    let body = Restart { new_id: args.new_id, input: read(args.input.as_ref())? };
    let started: Started = api.post(&paths::of_instance(&args.id, "restart"), &body).await?;
    if args.watch.wait || args.watch.follow {
        return watch(api, printer, &started.id, &args.watch).await;
    }
    told_started(printer, &started)
}

pub(super) async fn show(api: &Api, printer: &Printer, id: &str) -> Result<Exit> {
    let instance: InstanceDetail = api.get(&paths::instance(id), &[]).await?;
    printer.either(&instance, || detail(&instance, printer))?;
    Ok(Exit::Ok)
}

pub(super) async fn history(api: &Api, printer: &Printer, args: &HistoryArgs) -> Result<Exit> {
    if args.follow {
        // Events that come one by one are one document each, whatever was asked for.
        let format = if printer.format == Output::Json { Output::Jsonl } else { printer.format };
        let how = Follow { what: Shown::Events, from: args.from, timeout: args.timeout };
        return follow(api, &printer.with(format), &args.id, how).await;
    }
    let (mut from, mut names, mut all) = (Some(args.from), Names::default(), Vec::<Event>::new());
    while let Some(next) = from {
        let query = [("from", next.to_string())];
        let page: HistoryPage = api.get(&paths::of_instance(&args.id, "history"), &query).await?;
        match printer.format {
            Output::Json => all.extend(page.events),
            Output::Jsonl => page.events.iter().try_for_each(|event| printer.json(event))?,
            Output::Table => {
                let mut lines = page.events.iter().map(|event| event_line(event, &mut names, printer));
                lines.try_for_each(|line| printer.line(&line))?;
            }
        }
        from = page.next;
    }
    if printer.format == Output::Json {
        printer.json(&all)?;
    }
    Ok(Exit::Ok)
}

pub(super) async fn why(api: &Api, printer: &Printer, id: &str) -> Result<Exit> {
    let why: Why = api.get(&paths::of_instance(id, "why"), &[]).await?;
    printer.either(&why, || {
        let status = Cell::new(status_style(why.status), why.status.to_string());
        let mut lines = fields([("id", why.id.as_str().into()), ("status", status)], printer);
        for reason in &why.reasons {
            lines.push(format!("  {} {}", printer.paint(Style::Waiting, "-"), reason.message));
        }
        lines
    })?;
    Ok(Exit::Ok)
}

/// Tells what was done, in words or as JSON.
fn done(printer: &Printer, id: &str, what: &str, more: &str) -> Result<Exit> {
    let value: Value = json!({ "id": id, "done": what });
    printer.either(&value, || Vec::from([format!("{id}: {what}{more}")]))?;
    Ok(Exit::Ok)
}

pub(super) async fn raise(api: &Api, printer: &Printer, args: &RaiseArgs) -> Result<Exit> {
    let data = read(args.data.as_ref())?;
    api.tell(&paths::raise_event(&args.id, &args.event), data.as_ref()).await?;
    done(printer, &args.id, "raised", &format!(" {}", args.event))
}

/// Suspends, resumes or rewinds.
pub(super) async fn tell(
    api: &Api,
    printer: &Printer,
    args: &ReasonArgs,
    what: &str,
    told: &str,
) -> Result<Exit> {
    let body = Reason { reason: args.reason.clone() };
    api.tell(&paths::of_instance(&args.id, what), Some(&body)).await?;
    done(printer, &args.id, told, "")
}

pub(super) async fn terminate(api: &Api, printer: &Printer, args: &TerminateArgs) -> Result<Exit> {
    let output = args.reason.clone().map(|reason| Json::from(Value::from(reason)));
    let body = Terminate { output, recurse: !args.no_recurse };
    api.tell(&paths::of_instance(&args.id, "terminate"), Some(&body)).await?;
    done(printer, &args.id, "terminated", "")
}

//! `partita logs`.

use crate::api::Api;
use crate::args::{LogsArgs, Output};
use crate::exit::{Exit, Result};
use crate::output::{Printer, Style};
use crate::sse;
use partita_api::log::{LogLine, LogPage, Stream};
use partita_api::paths;

pub(super) async fn run(api: &Api, printer: &Printer, args: &LogsArgs) -> Result<Exit> {
    let path = match (&args.id, &args.function) {
        (Some(id), _) => paths::of_instance(id, "logs"),
        (None, name) => paths::function_logs(name.as_deref().unwrap_or_default()),
    };
    if args.follow {
        return follow(api, printer, &path).await;
    }
    let page: LogPage = api.get(&path, &[("lines", "10000".to_owned())]).await?;
    match printer.format {
        Output::Json => printer.json(&page.lines)?,
        _ => page.lines.iter().try_for_each(|line| show(line, printer))?,
    }
    Ok(Exit::Ok)
}

async fn follow(api: &Api, printer: &Printer, path: &str) -> Result<Exit> {
    let mut answer = api.stream(&format!("{path}?follow=true")).await?;
    let mut parser = sse::Parser::default();
    while let Some(piece) = answer.chunk().await.map_err(|error| api.unreachable(&error))? {
        for event in parser.take(&piece) {
            if let Ok(line) = serde_json::from_str::<LogLine>(&event.data) {
                show(&line, printer)?;
            }
        }
    }
    Ok(Exit::Ok)
}

fn show(line: &LogLine, printer: &Printer) -> Result<()> {
    if printer.format != Output::Table {
        return printer.json(line);
    }
    let style = match line.stream {
        Stream::Stdout | Stream::Stderr => Style::Plain,
        Stream::Host => Style::Waiting,
    };
    let time = printer.paint(Style::Faint, &line.at.to_string());
    let function = printer.paint(Style::Bold, &line.function);
    printer.line(&format!("{time}  {function}  {}", printer.paint(style, &line.text)))
}

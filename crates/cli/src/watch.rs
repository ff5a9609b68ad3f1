//! Waiting for instances, and following them.

use crate::api::Api;
use crate::args::{Output, WatchArgs};
use crate::exit::{Exit, Failure, Result};
use crate::output::{Names, Printer, Style, detail, event_line, status_style};
use crate::sse;
use partita_api::{Event, HistoryPage, InstanceDetail, Json, Status, paths};
use partita_engine::kernel::Status as Runtime;
use std::time::Duration;
use tokio::time::Instant;

/// How long one long poll waits.
const POLL: Duration = Duration::from_secs(60);
/// How much later than that its answer may come.
const SLACK: Duration = Duration::from_secs(30);
/// How long a server may be away while it is followed.
const AWAY: Duration = Duration::from_secs(30);
/// The wait before it is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// Waits for an instance or follows it, as asked, and shows it at its end.
pub(crate) async fn watch(api: &Api, printer: &Printer, id: &str, args: &WatchArgs) -> Result<Exit> {
    if args.follow {
        return follow(api, printer, id, Follow { what: Shown::Progress, from: 0, timeout: args.timeout })
            .await;
    }
    let instance = until_ended(api, id, args.timeout).await?;
    printer.either(&instance, || detail(&instance, printer))?;
    Ok(exit_of(instance.status))
}

/// The exit code for an instance that has ended.
fn exit_of(status: Status) -> Exit {
    if status.0 == Runtime::Completed { Exit::Ok } else { Exit::InstanceFailed }
}

fn timed_out(id: &str, timeout: Duration) -> Failure {
    let timeout = crate::output::span(timeout);
    Failure::new(Exit::TimedOut, format!("the instance {id:?} has not ended within {timeout}; it goes on"))
        .advise(format!("`partita why {id}` says what it waits for"))
}

async fn until_ended(api: &Api, id: &str, timeout: Option<Duration>) -> Result<InstanceDetail> {
    let began = Instant::now();
    loop {
        let left = timeout.map_or(POLL, |timeout| timeout.saturating_sub(began.elapsed()).min(POLL));
        let query = [("timeout", left.as_secs_f64().to_string())];
        let path = paths::of_instance(id, "wait");
        let instance: InstanceDetail = api.get_within(&path, &query, left + SLACK).await?;
        if instance.status.0.is_terminal() {
            return Ok(instance);
        }
        if let Some(timeout) = timeout.filter(|timeout| began.elapsed() >= *timeout) {
            return Err(timed_out(id, timeout));
        }
    }
}

/// What is shown of an instance that is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// How far it has come, what happens, and how it ended.
    Progress,
    /// The events of its history alone.
    Events,
}

/// How an instance is followed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Follow {
    pub(crate) what: Shown,
    pub(crate) from: u32,
    pub(crate) timeout: Option<Duration>,
}

/// Shows what happens to an instance, as it happens, until it has ended.
pub(crate) async fn follow(api: &Api, printer: &Printer, id: &str, how: Follow) -> Result<Exit> {
    let mut follower = Follower::new(api, printer, id, how);
    let Some(timeout) = how.timeout else { return follower.run().await };
    tokio::time::timeout(timeout, follower.run()).await.unwrap_or_else(|_| Err(timed_out(id, timeout)))
}

struct Follower<'a> {
    api: &'a Api,
    printer: &'a Printer,
    id: &'a str,
    what: Shown,
    /// The next event to be shown.
    next: u32,
    seen: Option<InstanceDetail>,
    names: Names,
}

impl<'a> Follower<'a> {
    fn new(api: &'a Api, printer: &'a Printer, id: &'a str, how: Follow) -> Self {
        Self { api, printer, id, what: how.what, next: how.from, seen: None, names: Names::default() }
    }

    /// Follows, and connects again when the server was away for a moment.
    async fn run(&mut self) -> Result<Exit> {
        let mut away_since: Option<Instant> = None;
        loop {
            let seen = self.seen.is_some();
            let failure = match self.stream(&mut away_since).await {
                Ok(Some(exit)) => return Ok(exit),
                Ok(None) => {
                    Failure::new(Exit::Unreachable, format!("the server at {} went away", self.api.base()))
                }
                Err(failure) => failure,
            };
            let first = *away_since.get_or_insert_with(Instant::now);
            if failure.exit != Exit::Unreachable || !seen || first.elapsed() > AWAY {
                return Err(failure);
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Reads one stream; `None` when it broke off before the instance had ended.
    async fn stream(&mut self, away_since: &mut Option<Instant>) -> Result<Option<Exit>> {
        let mut answer = self.api.stream(&paths::of_instance(self.id, "events")).await?;
        let mut parser = sse::Parser::default();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.api.unreachable(&error))? {
            *away_since = None;
            for event in parser.take(&piece) {
                if let Some(exit) = self.take(&event).await? {
                    return Ok(Some(exit));
                }
            }
        }
        Ok(None)
    }

    async fn take(&mut self, event: &sse::Event) -> Result<Option<Exit>> {
        match event.name.as_str() {
            "change" => {
                let instance: InstanceDetail = serde_json::from_str(&event.data)
                    .map_err(|error| Failure::new(Exit::Failed, format!("the stream of events: {error}")))?;
                self.change(instance).await?;
                Ok(None)
            }
            "end" => self.end().map(Some),
            "gone" => Err(Failure::new(Exit::NotFound, format!("the instance {:?} was purged", self.id))),
            _ => Ok(None),
        }
    }

    async fn change(&mut self, instance: InstanceDetail) -> Result<()> {
        let before = self.seen.replace(instance.clone());
        if before.as_ref().is_some_and(|before| before.generation != instance.generation) {
            self.next = 0; // the instance has begun again, with a history of its own
        }
        self.events().await?;
        if self.what == Shown::Events {
            return Ok(());
        }
        if self.printer.format == Output::Jsonl {
            return self.printer.json(&instance);
        }
        self.progress(before.as_ref(), &instance)
    }

    /// Shows the events that are new.
    async fn events(&mut self) -> Result<()> {
        loop {
            let query = [("from", self.next.to_string())];
            let page: HistoryPage = self.api.get(&paths::of_instance(self.id, "history"), &query).await?;
            for event in &page.events {
                self.next = event.index + 1;
                self.event(event)?;
            }
            if page.next.is_none() || page.events.is_empty() {
                return Ok(());
            }
        }
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        match (self.printer.format, self.what) {
            (Output::Table, Shown::Progress) if is_noise(event) => Ok(()),
            (Output::Table, _) => self.printer.line(&event_line(event, &mut self.names, self.printer)),
            (_, Shown::Events) => self.printer.json(event),
            (_, Shown::Progress) => Ok(()),
        }
    }

    /// Shows status and custom status, when they are new.
    fn progress(&self, before: Option<&InstanceDetail>, now: &InstanceDetail) -> Result<()> {
        if self.printer.format != Output::Table {
            return Ok(());
        }
        let custom = now.custom_status.as_ref().map(Json::as_str);
        let custom_before = before.and_then(|before| before.custom_status.as_ref()).map(Json::as_str);
        if before.map(|before| before.status) == Some(now.status) && custom == custom_before {
            return Ok(());
        }
        let status = self.printer.paint(status_style(now.status), &now.status.to_string());
        let custom = self.printer.paint(Style::Bold, custom.unwrap_or_default());
        self.printer.line(format!("      {status}  {custom}").trim_end())
    }

    fn end(&self) -> Result<Exit> {
        let Some(instance) = &self.seen else {
            return Err(Failure::new(Exit::Failed, "the stream of events ended before it began"));
        };
        match (self.what, self.printer.format) {
            (Shown::Progress, Output::Table) => {
                self.printer.line("")?;
                detail(instance, self.printer).iter().try_for_each(|line| self.printer.line(line))?;
            }
            (Shown::Progress, Output::Json) => self.printer.json(instance)?,
            _ => {}
        }
        Ok(exit_of(instance.status))
    }
}

/// Events that say nothing about the workflow itself.
fn is_noise(event: &Event) -> bool {
    matches!(event.kind.as_str(), "OrchestratorStarted" | "OrchestratorCompleted")
}

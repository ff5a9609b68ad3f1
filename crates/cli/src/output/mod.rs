//! What is written: for people on a terminal, plainly into files and pipes, as JSON for programs.

mod entity;
mod events;
mod instance;
mod schedule;
mod table;
mod time;

pub(crate) use entity::{entities_table, entity_fields};
pub(crate) use events::{Names, event_line};
pub(crate) use instance::{detail, list_table, status_style};
pub(crate) use schedule::schedules_table;
pub(crate) use table::{Cell, Table, fields};
pub(crate) use time::{span, when};

use crate::args::{Color, GlobalArgs, Output};
use crate::exit::{Exit, Failure, Result};
use jiff::Timestamp;
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// The look of a piece of text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Plain,
    Bold,
    Faint,
    Good,
    Bad,
    Busy,
    Waiting,
    /// One of the colours by which processes are told apart.
    Process(usize),
}

impl Style {
    /// The numbers of the escape sequence (ECMA-48, "Select Graphic Rendition").
    fn numbers(self) -> &'static str {
        const PROCESSES: [&str; 6] = ["36", "35", "33", "34", "32", "31"];
        match self {
            Self::Plain => "0",
            Self::Bold => "1",
            Self::Faint => "2",
            Self::Good => "32",
            Self::Bad => "31",
            Self::Busy => "36",
            Self::Waiting => "33",
            Self::Process(number) => PROCESSES.get(number % PROCESSES.len()).copied().unwrap_or("0"),
        }
    }
}

/// Where results go, and how they look there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Printer {
    pub(crate) format: Output,
    color: bool,
    /// Whether people look at it.
    pub(crate) terminal: bool,
    width: Option<usize>,
}

impl Printer {
    pub(crate) fn new(global: &GlobalArgs) -> Self {
        let terminal = io::stdout().is_terminal();
        let allowed = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let color = match global.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && allowed,
        };
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok().filter(|_| terminal);
        let width = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 20);
        Self { format: global.format(), color, terminal, width }
    }

    /// The text with its look, if looks are wanted.
    pub(crate) fn paint(&self, style: Style, text: &str) -> String {
        if !self.color || style == Style::Plain || text.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{}m{text}\u{1b}[0m", style.numbers())
    }

    /// A moment: how long ago it is for people, exactly for files.
    pub(crate) fn moment(&self, time: partita_api::Time) -> String {
        if self.terminal { when(time, Timestamp::now()) } else { time.to_string() }
    }

    /// The same, with results written in another way.
    pub(crate) fn with(self, format: Output) -> Self {
        Self { format, ..self }
    }

    /// Writes a line.
    pub(crate) fn line(&self, text: &str) -> Result<()> {
        let mut stdout = io::stdout().lock();
        writeln!(stdout, "{text}").and_then(|()| stdout.flush()).map_err(not_written)
    }

    /// Writes a line beside the results, for people only.
    #[allow(clippy::unused_self)] // it belongs with the others
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Writes a table.
    pub(crate) fn table(&self, table: &Table) -> Result<()> {
        table.lines(self).iter().try_for_each(|line| self.line(line))
    }

    /// Writes a value as JSON: readable for `json`, in one line for `jsonl`.
    pub(crate) fn json(&self, value: &impl Serialize) -> Result<()> {
        let text = match self.format {
            Output::Jsonl => serde_json::to_string(value),
            _ => serde_json::to_string_pretty(value),
        };
        self.line(&text.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?)
    }

    /// Writes a value as JSON, or lines for people.
    pub(crate) fn either(&self, value: &impl Serialize, lines: impl FnOnce() -> Vec<String>) -> Result<()> {
        match self.format {
            Output::Table => lines().iter().try_for_each(|line| self.line(line)),
            Output::Json | Output::Jsonl => self.json(value),
        }
    }

    /// The columns there are, if they are limited.
    pub(crate) fn width(&self) -> Option<usize> {
        self.width
    }
}

/// When whoever reads has seen enough (`| head`), that is no failure.
fn not_written(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Failure::new(Exit::Ok, ""),
        _ => error.into(),
    }
}

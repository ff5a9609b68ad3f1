//! Starts by the clock.
//!
//! Each schedule is a task of its own. It starts an instance `schedule-{name}-{time in UTC}` for each time that
//! its cron pattern names, so that doing it twice does no harm, and keeps the last time it has dealt with as a
//! setting of the store. What an operator says of it is another setting, and wins over the configuration.
//!
//! | module | holds |
//! | --- | --- |
//! | `plan` | when something is started: only times |
//! | `kept` | what the store keeps of a schedule |
//! | `start` | starting an instance |
//! | `run` | running a schedule |
//! | `hand` | pausing, resuming, starting now, starting for the past; how a schedule is shown |

mod hand;
mod kept;
mod plan;
mod run;
mod start;

use crate::config::problem::{Collector, ConfigProblems};
use crate::config::schedule::{CatchUp, Overlap, ScheduleConfig};
use crate::config::values::duration;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
pub(crate) use hand::{ByHand, HandError};
use jiff::tz::TimeZone;
use partita_engine::Engine;
use partita_engine::kernel::Payload;
pub use plan::{Fire, next, plan};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, Notify};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many missed times may be caught up on.
pub const LARGEST_CATCH_UP: usize = 100;

/// The tag that instances of a schedule carry, with its name.
pub const TAG: &str = "partita.schedule";

/// Schedules that were checked.
#[derive(Clone, Debug, Default)]
pub struct Schedules {
    list: Vec<Arc<Schedule>>,
}

/// One schedule, ready to be used.
#[derive(Debug)]
pub struct Schedule {
    name: String,
    pattern: String,
    cron: Cron,
    timezone: TimeZone,
    workflow: String,
    version: Option<String>,
    input: Option<Payload>,
    tags: BTreeMap<String, String>,
    overlap: Overlap,
    catch_up: CatchUp,
    catch_up_limit: usize,
    jitter: Duration,
    paused: bool,
    /// Held by whoever changes what is kept of it.
    changing: Mutex<()>,
    /// Somebody has changed that.
    changed: Notify,
}

impl Schedules {
    /// Checks schedules and makes them ready.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn new(configs: &[ScheduleConfig]) -> Result<Self, ConfigProblems> {
        let mut problems = Collector::default();
        let mut list: Vec<Arc<Schedule>> = Vec::new();
        for (index, config) in configs.iter().enumerate() {
            let place = format!("schedule[{index}]");
            if configs.iter().take(index).any(|other| other.name == config.name) {
                let message =
                    format!("there is another schedule of the name {:?}; give each its own", config.name);
                problems.add(format!("{place}.name"), message);
            }
            list.extend(Schedule::checked(config, &place, &mut problems).map(Arc::new));
        }
        problems.finish(Self { list })
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Schedule> {
        self.list.iter().map(AsRef::as_ref)
    }

    /// The one of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&Schedule> {
        self.iter().find(|schedule| schedule.name == name)
    }

    /// Runs them until `stop` is cancelled, or the set is dropped.
    #[must_use]
    pub fn spawn(&self, engine: &Engine, stop: &CancellationToken) -> Running {
        let mut tasks = JoinSet::new();
        for schedule in &self.list {
            tasks.spawn(run::run(schedule.clone(), engine.clone(), stop.clone()));
        }
        Running(tasks)
    }
}

/// Schedules that are being run. Dropping it stops them.
#[derive(Debug)]
pub struct Running(JoinSet<()>);

impl Running {
    /// Stops them. Nothing is lost: what was not started yet will be caught up on.
    pub fn abort(mut self) {
        self.0.abort_all();
    }
}

impl Schedule {
    /// Checks one schedule and makes it ready.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn new(config: &ScheduleConfig) -> Result<Self, ConfigProblems> {
        let mut problems = Collector::default();
        match Self::checked(config, "schedule", &mut problems) {
            Some(schedule) => problems.finish(schedule),
            None => problems.finish(()).and(Err(ConfigProblems::default())),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it starts.
    #[must_use]
    pub fn workflow(&self) -> &str {
        &self.workflow
    }

    fn checked(config: &ScheduleConfig, place: &str, problems: &mut Collector) -> Option<Self> {
        let at = |key: &str| format!("{place}.{key}");
        let name = problems.take(at("name"), name(&config.name));
        let cron = problems.take(at("cron"), cron(&config.cron));
        let zone = config.timezone.as_deref().unwrap_or("UTC");
        let timezone = problems.take(at("timezone"), timezone(zone));
        let limit = problems.take(at("catch-up-limit"), limit(config.catch_up_limit));
        let jitter = config.jitter.as_deref().map_or(Ok(Duration::ZERO), duration);
        let jitter = problems.take(at("jitter"), jitter);
        if config.workflow.is_empty() {
            problems.add(at("workflow"), "which workflow shall be started?");
            return None;
        }
        Some(Self {
            name: name?,
            pattern: config.cron.trim().to_owned(),
            cron: cron?,
            timezone: timezone?,
            workflow: config.workflow.clone(),
            version: config.version.clone(),
            input: config.input.as_ref().map(|input| Payload::from(input.to_string())),
            tags: config.tags.clone(),
            overlap: config.overlap,
            catch_up: config.catch_up,
            catch_up_limit: limit?,
            jitter: jitter?,
            paused: config.paused,
            changing: Mutex::default(),
            changed: Notify::new(),
        })
    }
}

fn name(name: &str) -> Result<String, String> {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    match plain && (1..=64).contains(&name.len()) {
        true => Ok(name.to_owned()),
        false => Err(format!("{name:?} is no name; it has 1 to 64 letters, digits, '-', '_' and '.'")),
    }
}

fn cron(text: &str) -> Result<Cron, String> {
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    parser.parse(text).map_err(|error| {
        format!(
            "{text:?} is no cron pattern: {error}; it has five fields (minute, hour, day, month, weekday), or six with the \
             second first"
        )
    })
}

fn timezone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| format!("there is no time zone {name:?}; take an IANA name such as Europe/Berlin"))
}

fn limit(limit: Option<usize>) -> Result<usize, String> {
    match limit.unwrap_or(LARGEST_CATCH_UP) {
        limit @ 1..=LARGEST_CATCH_UP => Ok(limit),
        limit => Err(format!("{limit} is not between 1 and {LARGEST_CATCH_UP}")),
    }
}

//! Routes that a configuration adds: they start instances, raise events, show statuses.

mod handle;
mod params;
mod route;
mod show;
mod template;

use crate::app::Routes;
use crate::config::problem::{Collector, ConfigProblems};
use crate::config::trigger::{StatusKind, TriggerConfig};
use crate::config::values::duration;
use axum::http::Method;
use params::Check;
pub(crate) use route::Route;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use template::{InputTemplate, TextTemplate};

/// Triggers that were checked.
#[derive(Clone, Debug, Default)]
pub struct Triggers {
    list: Vec<Arc<Trigger>>,
}

/// One trigger, ready to be used.
#[derive(Debug)]
pub(crate) struct Trigger {
    pub(crate) route: Route,
    checks: BTreeMap<String, Vec<Check>>,
    action: Action,
    /// As it was written.
    config: TriggerConfig,
}

/// What a trigger does.
#[derive(Debug)]
enum Action {
    Start {
        workflow: String,
        id: Option<TextTemplate>,
        input: InputTemplate,
        /// Answer with the output when the instance ends within this time.
        wait: Option<Duration>,
        replace: Vec<partita_engine::kernel::Status>,
    },
    Raise {
        event: TextTemplate,
        instance: TextTemplate,
        input: InputTemplate,
    },
    Status {
        kind: StatusKind,
        instance: TextTemplate,
    },
}

impl Triggers {
    /// Checks triggers and makes them ready.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn new(configs: &[TriggerConfig]) -> Result<Self, ConfigProblems> {
        let mut problems = Collector::default();
        let mut list: Vec<Arc<Trigger>> = Vec::new();
        for (index, config) in configs.iter().enumerate() {
            let place = format!("trigger[{index}]");
            let Some(trigger) = Trigger::new(config, &place, &mut problems) else { continue };
            match list.iter().position(|other| other.route.conflicts(&trigger.route)) {
                Some(other) => problems.add(
                    format!("{place}.route"),
                    format!(
                        "{} is taken by trigger[{other}] already; change or remove one of them",
                        trigger.route
                    ),
                ),
                None => list.push(Arc::new(trigger)),
            }
        }
        problems.finish(Self { list })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The workflows that triggers start.
    pub fn workflows(&self) -> impl Iterator<Item = &str> {
        self.list.iter().filter_map(|trigger| match &trigger.action {
            Action::Start { workflow, .. } => Some(workflow.as_str()),
            _ => None,
        })
    }
}

impl Trigger {
    /// `None` when there is something wrong with it, which is noted.
    fn new(config: &TriggerConfig, place: &str, problems: &mut Collector) -> Option<Self> {
        let route = problems.take(format!("{place}.route"), Route::parse(&config.route));
        let action = Action::new(config, place, problems);
        let mut checks = BTreeMap::new();
        for (name, patterns) in &config.params {
            let outcome = patterns.list().iter().map(|pattern| Check::parse(pattern)).collect();
            checks.extend(
                problems.take(format!("{place}.params.{name}"), outcome).map(|list| (name.clone(), list)),
            );
        }
        let (route, action) = (route?, action?);
        let (shows, get) = (matches!(action, Action::Status { .. }), route.method == Method::GET);
        if shows != get && (shows || !config.allow_get) {
            let message = "a status is shown with GET; starts and events come with POST, PUT, PATCH or DELETE, or with GET \
                           if allow-get = true";
            problems.add(format!("{place}.route"), message);
            return None;
        }
        Some(Self { route, checks, action, config: config.clone() })
    }
}

impl Action {
    fn new(config: &TriggerConfig, place: &str, problems: &mut Collector) -> Option<Self> {
        let mut text = |key: &str, text: Option<&String>| -> Option<Option<TextTemplate>> {
            let Some(text) = text else { return Some(None) };
            problems.take(format!("{place}.{key}"), TextTemplate::parse(text)).map(Some)
        };
        let (id, event, instance) = (
            text("id", config.id.as_ref()),
            text("raise", config.raise.as_ref()),
            text("instance", config.instance.as_ref()),
        );
        let input = problems.take(format!("{place}.input"), InputTemplate::parse(config.input.as_ref()));
        let wait = config.wait.as_deref().map(longest_wait).transpose();
        let wait = problems.take(format!("{place}.wait"), wait);
        let given = [config.start.is_some(), config.raise.is_some(), config.status.is_some()];
        if given.into_iter().filter(|given| *given).count() != 1 {
            problems.add(place, "say what it does: exactly one of start, raise and status");
            return None;
        }
        if config.start.is_none() && config.instance.is_none() {
            problems.add(format!("{place}.instance"), "which instance is meant? Such as instance = \"{id}\"");
            return None;
        }
        if config.start.is_some() && config.instance.is_some() {
            problems
                .add(format!("{place}.instance"), "a start names its instance with id, not with instance");
            return None;
        }
        if let Some(workflow) = &config.start {
            let replace = config.replace.iter().map(|status| status.0).collect();
            return Some(Self::Start {
                workflow: workflow.clone(),
                id: id?,
                input: input?,
                wait: wait?,
                replace,
            });
        }
        let instance = instance??;
        match config.status {
            Some(kind) => Some(Self::Status { kind, instance }),
            None => Some(Self::Raise { event: event??, instance, input: input? }),
        }
    }
}

/// How long a caller may be kept waiting.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

fn longest_wait(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        wait if wait > LONGEST_WAIT => {
            Err(format!("{text:?} is more than five minutes, which no caller waits"))
        }
        wait => Ok(wait),
    }
}

/// Adds the triggers' routes.
pub(crate) fn routes(routes: Routes, triggers: &Triggers) -> Routes {
    triggers.list.iter().fold(routes, |routes, trigger| {
        let (method, path) = (trigger.route.method.clone(), trigger.route.axum_path());
        let trigger = trigger.clone();
        routes.on(method, &path, move |state, base, pairs, params, request| {
            handle::handle(trigger.clone(), state, base, pairs, params, request)
        })
    })
}

#[cfg(test)]
mod tests;

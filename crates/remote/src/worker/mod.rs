//! Running what a program offers for a server.
//!
//! | module | holds |
//! | --- | --- |
//! | `session` | one stream of work items, from its beginning to its end |
//! | `turn` | running a turn of an orchestrator |
//! | `batch` | running operations of an entity |
//! | `items` | what is done with each work item |
//! | `answer` | handing an outcome in, over lost connections too |

mod answer;
mod batch;
mod items;
mod session;
mod turn;

use crate::backoff::Backoff;
use crate::error::Error;
use crate::target::{Hub, Target};
use items::Workshop;
use partita_engine::Registry;
use session::Ended;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The first and the longest wait before a lost server is looked for again.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Turns, activities and entities that run at a time, when nothing is said.
const CONCURRENT: u32 = 1024;

/// How long what is under way may take to end, when nothing is said: less than servers wait for a worker that is gone.
const GRACE: Duration = Duration::from_secs(4);

/// Runs the workflows, activities and entities of this program for a server.
///
/// ```no_run
/// # async fn run(offers: partita::RuntimeBuilder) -> Result<(), partita_remote::Error> {
/// let stop = tokio_util::sync::CancellationToken::new();
/// partita_remote::Worker::connect("http://127.0.0.1:7080")?
///     .registry(offers.registry())
///     .name("billing-1")
///     .max_activities(16)
///     .run(stop)
///     .await
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Worker {
    target: Target,
    registry: Registry,
    options: Options,
}

#[derive(Clone, Debug)]
struct Options {
    name: String,
    turns: u32,
    activities: u32,
    entities: u32,
    grace: Duration,
    filters: bool,
    /// Of these workflows only these versions.
    versions: BTreeMap<String, Vec<String>>,
}

impl Worker {
    /// A worker for the server at an address like `http://127.0.0.1:7080`. It connects when it [runs](Self::run).
    ///
    /// # Errors
    /// When it is no address, or one of a kind that is not spoken.
    pub fn connect(address: &str) -> Result<Self, Error> {
        Ok(Self::new(Target::new(address)?))
    }

    /// A worker for a server.
    pub fn new(target: Target) -> Self {
        let options = Options {
            name: format!("rust, pid {}", std::process::id()),
            turns: CONCURRENT,
            activities: CONCURRENT,
            entities: CONCURRENT,
            grace: GRACE,
            filters: true,
            versions: BTreeMap::new(),
        };
        Self { target, registry: Registry::default(), options }
    }

    /// Offers what was collected here: the workflows, the activities and the entities. The server is told the names
    /// that are there when it is connected to.
    pub fn registry(mut self, registry: &Registry) -> Self {
        self.registry = registry.clone();
        self
    }

    /// For the task hub of that name, instead of the server's default one.
    ///
    /// # Errors
    /// When the name is none that can be sent.
    pub fn task_hub(mut self, name: &str) -> Result<Self, Error> {
        self.target = self.target.task_hub(name)?;
        Ok(self)
    }

    /// What the server shows this worker as.
    pub fn name(mut self, name: &str) -> Self {
        self.options.name = name.to_owned();
        self
    }

    /// Turns of orchestrators that run at a time, at least one; 1,024 when nothing is said.
    pub fn max_turns(mut self, turns: u32) -> Self {
        self.options.turns = turns.max(1);
        self
    }

    /// Activities that run at a time, at least one; 1,024 when nothing is said.
    pub fn max_activities(mut self, activities: u32) -> Self {
        self.options.activities = activities.max(1);
        self
    }

    /// Entities whose operations run at a time, at least one; 1,024 when nothing is said. Those of one entity run one
    /// after another.
    pub fn max_entities(mut self, entities: u32) -> Self {
        self.options.entities = entities.max(1);
        self
    }

    /// Takes only instances of these versions of a workflow; an instance without a version has the empty one.
    pub fn versions(mut self, workflow: &str, versions: &[&str]) -> Self {
        let versions = versions.iter().map(|version| (*version).to_owned()).collect();
        self.options.versions.insert(workflow.to_owned(), versions);
        self
    }

    /// Takes whatever the server has, and gives back what this program does not offer. For servers that do not know
    /// filters; others would wait for the worker that can run it.
    pub fn without_filters(mut self) -> Self {
        self.options.filters = false;
        self
    }

    /// How long what is under way may take to end when the worker stops; four seconds when nothing is said. What is not
    /// done then is given back.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// Works until `stop` is cancelled, and looks for the server again whenever it is lost. Then takes nothing new, lets
    /// what is under way end, and gives the rest back.
    ///
    /// # Errors
    /// When the server refuses this worker, or takes none: trying again would not help.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Error> {
        let Self { target, registry, options } = self;
        let hub: Hub = target.header("workerid", &printable(&options.name))?.hub();
        let grace = options.grace;
        let shop = Arc::new(Workshop::new(hub, registry, options));
        let outcome = work(&shop, &stop).await;
        shop.close(grace).await;
        outcome
    }
}

async fn work(shop: &Arc<Workshop>, stop: &CancellationToken) -> Result<(), Error> {
    let mut backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT);
    loop {
        let connected = match session::run(shop, stop).await {
            Ended::Stopped => return Ok(()),
            Ended::Refused(error) => return Err(error),
            Ended::Lost { connected, why } => {
                tracing::warn!(%why, "the server is lost, and looked for again");
                connected
            }
        };
        if connected {
            backoff.reset();
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(backoff.next()) => {}
        }
    }
}

/// What gRPC metadata can carry of a name.
fn printable(name: &str) -> String {
    name.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

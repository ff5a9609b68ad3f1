//! What is wrong with a definition, all of it at once.
//!
//! | file | holds |
//! | --- | --- |
//! | `problem.rs` | [`Problem`] |
//! | `text.rs` | from JSON or YAML text to a value |
//! | `spans.rs`, `place.rs` | where in the text a problem is |
//! | `fields.rs` | which fields a state may have, and of what shape |
//! | `graph.rs` | states that nothing leads to |
//! | `express.rs` | what EXPRESS machines may not do |
//!
//! What is wrong with single expressions is found where they are compiled, in [`definition`](super::definition).

mod express;
pub(crate) mod fields;
mod graph;
mod place;
mod problem;
mod spans;
mod text;

pub use place::{Place, Placed, escaped, locate};
pub use problem::{NO_TARGET, NOT_JSON, Problem, SCHEMA, Severity, UNREACHABLE};
pub use text::Format;

use super::definition::{Loader, Machine};
use super::limits::Limits;
use std::sync::Arc;

/// What came of checking a definition.
#[derive(Debug)]
pub struct Checked {
    /// The machine, when nothing is so wrong that it cannot run.
    pub machine: Option<Arc<Machine>>,
    /// Everything that is wrong, errors first, each kind in the order of the definition.
    pub problems: Vec<Problem>,
}

/// Checks and compiles a definition under default [`Limits`].
///
/// # Errors
/// Everything that is wrong with it, warnings included, when it cannot run.
pub fn check(text: &str, format: Format) -> Result<Arc<Machine>, Vec<Problem>> {
    let Checked { machine, problems } = inspect(text, format, &Limits::default(), false);
    machine.ok_or(problems)
}

/// Checks and compiles a definition, and says everything that is wrong with it, also when it can run.
/// `express` asks for the rules of EXPRESS machines as well.
#[must_use]
pub fn inspect(text: &str, format: Format, limits: &Limits, express: bool) -> Checked {
    let definition = match text::read(text, format, limits) {
        Ok(definition) => definition,
        Err(problem) => return Checked { machine: None, problems: vec![problem] },
    };
    let mut loader = Loader::new(limits);
    let machine = loader.whole(&definition);
    let mut problems = loader.into_problems();
    if express {
        express::check(&definition, "", &mut problems);
    }
    if let Some(machine) = &machine {
        graph::check(machine, "", &mut problems);
    }
    problems.sort_by_key(|problem| problem.severity);
    let fine = problems.iter().all(|problem| problem.severity == Severity::Warning);
    Checked { machine: machine.filter(|_| fine).map(Arc::new), problems }
}

/// "did you mean 'X'?", when a known name is near enough.
pub(crate) fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    super::expr::nearest(name, known).map(|known| format!("did you mean '{known}'?"))
}

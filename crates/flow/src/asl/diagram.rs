//! A machine as nodes and edges, for drawing.

use super::definition::{Kind, Machine, State, StateIndex, Target};
use serde::Serialize;

/// A machine as nodes and edges.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The states, those within others after them.
    pub nodes: Vec<Node>,
    /// The ways between them.
    pub edges: Vec<Edge>,
}

/// A state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its position among the nodes.
    pub id: usize,
    /// Its name.
    pub name: String,
    /// Its `Type`.
    pub kind: &'static str,
    /// The state that it is within: a Parallel or Map state.
    pub parent: Option<usize>,
    /// Which of the parent's branches it is in.
    pub branch: usize,
    /// Whether its machine starts here.
    pub start: bool,
    /// Whether its machine ends here.
    pub end: bool,
}

/// A way from a state to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Edge {
    /// From which node.
    pub from: usize,
    /// To which node.
    pub to: usize,
    /// When it is taken.
    pub kind: Way,
}

/// When a way is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Always.
    Next,
    /// When the choice of that number, from 0, holds.
    Choice(usize),
    /// When no choice holds.
    Default,
    /// When the state fails with one of these errors.
    Catch(Vec<String>),
}

impl Machine {
    /// The machine as nodes and edges.
    #[must_use]
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        add(&mut graph, self, None, 0);
        graph
    }
}

fn add(graph: &mut Graph, machine: &Machine, parent: Option<usize>, branch: usize) {
    let first = graph.nodes.len();
    for (index, state) in machine.states.iter().enumerate() {
        graph.nodes.push(Node {
            id: first + index,
            name: state.name.to_string(),
            kind: state.kind.name(),
            parent,
            branch,
            start: index == machine.start_at,
            end: ends(state),
        });
    }
    for (index, state) in machine.states.iter().enumerate() {
        let edges = ways(state).into_iter();
        graph.edges.extend(edges.map(|(to, kind)| Edge { from: first + index, to: first + to, kind }));
    }
    for (index, state) in machine.states.iter().enumerate() {
        match &state.kind {
            Kind::Parallel { branches } => {
                for (number, inner) in branches.iter().enumerate() {
                    add(graph, inner, Some(first + index), number);
                }
            }
            Kind::Map(map) => add(graph, &map.processor, Some(first + index), 0),
            _ => {}
        }
    }
}

fn ends(state: &State) -> bool {
    !matches!(state.kind, Kind::Choice { .. }) && state.next == Target::End
}

fn ways(state: &State) -> Vec<(StateIndex, Way)> {
    let mut ways = Vec::new();
    match &state.kind {
        Kind::Choice { rules, default } => {
            ways.extend(rules.iter().enumerate().map(|(number, rule)| (rule.next, Way::Choice(number))));
            ways.extend(default.map(|next| (next, Way::Default)));
        }
        _ => {
            if let Target::State(next) = state.next {
                ways.push((next, Way::Next));
            }
        }
    }
    ways.extend(state.catch.iter().map(|catcher| (catcher.next, Way::Catch(catcher.error_equals.clone()))));
    ways
}

//! States that nothing leads to, and machines that cannot end.

use super::problem::{Problem, UNREACHABLE};
use crate::asl::definition::{Kind, Machine, State, StateIndex, Target};

/// Looks for states that nothing leads to, also in branches and processors.
pub(super) fn check(machine: &Machine, pointer: &str, problems: &mut Vec<Problem>) {
    let reached = reached(machine);
    for (index, state) in machine.states.iter().enumerate() {
        let place = format!("{pointer}/States/{}", state.name);
        if !reached.contains(&index) {
            let message = format!("State '{}' is not reachable.", state.name);
            problems.push(Problem::warning(UNREACHABLE, place.clone(), message));
        }
        inner(state, &place, problems);
    }
    let ends =
        machine.states.iter().enumerate().any(|(index, state)| reached.contains(&index) && is_end(state));
    if !ends && !machine.states.is_empty() {
        let message = "No state that ends the machine is reachable.";
        problems.push(Problem::warning("NO_TERMINAL_STATE", format!("{pointer}/States"), message));
    }
}

fn inner(state: &State, place: &str, problems: &mut Vec<Problem>) {
    match &state.kind {
        Kind::Parallel { branches } => {
            for (number, branch) in branches.iter().enumerate() {
                check(branch, &format!("{place}/Branches[{number}]"), problems);
            }
        }
        Kind::Map(map) => check(&map.processor, &format!("{place}/ItemProcessor"), problems),
        _ => {}
    }
}

fn is_end(state: &State) -> bool {
    match state.kind {
        Kind::Succeed | Kind::Fail { .. } => true,
        Kind::Choice { .. } => false,
        _ => state.next == Target::End,
    }
}

fn reached(machine: &Machine) -> std::collections::BTreeSet<StateIndex> {
    let mut reached = std::collections::BTreeSet::new();
    let mut open = vec![machine.start_at];
    while let Some(index) = open.pop() {
        if let Some(state) = machine.state(index).filter(|_| reached.insert(index)) {
            open.extend(state.leads_to());
        }
    }
    reached
}

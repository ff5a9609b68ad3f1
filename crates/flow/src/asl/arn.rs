//! Names of machines, executions and map runs, as ARNs.

/// Where ARNs say that things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The region.
    pub region: String,
    /// The account.
    pub account: String,
}

impl Default for Place {
    fn default() -> Self {
        Self { region: "us-east-1".to_owned(), account: "111111111111".to_owned() }
    }
}

impl Place {
    fn states(&self, kind: &str, rest: &str) -> String {
        format!("arn:aws:states:{}:{}:{kind}:{rest}", self.region, self.account)
    }

    /// The ARN of a state machine.
    #[must_use]
    pub fn machine(&self, name: &str) -> String {
        self.states("stateMachine", name)
    }

    /// The ARN of an execution.
    #[must_use]
    pub fn execution(&self, machine: &str, name: &str) -> String {
        self.states("execution", &format!("{machine}:{name}"))
    }

    /// The ARN of one of many executions of an express machine that have one name.
    #[must_use]
    pub fn express(&self, machine: &str, name: &str, unique: &str) -> String {
        self.states("express", &format!("{machine}:{name}:{unique}"))
    }

    /// The ARN of an activity.
    #[must_use]
    pub fn activity(&self, name: &str) -> String {
        self.states("activity", name)
    }

    /// The ARN of a run of a distributed map.
    #[must_use]
    pub fn map_run(&self, machine: &str, label: &str, run: &str) -> String {
        self.states("mapRun", &format!("{machine}/{label}:{run}"))
    }
}

/// The name, and the version if there is one, of what an ARN or a plain name stands for:
/// `arn:aws:states:R:A:stateMachine:NAME[:VERSION]`, `arn:aws:lambda:R:A:function:NAME[:VERSION]` or `NAME`.
#[must_use]
pub fn name_and_version(text: &str) -> (&str, Option<&str>) {
    let mut parts = text.splitn(8, ':');
    if parts.next() != Some("arn") {
        return (text, None);
    }
    match (parts.nth(5), parts.next()) {
        (Some(name), version) => (name, version),
        (None, _) => (text, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_arns() {
        let place = Place::default();
        for (text, expected) in [
            (place.machine("Orders").as_str(), ("Orders", None)),
            ("arn:aws:lambda:us-east-1:1:function:Charge:7", ("Charge", Some("7"))),
            ("Charge", ("Charge", None)),
            ("arn:aws:short", ("arn:aws:short", None)),
        ] {
            assert_eq!(name_and_version(text), expected, "{text}");
        }
        assert_eq!(place.execution("M", "x"), "arn:aws:states:us-east-1:111111111111:execution:M:x");
    }
}

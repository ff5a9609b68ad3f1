//! Amazon resource names of state machines, executions and activities.
//!
//! Any region and account are understood in requests; answers name the configured ones.

use super::error::AwsError;

/// Characters of a name: of a state machine, an execution, an activity.
pub(super) const MAX_NAME: usize = 80;

/// What an ARN names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resource<'a> {
    Machine {
        name: &'a str,
    },
    /// An execution; of an express execution also the id that makes it one of many of that name.
    Execution {
        machine: &'a str,
        name: &'a str,
        unique: Option<&'a str>,
    },
    Activity {
        name: &'a str,
    },
}

/// Reads an ARN.
pub(super) fn parse(arn: &str) -> Result<Resource<'_>, AwsError> {
    resource(arn).ok_or_else(|| AwsError::invalid_arn(arn))
}

fn resource(arn: &str) -> Option<Resource<'_>> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (_region, _account, rest) = (parts.next()?, parts.next()?, parts.next()?);
    if scheme != "arn" || !partition.starts_with("aws") || service != "states" {
        return None;
    }
    let (kind, name) = rest.split_once(':')?;
    match kind {
        "stateMachine" if !name.is_empty() => Some(Resource::Machine { name }),
        "activity" if !name.is_empty() => Some(Resource::Activity { name }),
        "execution" => {
            let (machine, name) = name.split_once(':')?;
            Some(Resource::Execution { machine, name, unique: None })
        }
        "express" => {
            let (machine, rest) = name.split_once(':')?;
            let (name, unique) = rest.split_once(':')?;
            Some(Resource::Execution { machine, name, unique: Some(unique) })
        }
        _ => None,
    }
}

/// Checks a name that a client chose.
pub(super) fn check_name(name: &str) -> Result<(), AwsError> {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(c);
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(forbidden) {
        return Err(AwsError::new("InvalidName", format!("Invalid Name: '{name}'")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_are_taken_apart() {
        let machine = parse("arn:aws:states:us-east-1:000000000000:stateMachine:a.b").unwrap();
        assert_eq!(machine, Resource::Machine { name: "a.b" });
        let execution = parse("arn:aws:states:eu-west-1:1:execution:m:e-1").unwrap();
        assert_eq!(execution, Resource::Execution { machine: "m", name: "e-1", unique: None });
        let express = parse("arn:aws:states:eu-west-1:1:express:m:e:u").unwrap();
        assert_eq!(express, Resource::Execution { machine: "m", name: "e", unique: Some("u") });
        for wrong in ["", "not_an_arn", "arn:aws:lambda:r:a:function:f", "arn:aws:states:r:a:execution:m"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_have_limits() {
        assert!(check_name(&"n".repeat(80)).is_ok());
        for wrong in ["", "a b", "a/b", "a:b", "\u{7f}", &"n".repeat(81)] {
            assert!(check_name(wrong).is_err(), "{wrong:?}");
        }
    }
}

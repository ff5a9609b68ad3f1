//! What a Task state can call.

use crate::asl::check::meant;

/// What a Task state calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A function, by its own name or a Lambda ARN: the input goes in, the result comes out.
    Function {
        /// Its name.
        name: String,
        /// Its version.
        version: Option<String>,
    },
    /// `lambda:invoke`: a function that the parameters name.
    LambdaInvoke {
        /// Whether the outcome comes by a task token.
        callback: bool,
    },
    /// An activity, which workers poll.
    Activity {
        /// Its name.
        name: String,
    },
    /// `states:startExecution`: another execution.
    StartExecution(ChildMode),
    /// `http:invoke`.
    Http,
    /// `aws-sdk:sfn`.
    Sdk(SdkCall),
}

/// How a child execution is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildMode {
    /// It goes its own way.
    Detached,
    /// It is waited for; its output comes as a text.
    Sync,
    /// It is waited for; its output comes as JSON.
    SyncJson,
    /// It is given a token, by which the outcome comes.
    Callback,
}

/// The calls of the Step Functions API that a state can make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SdkCall {
    /// Starts an execution that goes its own way.
    StartExecution,
    /// Says that a task succeeded.
    SendTaskSuccess,
    /// Says that a task failed.
    SendTaskFailure,
    /// Says that a task is alive.
    SendTaskHeartbeat,
}

static SERVICES: [(&str, Resource); 11] = [
    ("lambda:invoke", Resource::LambdaInvoke { callback: false }),
    ("lambda:invoke.waitForTaskToken", Resource::LambdaInvoke { callback: true }),
    ("states:startExecution", Resource::StartExecution(ChildMode::Detached)),
    ("states:startExecution.sync", Resource::StartExecution(ChildMode::Sync)),
    ("states:startExecution.sync:2", Resource::StartExecution(ChildMode::SyncJson)),
    ("states:startExecution.waitForTaskToken", Resource::StartExecution(ChildMode::Callback)),
    ("http:invoke", Resource::Http),
    ("aws-sdk:sfn:startExecution", Resource::Sdk(SdkCall::StartExecution)),
    ("aws-sdk:sfn:sendTaskSuccess", Resource::Sdk(SdkCall::SendTaskSuccess)),
    ("aws-sdk:sfn:sendTaskFailure", Resource::Sdk(SdkCall::SendTaskFailure)),
    ("aws-sdk:sfn:sendTaskHeartbeat", Resource::Sdk(SdkCall::SendTaskHeartbeat)),
];

/// The prefix of service integrations.
pub(crate) const INTEGRATION: &str = "arn:aws:states:::";

impl Resource {
    /// Reads a `Resource`.
    ///
    /// # Errors
    /// What it is not, and what was probably meant.
    pub fn parse(text: &str) -> Result<Self, (String, Option<String>)> {
        if let Some(name) = text.strip_prefix("fn:") {
            return function(name);
        }
        if let Some(service) = text.strip_prefix(INTEGRATION) {
            return integration(service);
        }
        let parts: Vec<&str> = text.splitn(8, ':').collect();
        match parts.as_slice() {
            ["arn", _, "lambda", _, _, "function", name] => function(name),
            ["arn", _, "lambda", _, _, "function", name, version] => {
                Ok(Self::Function { name: (*name).to_owned(), version: Some((*version).to_owned()) })
            }
            ["arn", _, "states", _, _, "activity", name] => Ok(Self::Activity { name: (*name).to_owned() }),
            _ => Err((
                format!("'{text}' is not a resource that can be called"),
                Some(
                    "write 'fn:NAME' for a function, or an ARN of a Lambda function, an activity, or an \
                     integration such as arn:aws:states:::lambda:invoke"
                        .to_owned(),
                ),
            )),
        }
    }

    /// Whether the outcome comes by a token that the call is given.
    #[must_use]
    pub fn waits_for_token(&self) -> bool {
        matches!(self, Self::LambdaInvoke { callback: true } | Self::StartExecution(ChildMode::Callback))
    }
}

fn function(name: &str) -> Result<Resource, (String, Option<String>)> {
    if name.is_empty() {
        return Err(("the name of the function is missing".to_owned(), None));
    }
    Ok(Resource::Function { name: name.to_owned(), version: None })
}

fn integration(service: &str) -> Result<Resource, (String, Option<String>)> {
    let known = SERVICES.iter().find(|(name, _)| *name == service);
    known.map(|(_, resource)| resource.clone()).ok_or_else(|| {
        let near = meant(service, SERVICES.iter().map(|(name, _)| *name));
        let hint = near.unwrap_or_else(|| {
            let names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
            format!("built in are {}; anything else can be a function, called as 'fn:NAME'", names.join(", "))
        });
        (format!("the integration '{INTEGRATION}{service}' is not built in"), Some(hint))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_told_apart() {
        let function = |name: &str, version: Option<&str>| Resource::Function {
            name: name.to_owned(),
            version: version.map(str::to_owned),
        };
        for (text, expected) in [
            ("fn:Charge", function("Charge", None)),
            ("arn:aws:lambda:us-east-1:1:function:Charge", function("Charge", None)),
            ("arn:aws:lambda:us-east-1:1:function:Charge:3", function("Charge", Some("3"))),
            ("arn:aws:states:us-east-1:1:activity:Pack", Resource::Activity { name: "Pack".to_owned() }),
            ("arn:aws:states:::states:startExecution.sync:2", Resource::StartExecution(ChildMode::SyncJson)),
        ] {
            assert_eq!(Resource::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn an_unknown_integration_is_refused_with_a_hint() {
        let (message, hint) = Resource::parse("arn:aws:states:::lambda:invok").unwrap_err();
        assert_eq!(message, "the integration 'arn:aws:states:::lambda:invok' is not built in");
        assert_eq!(hint.as_deref(), Some("did you mean 'lambda:invoke'?"));
    }
}

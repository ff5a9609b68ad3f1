//! A stage for machines: functions that are closures, virtual time, and a replay after each run.

use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita::engine::executor::{Function, FunctionCall, Offers};
use partita::{Client, Failure, Runtime, RuntimeBuilder, StartOptions, Status, testing};
use partita_flow::asl::check::{Format, inspect};
use partita_flow::asl::definition::Machine;
use partita_flow::asl::events::{ExecutionEvent, Observer, json::event};
use partita_flow::asl::items::{Buckets, READ_ACTIVITY, ReadRequest, WRITE_ACTIVITY, WriteRequest};
use partita_flow::asl::limits::Limits;
use partita_flow::asl::orchestrator::{Environment, run};
use partita_flow::asl::token::{HmacMint, TokenMint};
use partita_kernel::{InstanceId, Payload};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What a function does.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Give(Value),
    Fail(&'static str, &'static str),
    /// It never ends by itself.
    Never,
    /// It takes so many seconds.
    After(u64, Box<Answer>),
    /// It tells something by a token, after so many seconds, and answers at once.
    Tell(String, Vec<(u64, Told)>),
}

/// What can be told by a token.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Success(Value),
    Failure(&'static str, &'static str),
    Alive,
}

type Functions = Arc<dyn Fn(&str, &Value) -> Answer + Send + Sync>;

/// A machine with what is around it.
pub(crate) struct Stage {
    pub(crate) machines: Vec<(String, Value)>,
    pub(crate) functions: Functions,
    pub(crate) limits: Limits,
    pub(crate) buckets: BTreeMap<String, PathBuf>,
}

/// How an execution ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The output, or the error and its cause.
    pub(crate) result: Result<Value, (String, String)>,
    /// Seconds of virtual time.
    pub(crate) seconds: u64,
    /// Its events: type and id.
    pub(crate) events: Vec<Value>,
    pub(crate) history_events: usize,
}

impl Ended {
    pub(crate) fn types(&self) -> Vec<&str> {
        self.events.iter().map(|event| event["type"].as_str().unwrap()).collect()
    }

    pub(crate) fn output(self) -> Value {
        self.result.unwrap()
    }

    pub(crate) fn error(&self) -> &str {
        &self.result.as_ref().unwrap_err().0
    }

    pub(crate) fn cause(&self) -> &str {
        &self.result.as_ref().unwrap_err().1
    }
}

/// Runs a machine whose functions do what the closure says.
pub(crate) fn play(
    definition: Value,
    input: Value,
    functions: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static,
) -> Ended {
    Stage::new(definition, functions).play(input)
}

impl Stage {
    pub(crate) fn new(
        definition: Value,
        functions: impl Fn(&str, &Value) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self {
            machines: vec![("Main".to_owned(), definition)],
            functions: Arc::new(functions),
            limits: Limits::default(),
            buckets: BTreeMap::new(),
        }
    }

    pub(crate) fn play(&self, input: Value) -> Ended {
        let (builder, recorder, slot) = self.set();
        let (view, history) = testing::run(builder, |client| async move {
            let _ = slot.set(client.clone());
            let id = client.start_with("Main", &input, StartOptions::id("main-1")).await?;
            let view = client.wait(&id, Duration::from_secs(1_000_000_000)).await?;
            Ok((view, client.history(&id).await?))
        })
        .unwrap();
        let events: Vec<Value> = recorder.0.lock().iter().map(event).collect();
        let (again, repeated, _) = self.set();
        testing::check_replay(again.registry(), &view.id, &history).unwrap();
        let repeated: Vec<Value> = repeated.0.lock().iter().map(event).collect();
        assert_eq!(events, repeated, "other events in the replay");
        let result = match view.status {
            Status::Completed => {
                Ok(serde_json::from_str(view.output.as_ref().map_or("null", Payload::as_str)).unwrap())
            }
            _ => {
                let failure = view.failure.clone().unwrap_or_else(|| panic!("{view:?}"));
                Err((failure.error_type.to_string(), failure.message.to_string()))
            }
        };
        let nanos = view.completed_at.unwrap().0 - view.created_at.0;
        let seconds = u64::try_from(nanos / 1_000_000_000).unwrap();
        Ended { result, seconds, events, history_events: history.len() }
    }

    fn set(&self) -> (RuntimeBuilder, Arc<Recorder>, Arc<OnceLock<Client>>) {
        let (recorder, mint) = (Arc::new(Recorder::default()), HmacMint::new(b"a key for tests"));
        let env = Arc::new(Environment {
            mint: Arc::new(mint.clone()),
            observer: recorder.clone(),
            limits: self.limits.clone(),
            place: partita_flow::asl::arn::Place::default(),
            role_arn: "arn:aws:iam::000000000000:role/role".to_owned(),
            execution_name: |_, instance| instance.to_owned(),
            instance_id: |_, name| name.to_owned(),
            custom_status: true,
        });
        let client: Arc<OnceLock<Client>> = Arc::default();
        let offered = Offered { functions: self.functions.clone(), mint, client: client.clone() };
        let mut builder = Runtime::builder().offers(Arc::new(offered));
        for (name, definition) in &self.machines {
            let checked = inspect(&definition.to_string(), Format::Json, &self.limits, false);
            let machine = checked.machine.unwrap_or_else(|| panic!("{:#?}", checked.problems));
            for (label, processor) in machine.processors() {
                builder = workflow(builder, &format!("{name}/{label}"), processor, &env);
            }
            builder = workflow(builder, name, machine.clone(), &env);
        }
        let (reads, writes) = (Buckets::new(self.buckets.clone()), Buckets::new(self.buckets.clone()));
        let builder = builder
            .activity(READ_ACTIVITY, move |_, request: ReadRequest| std::future::ready(reads.read(&request)))
            .activity(WRITE_ACTIVITY, move |_, request: WriteRequest| {
                std::future::ready(writes.write(&request))
            });
        (builder, recorder, client)
    }
}

fn workflow(
    builder: RuntimeBuilder,
    name: &str,
    machine: Arc<Machine>,
    env: &Arc<Environment>,
) -> RuntimeBuilder {
    let env = env.clone();
    builder.orchestrator(name, move |ctx, input: Value| run(machine.clone(), env.clone(), ctx, input))
}

#[derive(Default)]
struct Recorder(Mutex<Vec<ExecutionEvent>>);

impl Observer for Recorder {
    fn event(&self, instance: &str, event: ExecutionEvent) {
        if instance == "main-1" {
            self.0.lock().push(event);
        }
    }
}

#[derive(Clone)]
struct Offered {
    functions: Functions,
    mint: HmacMint,
    client: Arc<OnceLock<Client>>,
}

impl Offers for Offered {
    fn function(&self, _: &str) -> Option<Arc<dyn Function>> {
        Some(Arc::new(self.clone()))
    }
}

impl Function for Offered {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let input: Value = serde_json::from_str(call.input.as_ref().map_or("null", Payload::as_str)).unwrap();
        let answer = (self.functions)(&call.name, &input);
        let offered = self.clone();
        Box::pin(async move { offered.answer(answer).await })
    }
}

impl Offered {
    async fn answer(&self, answer: Answer) -> Result<Option<Payload>, Failure> {
        let mut answer = answer;
        loop {
            answer = match answer {
                Answer::Give(value) => return Ok(Some(Payload::from(value.to_string()))),
                Answer::Fail(error, cause) => {
                    let mut failure = Failure::new(error, "");
                    failure.properties.insert("cause".into(), json!(cause).to_string().into());
                    return Err(failure);
                }
                Answer::Never => std::future::pending().await,
                Answer::After(seconds, then) => {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    *then
                }
                Answer::Tell(token, told) => {
                    let offered = self.clone();
                    tokio::spawn(async move { offered.tell(&token, told).await });
                    Answer::Give(json!({ "workerName": "w" }))
                }
            }
        }
    }

    async fn tell(&self, token: &str, told: Vec<(u64, Told)>) {
        let (instance, wait) = self.mint.open(token).unwrap();
        let (id, client) = (InstanceId::trusted(&instance), self.client.get().unwrap());
        for (seconds, told) in told {
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            let (name, data) = match told {
                Told::Success(output) => ("task", json!({ "outcome": "success", "output": output })),
                Told::Failure(error, cause) => {
                    ("task", json!({ "outcome": "failure", "error": error, "cause": cause }))
                }
                Told::Alive => ("heartbeat", Value::Null),
            };
            // Nobody may be waiting any more.
            let _ = client.raise_event(&id, &format!("states.{name}/{wait}"), &data).await;
        }
    }
}

/// A machine of these states that begins with the first of them in the order of the text.
pub(crate) fn machine(states: Value) -> Value {
    let first = states.as_object().unwrap().keys().next().unwrap().clone();
    json!({ "StartAt": first, "States": states })
}

/// The same in JSONata.
pub(crate) fn jsonata(states: Value) -> Value {
    let mut machine = machine(states);
    machine["QueryLanguage"] = "JSONata".into();
    machine
}

/// No function is called.
pub(crate) fn nothing(name: &str, _: &Value) -> Answer {
    panic!("{name} was called")
}

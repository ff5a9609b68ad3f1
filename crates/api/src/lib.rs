//! The transfer types of Partita's own HTTP API (`/api/v1`), read and written by the server and by its
//! clients, and their conversions from what the engine knows.
//!
//! | module | holds |
//! | --- | --- |
//! | [`json`] | payloads as JSON, exactly as they were written |
//! | [`time`] | instants as RFC 3339 |
//! | [`instance`] | instances: summaries, details, pages, counts |
//! | [`history`] | the events of a history |
//! | [`filter`] | which instances are meant, in a query and in a body |
//! | [`cursor`] | where the next page begins |
//! | [`request`] | what clients send |
//! | [`report`] | what comes back from starts, purges and bulk operations |
//! | [`why`] | why an instance waits |
//! | [`about`] | the server, its store, its limits, what it offers |
//! | [`definition`] | workflows one by one, and their definitions |
//! | [`entity`] | entities |
//! | [`execution`] | where an execution of a state machine is |
//! | [`hub`] | task hubs |
//! | [`live`] | what happens now, and in the last hour and day |
//! | [`function`] | functions: their figures, their details, calls by hand |
//! | [`schedule`] | starts by the clock |
//! | [`store`] | the store |
//! | [`problem`] | errors (RFC 9457) |
//! | [`paths`] | the addresses of it all |
//! | [`durable_task`] | the Durable Task protocol (gRPC) |
#![forbid(unsafe_code)]

pub mod about;
pub mod cursor;
pub mod definition;
pub mod durable_task;
pub mod entity;
pub mod execution;
pub mod filter;
pub mod function;
pub mod history;
pub mod hub;
pub mod instance;
pub mod json;
pub mod live;
pub mod log;
pub mod paths;
pub mod problem;
pub mod report;
pub mod request;
pub mod schedule;
pub mod store;
pub mod time;
pub mod why;

pub use about::{
    About, Configuration, Function, FunctionKind, FunctionList, HostedFunction, Limits, Retention,
    RetentionRule, Running, Setting, StoreInfo, Waiting, Worker, WorkerList, Workflow, WorkflowList,
};
pub use definition::{
    CheckDefinition, DefinitionProblem, DefinitionReport, DefinitionTaken, PutDefinition, Trigger,
    TriggerList, WorkflowDefinition, WorkflowDetail, WorkflowKind,
};
pub use entity::{CleanEntities, Entity, EntityCleaning, EntityListQuery, EntityLock, EntityPage};
pub use execution::MachineExecution;
pub use filter::{Filter, ListQuery, Order};
pub use function::{FunctionCalls, FunctionDetail, Invoke, Invoked};
pub use history::{Event, Failure, HistoryPage, Parent, Trace};
pub use hub::{Hub, HubList};
pub use instance::{Counts, InstanceDetail, InstancePage, InstanceSummary, SetAside, Status};
pub use json::Json;
pub use live::{Attention, InstancesChanged, Rates, Series, Summary};
pub use problem::{Problem, ProblemKind};
pub use report::{BackupReport, BulkFailure, BulkReport, Links, PurgeReport, Started};
pub use request::{Backup, Bulk, BulkOperation, Reason, Restart, Start, Terminate, WaitUntil};
pub use schedule::{Backfill, BackfillReport, Schedule, ScheduleList, ScheduleRun};
pub use store::{StoreCheck, StoreDetail};
pub use time::Time;
pub use why::{Why, WhyReason};

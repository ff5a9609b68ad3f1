//! Hosts functions written for the FDKs of the Fn Project in processes of their own.
//!
//! A handler and its FDK stay as they are. For each function, the [`Host`] builds an environment with what it requires,
//! starts processes as calls wait for one, hands each process one call at a time over a Unix socket (the
//! http-stream contract), and says for each call either the answer or which of the many ways of failing it was. Above all
//! it tells failures before the handler ran from those after ([`CallError::never_started`]).
//!
//! | module | holds |
//! | --- | --- |
//! | `spec` | `func.yaml` and `app.yaml` |
//! | `host`, `function` | the handle; one function with its processes, waiting calls and generations of code |
//! | `process`, `zygote`, `exchange` | one process: how it starts, how it is called, how it ends |
//! | `environment`, `stage` | what a function requires, built once; a copy of its files for each generation |
//! | `isolation`, `plan`, [`launcher`] | what a process may do, and the program that confines itself to it |
//! | `logs` | what functions print, by call and by function |
//! | `watch` | functions whose files change |
//! | `guest/` | what runs in the functions' processes |

mod call;
mod config;
mod environment;
mod error;
mod exchange;
mod function;
mod host;
mod isolation;
pub mod launcher;
mod logs;
mod nearest;
mod plan;
mod process;
mod spec;
mod stage;
mod status;
mod watch;
mod zygote;

pub use call::{Answer, CALL_ID_CHARACTERS, Call, GatewayRequest, is_call_id};
pub use config::{HostConfig, HostLimits, Isolation};
pub use error::{CallError, DeployError, Exception, Exit, HostError, SpecError};
pub use host::Host;
pub use logs::{LogFilter, LogLine, LogStore, LogStream};
pub use spec::{AppSpec, Entrypoint, FunctionSpec, Runtime, read_app};
pub use status::{FunctionState, FunctionStatus, HostEvent};

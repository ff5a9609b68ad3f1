//! Applications and functions with ids: those of the app's folder, and those that were made through an API.
//!
//! Functions of the folder follow from files, and their ids follow from their names. The others are kept in the store
//! (as the setting [`SETTING`]), and the code of those that came as archives is unpacked in a folder. All of them are
//! deployed to the host.
//!
//! A workflow calls a function by its name. When a function of another application is called so already, the one that
//! came later is called `APPLICATION.NAME`; that name stays with it.
//!
//! Each function can sign requests as itself: it has a key and a token in its environment, as the cloud's resource
//! principals have. The SDKs do not learn from them where this server is, so handlers pass its address to their
//! clients (`service_endpoint`).
//!
//! | module | holds |
//! | --- | --- |
//! | `live` | the [`Catalogue`]: reading and changing it |
//! | `record`, `state` | what is kept; the rules about names |
//! | `deploy`, `spec` | what becomes of a record: a function of the host |
//! | `invoke`, `repeats` | calls from outside; calls that come twice |
//! | `archive` | code that comes as a zip archive |
//! | `principal`, `rsa` | tokens and keys of functions |
//! | `jobs` | what goes on after a request was answered |
//! | `error` | why something is refused |

mod archive;
mod deploy;
mod error;
mod invoke;
mod jobs;
mod live;
mod principal;
mod record;
mod repeats;
mod rsa;
mod spec;
mod state;

pub(crate) use archive::Archive;
pub(crate) use deploy::Phase;
pub use error::CatalogueError;
pub(crate) use invoke::{InvokeError, Refused};
pub(crate) use jobs::{Job, JobState};
pub use live::Catalogue;
pub(crate) use live::{NewApplication, NewFunction, NewSource, SourceChange, etag};
pub use record::Kind;
pub(crate) use record::{Application, FOLDER_COMPARTMENT, Function, Source, Trigger};
pub(crate) use repeats::TokenError;
pub(crate) use rsa::{KeyError, public_from_pem};
#[cfg(test)]
pub(crate) use rsa::{test_key, test_public_pem};

/// The setting of the store that holds the catalogue.
pub(crate) const SETTING: &str = "functions/catalogue";

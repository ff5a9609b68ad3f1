//! `partita version`.

use crate::api::Api;
use crate::args::GlobalArgs;
use crate::exit::{Exit, Result};
use crate::output::Printer;
use partita_api::{About, paths};
use serde_json::json;
use std::time::Duration;

/// How long the server may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn run(global: &GlobalArgs, printer: &Printer) -> Result<Exit> {
    let own = env!("CARGO_PKG_VERSION");
    let (api, server) = (Api::new(global)?, &global.server);
    let about: Result<About> = api.get_within(paths::ABOUT, &[], PATIENCE).await;
    let about = about.ok();
    let value = json!({ "version": own, "server": server, "about": about });
    printer.either(&value, || {
        let server = match &about {
            Some(about) => format!("server   {} at {server}, {}", about.version, readiness(about)),
            None => format!("server   none at {server}"),
        };
        Vec::from([format!("partita  {own}"), server])
    })?;
    Ok(Exit::Ok)
}

fn readiness(about: &About) -> String {
    let store = &about.store;
    match &about.not_ready {
        Some(why) => format!("not ready: {why}"),
        None => format!("ready, {} store at {}", store.kind, store.location),
    }
}

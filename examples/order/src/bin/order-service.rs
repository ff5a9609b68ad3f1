//! The order service: its own routes, the workflows, and Partita's management API, all in one process.

use order_example::clients::Clients;
use order_example::settings::Settings;
use order_example::{activities, service};
use partita::Runtime;
use partita_server::{Server, ServerOptions};
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// How long activities under way get to end.
const GRACE: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    order_example::settings::log();
    let settings = Settings::read(|name| std::env::var(name).ok())?;

    let clients = Arc::new(Clients::new(&settings)?);
    let runtime =
        activities::offer(Runtime::builder().data_dir(&settings.data_dir), &clients).start().await?;
    let options = ServerOptions { listen: settings.listen, ..ServerOptions::default() };
    let server = Server::bind(runtime.engine().clone(), options).await?;
    tracing::info!(address = %server.address(), data = %settings.data_dir.display(), "the order service is ready");

    let routes = service::routes(runtime.client(), &settings);
    server.merge(routes).serve(told_to_stop()?).await?;
    runtime.shutdown(GRACE).await?;
    Ok(())
}

/// Resolves at Ctrl-C or SIGTERM.
fn told_to_stop() -> Result<impl Future<Output = ()>, std::io::Error> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

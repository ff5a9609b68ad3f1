//! The listening server, for the binary and for services.

use crate::app::{App, Shared, of_app};
use crate::connections;
use crate::durable_task::workers::Workers;
use crate::guard::Hosts;
use crate::hubs::{Door, Hubs};
use crate::options::ServerOptions;
use crate::parts::Parts;
use axum::Router;
use partita_engine::Engine;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Why a server does not listen.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Others could reach it, and nobody would have to say who they are.
    #[error(
        "{0} can be reached from other machines, and this server does not ask anybody who they are: whoever can reach \
         it can start, read and delete everything. Listen on 127.0.0.1, or set allow-unauthenticated-network if \
         something in front of it keeps others out"
    )]
    OpenToTheNetwork(SocketAddr),
    /// The address is taken.
    #[error("the address {0} is in use: is another server running? Choose another one with --listen")]
    InUse(SocketAddr),
    /// The system does not allow it.
    #[error("cannot listen on {address}: {cause}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        cause: std::io::Error,
    },
    /// It listened, and then could not go on.
    #[error("the server failed: {0}")]
    Serve(#[from] std::io::Error),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    router: Router,
    engine: Engine,
    options: ServerOptions,
    stopping: CancellationToken,
    workers: Option<Arc<Workers>>,
    hubs: Option<Arc<Hubs>>,
    hosts: Hosts,
}

impl Server {
    /// Listens; requests wait until [`Server::serve`] is called.
    ///
    /// # Errors
    /// When it may not or cannot listen there.
    pub async fn bind(engine: Engine, options: ServerOptions) -> Result<Self, ServeError> {
        Self::bind_with(engine, Parts::default(), options).await
    }

    /// Listens, for an engine and more; requests wait until [`Server::serve`] is called.
    ///
    /// # Errors
    /// When it may not or cannot listen there.
    pub async fn bind_with(engine: Engine, parts: Parts, options: ServerOptions) -> Result<Self, ServeError> {
        if !options.listen.ip().is_loopback() && !options.allow_unauthenticated_network {
            return Err(ServeError::OpenToTheNetwork(options.listen));
        }
        let (listener, address) = listen(&options).await?;
        let stopping = CancellationToken::new();
        let hosts = Hosts::of_server(address, &options);
        let (workers, hubs) = (parts.workers.clone(), parts.hubs.clone());
        let app = App::new(engine.clone(), parts, options.clone(), hosts.clone(), stopping.clone());
        let app: Shared = Arc::new(app);
        Ok(Self { listener, address, router: of_app(&app), engine, options, stopping, workers, hubs, hosts })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds routes of one's own, beside all others.
    #[must_use]
    pub fn merge(mut self, router: Router) -> Self {
        self.router = self.router.merge(router);
        self
    }

    /// Serves, and runs the schedules, until `shutdown` resolves; then takes no more requests, ends long polls
    /// and streams, and gives the others the time that the options say. The engine is not shut down.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send + 'static) -> Result<(), ServeError> {
        let Self { listener, router, engine, options, stopping, workers, hubs, hosts, .. } = self;
        let schedules = options.schedules.spawn(&engine, &stopping);
        let drain = options.drain;
        let door = match &hubs {
            Some(hubs) => Door::with(router, hubs.clone(), options, hosts, stopping.clone()),
            None => Door::alone(router),
        };
        let drained = CancellationToken::new();
        let (begin, stopped) = (stopping.clone(), stopping.clone());
        tokio::spawn(async move {
            shutdown.await;
            begin.cancel();
            if let Some(workers) = workers {
                workers.stop();
            }
            if let Some(hubs) = hubs {
                hubs.stop();
            }
        });
        let last = drained.clone();
        tokio::spawn(async move {
            stopping.cancelled().await;
            tokio::time::sleep(drain).await;
            last.cancel();
        });
        tokio::select! {
            () = connections::serve(listener, door, stopped) => {}
            () = drained.cancelled() => tracing::warn!("requests that did not end in time are broken off"),
        }
        schedules.abort();
        Ok(())
    }
}

async fn listen(options: &ServerOptions) -> Result<(TcpListener, SocketAddr), ServeError> {
    let mut address = options.listen;
    let last = address.port().saturating_add(options.next_ports);
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => {
                let address = listener.local_addr()?;
                return Ok((listener, address));
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::AddrInUse => {
                if address.port() >= last {
                    return Err(ServeError::InUse(options.listen));
                }
                address.set_port(address.port() + 1);
            }
            Err(cause) => return Err(ServeError::Listen { address, cause }),
        }
    }
}

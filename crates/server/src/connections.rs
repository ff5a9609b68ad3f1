//! Accepting connections: HTTP/1.1 and HTTP/2 on one port, told apart by their first bytes.

use crate::hubs::Door;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long it waits before it accepts again when the process has too many files open.
const BREATH: Duration = Duration::from_millis(200);

/// How often a peer on HTTP/2 is asked for a sign of life, and how long it may take.
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// Requests under way on one HTTP/2 connection. One client holds all its long polls on one.
const STREAMS: u32 = 1 << 20;

/// Bytes that a peer may send on one stream, and on one connection, before they are read.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 8 << 20;

/// Serves until `stopping` is cancelled; then takes no more connections and requests, and ends when those under way have.
pub(crate) async fn serve(listener: TcpListener, door: Door, stopping: CancellationToken) {
    let builder = builder();
    let (alive, mut last) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stopping.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let (builder, door) = (builder.clone(), door.clone());
                let (stopping, alive) = (stopping.clone(), alive.clone());
                tokio::spawn(async move {
                    connection(&builder, stream, door, stopping).await;
                    drop(alive);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(BREATH).await;
            }
        }
    }
    drop((listener, alive));
    let _ = last.recv().await; // nothing is ever sent: it ends when all connections have
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new());
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    builder
}

async fn connection(
    builder: &Builder<TokioExecutor>,
    stream: TcpStream,
    door: Door,
    stopping: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection is already gone");
        return;
    }
    let service = TowerToHyperService::new(door);
    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = serving.as_mut() => served,
        () = stopping.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(error, "a connection broke");
    }
}

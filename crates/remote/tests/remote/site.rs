//! A server that takes workers, and workers for it.

use partita::{InstanceId, Runtime, RuntimeBuilder};
use partita_engine::store::{MemoryStore, Store};
use partita_engine::{Engine, InstanceView};
use partita_remote::{Client, Worker};
use partita_server::durable_task::workers::{EntityMessages, WorkerOffers, WorkerOptions, Workers};
use partita_server::parts::Parts;
use partita_server::{Server, ServerOptions};
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;

pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    pub(crate) engine: Engine,
    pub(crate) workers: Arc<Workers>,
    store: Arc<dyn Store>,
    runtime: Runtime,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl Site {
    /// A server that offers nothing itself.
    pub(crate) async fn open() -> Self {
        Self::offering(Runtime::builder()).await
    }

    /// A server that offers this itself.
    pub(crate) async fn offering(builder: RuntimeBuilder) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        Self::at(listen, Arc::new(MemoryStore::new(2)), builder, EntityMessages::default()).await
    }

    /// A server that tells workers of operations of entities in this form.
    pub(crate) async fn telling(messages: EntityMessages) -> Self {
        let listen = "127.0.0.1:0".parse().unwrap();
        Self::at(listen, Arc::new(MemoryStore::new(2)), Runtime::builder(), messages).await
    }

    async fn at(
        listen: SocketAddr,
        store: Arc<dyn Store>,
        builder: RuntimeBuilder,
        entity_messages: EntityMessages,
    ) -> Self {
        let grace = Duration::from_millis(50);
        let options = WorkerOptions { grace, entity_messages, ..WorkerOptions::default() };
        let workers = Workers::open(store.clone(), options).await.unwrap();
        let builder = builder.offers(Arc::new(WorkerOffers::new(workers.clone()))).store(store.clone());
        let runtime = builder.start().await.unwrap();
        let engine = runtime.engine().clone();
        let parts = Parts { workers: Some(workers.clone()), ..Parts::default() };
        let options = ServerOptions { listen, ..ServerOptions::default() };
        let server = Server::bind_with(engine.clone(), parts, options).await.unwrap();
        let (address, stop) = (server.address(), CancellationToken::new());
        let stopped = stop.clone().cancelled_owned();
        let serving = tokio::spawn(async move { server.serve(stopped).await.unwrap() });
        Self { address, engine, workers, store, runtime, stop, serving }
    }

    /// Stops the server and gives what it needs to come back.
    pub(crate) async fn stop(self) -> Stopped {
        self.stop.cancel();
        self.serving.await.unwrap();
        self.runtime.shutdown(Duration::ZERO).await.unwrap();
        Stopped { address: self.address, store: self.store }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.url()).await.unwrap()
    }

    /// A worker that offers this, once it is connected.
    pub(crate) async fn worker(&self, offers: &RuntimeBuilder) -> Working {
        self.worker_with(offers, |worker| worker).await
    }

    pub(crate) async fn worker_with(
        &self,
        offers: &RuntimeBuilder,
        change: impl FnOnce(Worker) -> Worker,
    ) -> Working {
        let worker = change(Worker::connect(&self.url()).unwrap().registry(offers.registry()));
        self.connected(worker).await
    }

    pub(crate) async fn connected(&self, worker: Worker) -> Working {
        let ids = || self.workers.list().into_iter().map(|worker| worker.id).collect::<BTreeSet<_>>();
        let before = ids(); // of which one may go meanwhile
        let stop = CancellationToken::new();
        let task = tokio::spawn(worker.run(stop.clone()));
        until("the worker is connected", async || !ids().is_subset(&before)).await;
        Working { stop, task }
    }

    /// Why an instance waits.
    pub(crate) async fn why(&self, id: &InstanceId) -> Vec<String> {
        let why = self.engine.why(id).await.unwrap().unwrap();
        why.reasons.iter().map(ToString::to_string).collect()
    }
}

pub(crate) struct Stopped {
    address: SocketAddr,
    store: Arc<dyn Store>,
}

impl Stopped {
    /// The same server again.
    pub(crate) async fn reopen(self) -> Site {
        Site::at(self.address, self.store, Runtime::builder(), EntityMessages::default()).await
    }
}

/// A worker that runs.
pub(crate) struct Working {
    pub(crate) stop: CancellationToken,
    task: JoinHandle<Result<(), partita_remote::Error>>,
}

impl Working {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.ended().await.unwrap();
    }

    pub(crate) async fn ended(self) -> Result<(), partita_remote::Error> {
        tokio::time::timeout(PATIENCE, self.task).await.expect("the worker does not end").unwrap()
    }
}

/// Polls what only shows from outside.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "not so in time: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// The instance when it has ended.
pub(crate) async fn end(client: &Client, id: &InstanceId) -> InstanceView {
    let view = client.wait(id, PATIENCE).await.unwrap();
    assert!(view.status.is_terminal(), "it does not end: {view:?}");
    view
}

/// A wire to the server that can be cut.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Wire {
    pub(crate) async fn to(server: SocketAddr) -> Self {
        Self::over(TcpListener::bind("127.0.0.1:0").await.unwrap(), server)
    }

    pub(crate) fn over(listener: TcpListener, server: SocketAddr) -> Self {
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut wires = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                wires.spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { address, task }
    }

    pub(crate) async fn cut(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

//! Connections that only read: some for whoever asks a small question, and threads for the large ones.

use crate::db;
use futures::channel::oneshot;
use parking_lot::Mutex;
use partita_store::StoreError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

/// Idle connections kept for small questions.
const IDLE: usize = 8;
/// Threads for large questions.
const THREADS: usize = 2;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The readers of one database.
pub(crate) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    pub(crate) fn start(path: &Path) -> Result<Self, StoreError> {
        let (sender, receiver) = mpsc::channel::<Job>();
        let receiver = Arc::new(Mutex::new(receiver));
        let mut threads = Vec::new();
        for number in 1..=THREADS {
            let conn = db::open_reader(path)?;
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new().name(format!("partita-read-{number}"));
            let thread = thread.spawn(move || {
                while let Ok(job) = { receiver.lock().recv() } {
                    job(&conn);
                }
            });
            threads.push(
                thread.map_err(|error| StoreError::Unavailable(format!("starting a thread: {error}")))?,
            );
        }
        let idle = vec![db::open_reader(path)?];
        Ok(Self {
            path: path.to_owned(),
            idle: Mutex::new(idle),
            jobs: Mutex::new(Some(sender)),
            threads: Mutex::new(threads),
        })
    }

    /// Asks a small question at once, on the caller's thread: handing it over would cost more.
    pub(crate) fn ask<T>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self.idle.lock().pop();
        let conn = match idle {
            Some(conn) => conn,
            None => db::open_reader(&self.path)?,
        };
        let answer = question(&conn);
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push(conn);
        }
        answer
    }

    /// Asks a question that may take long, on a thread of its own.
    pub(crate) async fn hand_over<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let closed = || StoreError::Unavailable("the store was closed".into());
        let (sender, answer) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            let _ = sender.send(question(conn));
        });
        match &*self.jobs.lock() {
            Some(jobs) => jobs.send(job).map_err(|_| closed())?,
            None => return Err(closed()),
        }
        answer.await.map_err(|_| closed())?
    }

    /// Waits for what is under way and closes all connections.
    pub(crate) fn stop(&self) {
        self.jobs.lock().take();
        for thread in self.threads.lock().drain(..) {
            let _ = thread.join();
        }
        self.idle.lock().clear();
    }
}

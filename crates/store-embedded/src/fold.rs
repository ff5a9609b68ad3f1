//! The fold's thread: a fraction of a second behind the journal, it puts the newest state into the tables.

use crate::overlay::Overlay;
use crate::segments::Segments;
use crate::shared::{Layers, Shared};
use crate::{db, tables};
use parking_lot::MutexGuard;
use partita_store::StoreError;
use rusqlite::Connection;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long an idle store waits before it puts its write-ahead log away.
const IDLE: Duration = Duration::from_secs(1);
/// How long a fold that failed waits before the next attempt.
const RETRY: Duration = Duration::from_millis(100);
/// So many pages of the write-ahead log make a checkpoint due (32 MiB).
const LOG_PAGES: u32 = 8 << 10;
/// So many full segments make a checkpoint due.
const SEGMENTS: usize = 4;

/// The state of the fold's thread.
pub(crate) struct Fold {
    shared: Arc<Shared>,
    segments: Arc<Segments>,
    conn: Connection,
    interval: Duration,
    /// Whether the tables hold anything that a checkpoint has not synced.
    unsynced: bool,
    /// The index of SQLite's write-ahead log.
    log_index: PathBuf,
}

enum Next {
    Fold(Arc<Overlay>),
    Idle,
    Stop { finish: bool },
}

impl Fold {
    pub(crate) fn new(
        shared: Arc<Shared>,
        segments: Arc<Segments>,
        conn: Connection,
        interval: Duration,
        log_index: PathBuf,
    ) -> Self {
        Self { shared, segments, conn, interval, unsynced: true, log_index }
    }

    /// Folds until the store is closed: the work of a thread of its own.
    pub(crate) fn run(mut self) {
        loop {
            match self.next() {
                Next::Fold(layer) => self.fold(&layer),
                Next::Idle => self.checkpoint(true),
                Next::Stop { finish } => {
                    if finish {
                        self.checkpoint(true);
                    }
                    return;
                }
            }
        }
    }

    /// Waits until there is something to do.
    fn next(&self) -> Next {
        let mut layers = self.shared.layers.lock();
        loop {
            if layers.abandoned {
                return Next::Stop { finish: false };
            }
            if let Some(folding) = &layers.folding {
                return self.retry(folding.clone(), layers);
            }
            if layers.active.is_empty() {
                if layers.closing {
                    return Next::Stop { finish: true };
                }
                if !self.unsynced {
                    self.shared.work.wait(&mut layers);
                } else if self.shared.work.wait_for(&mut layers, IDLE).timed_out() && layers.active.is_empty()
                {
                    return Next::Idle;
                }
                continue;
            }
            let due = layers.since.unwrap_or_else(Instant::now) + self.interval;
            if layers.closing || !layers.waiters.is_empty() || layers.hurry || Instant::now() >= due {
                return Next::Fold(swap(&mut layers));
            }
            self.shared.work.wait_until(&mut layers, due);
        }
    }

    /// The last attempt failed: tries the same layer again after a while.
    fn retry(&self, folding: Arc<Overlay>, mut layers: MutexGuard<'_, Layers>) -> Next {
        if layers.closing {
            // What is in the journal is not lost: it is folded when the store is opened again.
            return Next::Stop { finish: false };
        }
        let again = Instant::now() + RETRY;
        while !layers.closing && !layers.abandoned {
            if self.shared.work.wait_until(&mut layers, again).timed_out() {
                break;
            }
        }
        Next::Fold(folding)
    }

    fn fold(&mut self, layer: &Arc<Overlay>) {
        match tables::fold(&self.conn, layer, self.shared.partitions).map_err(db::wrong) {
            Ok(instances) => {
                self.shared.instances.store(instances.unsigned_abs(), Ordering::Relaxed);
                self.done(layer.through);
                self.unsynced = true;
                if self.log_is_long() || self.segments.closed_count() >= SEGMENTS {
                    self.checkpoint(false);
                }
            }
            Err(error) => self.failed(error),
        }
    }

    fn done(&self, through: u64) {
        let mut layers = self.shared.layers.lock();
        layers.folded = through;
        let folded = layers.folding.take();
        layers.failure = None;
        let (ready, waiting) = layers.waiters.drain(..).partition(|(until, _)| *until <= through);
        layers.waiters = waiting;
        drop(layers);
        self.shared.room.notify_all();
        let ready: Vec<_> = ready;
        for (_, waiter) in ready {
            let _ = waiter.send(Ok(()));
        }
        drop(folded);
    }

    fn failed(&self, error: StoreError) {
        tracing::error!(%error, "the tables could not be written; trying again");
        let mut layers = self.shared.layers.lock();
        for (_, waiter) in layers.waiters.drain(..) {
            let _ = waiter.send(Err(error.clone()));
        }
        layers.failure = Some(error);
        drop(layers);
        self.shared.room.notify_all();
    }

    /// The length of SQLite's log in pages, from the place where its file format keeps it: the file itself
    /// does not shrink when the log begins anew.
    fn log_is_long(&self) -> bool {
        let mut pages = [0; 4];
        let read = File::open(&self.log_index).and_then(|file| file.read_exact_at(&mut pages, 16));
        read.is_ok() && u32::from_ne_bytes(pages) >= LOG_PAGES
    }

    /// Syncs the tables, and gives up the part of the journal that they hold.
    fn checkpoint(&mut self, truncate: bool) {
        let position = self.shared.layers.lock().folded;
        match db::checkpoint(&self.conn, truncate) {
            Ok(true) => {
                self.unsynced = false;
                self.segments.retire(position);
            }
            Ok(false) => tracing::debug!("a reader holds back the checkpoint"),
            Err(error) => tracing::warn!(%error, "the tables could not be synced; trying again"),
        }
    }
}

/// Takes the active layer to be folded, and begins a new one.
fn swap(layers: &mut Layers) -> Arc<Overlay> {
    let layer = Arc::new(std::mem::take(&mut layers.active));
    layers.folding = Some(layer.clone());
    layers.since = None;
    layers.hurry = false;
    layers.swaps += 1;
    layer
}

//! The suite on the embedded store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita_store::Store;
use partita_store::conformance::Harness;
use partita_store_embedded::{EmbeddedStore, Options};
use std::time::Duration;
use tempfile::TempDir;

struct Embedded {
    folder: Mutex<TempDir>,
    options: Options,
    /// Whether a store is closed before it is opened again, or just dropped.
    close: bool,
}

impl Embedded {
    fn new(fold_interval: Duration, close: bool) -> Self {
        let options =
            Options { partitions: 4, segment_bytes: 256 << 10, fold_interval, ..Options::default() };
        Self { folder: Mutex::new(TempDir::new().unwrap()), options, close }
    }

    fn open(&self) -> Box<dyn Store> {
        let folder = self.folder.lock().path().to_owned();
        Box::new(EmbeddedStore::open(folder, self.options.clone()).unwrap())
    }
}

impl Harness for Embedded {
    fn fresh(&self) -> BoxFuture<'_, Box<dyn Store>> {
        *self.folder.lock() = TempDir::new().unwrap();
        Box::pin(async { self.open() })
    }

    fn reopen(&self, store: Box<dyn Store>) -> BoxFuture<'_, Option<Box<dyn Store>>> {
        Box::pin(async move {
            if self.close {
                store.close().await.unwrap();
            }
            drop(store);
            Some(self.open())
        })
    }
}

/// Everything goes into the tables at once.
mod folded_at_once {
    use super::*;
    partita_store::conformance_tests!(Embedded::new(Duration::ZERO, true));
}

/// Nothing goes into the tables before somebody asks for it, and nothing is finished before it is dropped.
mod folded_when_asked {
    use super::*;
    partita_store::conformance_tests!(Embedded::new(Duration::from_secs(3600), false));
}

//! The suite on the in-memory store, plain and behind the decorator that may fail but does not.

use futures::future::BoxFuture;
use partita_store::conformance::Harness;
use partita_store::{FaultyStore, MemoryStore, Store};
use std::sync::Arc;

struct Plain;

impl Harness for Plain {
    fn fresh(&self) -> BoxFuture<'_, Box<dyn Store>> {
        Box::pin(async { Box::new(MemoryStore::new(4)) as Box<dyn Store> })
    }
}

struct Decorated;

impl Harness for Decorated {
    fn fresh(&self) -> BoxFuture<'_, Box<dyn Store>> {
        Box::pin(async { Box::new(FaultyStore::new(Arc::new(MemoryStore::new(4)))) as Box<dyn Store> })
    }
}

mod plain {
    use super::*;
    partita_store::conformance_tests!(Plain);
}

mod decorated {
    use super::*;
    partita_store::conformance_tests!(Decorated);
}

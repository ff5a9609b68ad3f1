//! A store that fails on purpose, for the tests of whoever uses one.

use crate::order::FailureGate;
use crate::{
    Batch, CheckReport, Counts, Epoch, FileSize, Filter, HistoryPage, Page, Query, Store, StoreError,
    StoreInfo, StoredInstance, StoredMessage,
};
use async_trait::async_trait;
use futures::future::{BoxFuture, FutureExt};
use futures::lock::MutexGuard;
use parking_lot::Mutex;
use partita_kernel::{InstanceId, Partition, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// What goes wrong with a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written, and this is the answer. After [`StoreError::Poisoned`] nothing more is
    /// accepted until the store is reopened.
    Refuse(StoreError),
    /// The batch is written, but the caller is told [`StoreError::Poisoned`], and nothing more is accepted
    /// until the store is reopened.
    LoseAnswer,
}

impl Fault {
    /// Refused for want of room.
    #[must_use]
    pub fn full() -> Self {
        Self::Refuse(StoreError::Full("no room, on purpose".into()))
    }

    /// Refused because the store cannot be reached.
    #[must_use]
    pub fn unavailable() -> Self {
        Self::Refuse(StoreError::Unavailable("out of reach, on purpose".into()))
    }
}

#[derive(Default)]
struct Plan {
    commits: u64,
    faults: BTreeMap<u64, Fault>,
    poisoned: bool,
    epochs: HashMap<Partition, Epoch>,
    refuse_loads: bool,
    refused_loads: u64,
}

/// Lets everything through to another store, but for the commits that a test has picked.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    plan: Mutex<Plan>,
    gate: FailureGate,
    checks: futures::lock::Mutex<()>,
}

impl FaultyStore {
    /// A store that does not fail yet.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self { inner, plan: Mutex::default(), gate: FailureGate::default(), checks: Default::default() }
    }

    /// Lets the `nth` commit from the start fail; the first is number 1.
    pub fn fail_commit(&self, nth: u64, fault: Fault) {
        self.plan.lock().faults.insert(nth, fault);
    }

    /// Lets the next commit fail.
    pub fn fail_next(&self, fault: Fault) {
        let mut plan = self.plan.lock();
        let next = plan.commits + 1;
        plan.faults.insert(next, fault);
    }

    /// Lets all loads of instances fail from now on, or no longer.
    pub fn refuse_loads(&self, refuse: bool) {
        self.plan.lock().refuse_loads = refuse;
    }

    /// How many loads have failed so far.
    #[must_use]
    pub fn refused_loads(&self) -> u64 {
        self.plan.lock().refused_loads
    }

    /// Lets checks wait until the guard is dropped.
    pub async fn hold_checks(&self) -> MutexGuard<'_, ()> {
        self.checks.lock().await
    }

    /// How many commits were tried so far.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.plan.lock().commits
    }

    fn refuses_load(&self) -> bool {
        let mut plan = self.plan.lock();
        plan.refused_loads += u64::from(plan.refuse_loads);
        plan.refuse_loads
    }

    fn next_fault(&self, partition: Partition, epoch: Epoch) -> Option<Fault> {
        let mut plan = self.plan.lock();
        plan.commits += 1;
        if plan.poisoned {
            return Some(Fault::Refuse(poisoned()));
        }
        if plan.epochs.get(&partition) != Some(&epoch) {
            return Some(Fault::Refuse(StoreError::Fenced));
        }
        let number = plan.commits;
        let fault = plan.faults.remove(&number)?;
        plan.poisoned = matches!(fault, Fault::LoseAnswer | Fault::Refuse(StoreError::Poisoned(_)));
        Some(fault)
    }
}

fn poisoned() -> StoreError {
    StoreError::Poisoned("the answer was lost, on purpose".into())
}

#[async_trait]
impl Store for FaultyStore {
    fn partitions(&self) -> u16 {
        self.inner.partitions()
    }

    async fn acquire(&self, partition: Partition, owner: &str) -> Result<Epoch, StoreError> {
        if self.plan.lock().poisoned {
            return Err(poisoned());
        }
        let epoch = self.inner.acquire(partition, owner).await?;
        self.plan.lock().epochs.insert(partition, epoch);
        Ok(epoch)
    }

    fn commit(
        &self,
        partition: Partition,
        epoch: Epoch,
        batch: Batch,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        let owner = (partition, epoch);
        if let Some(error) = self.gate.unseen(owner) {
            return self.gate.fail(owner, error);
        }
        match self.next_fault(partition, epoch) {
            None => self.inner.commit(partition, epoch, batch),
            Some(Fault::Refuse(error)) => self.gate.fail(owner, error),
            Some(Fault::LoseAnswer) => {
                let applied = self.inner.commit(partition, epoch, batch);
                let lost = self.gate.fail(owner, poisoned());
                applied.then(|_| lost).boxed()
            }
        }
    }

    async fn load(&self, id: &InstanceId) -> Result<Option<StoredInstance>, StoreError> {
        if self.refuses_load() {
            return Err(StoreError::Unavailable("out of reach, on purpose".into()));
        }
        self.inner.load(id).await
    }

    async fn history(
        &self,
        id: &InstanceId,
        from: u32,
        max_bytes: usize,
    ) -> Result<Option<HistoryPage>, StoreError> {
        self.inner.history(id, from, max_bytes).await
    }

    async fn recoverable(
        &self,
        partition: Partition,
        after: Option<&InstanceId>,
        limit: usize,
    ) -> Result<Vec<InstanceId>, StoreError> {
        self.inner.recoverable(partition, after, limit).await
    }

    async fn messages(&self, partition: Partition) -> Result<Vec<StoredMessage>, StoreError> {
        self.inner.messages(partition).await
    }

    async fn due(
        &self,
        partition: Partition,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, InstanceId)>, StoreError> {
        self.inner.due(partition, until, limit).await
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.inner.query(query).await
    }

    async fn count(&self, filter: &Filter) -> Result<Counts, StoreError> {
        self.inner.count(filter).await
    }

    async fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.setting(key).await
    }

    async fn set_setting(&self, key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        self.inner.set_setting(key, value).await
    }

    async fn info(&self) -> Result<StoreInfo, StoreError> {
        self.inner.info().await
    }

    async fn backup(&self, folder: &Path) -> Result<(), StoreError> {
        self.inner.backup(folder).await
    }

    async fn files(&self) -> Result<Vec<FileSize>, StoreError> {
        self.inner.files().await
    }

    async fn check(&self) -> Result<CheckReport, StoreError> {
        drop(self.checks.lock().await);
        self.inner.check().await
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        self.inner.reopen().await?;
        let mut plan = self.plan.lock();
        if plan.poisoned {
            plan.poisoned = false;
            plan.epochs.clear();
        }
        Ok(())
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.inner.close().await
    }
}

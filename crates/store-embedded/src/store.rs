//! The store itself: opening, closing, and handing each question to whoever answers it.

use crate::disk::{Disk, RealDisk};
use crate::entry::Entry;
use crate::fold::Fold;
use crate::journal::Journal;
use crate::lock::FolderLock;
use crate::overlay::{MESSAGES_PER_BATCH, Overlay};
use crate::pool::Readers;
use crate::segments::Segments;
use crate::shared::{Job, Layers, Queue, Shared};
use crate::{db, list, maintenance, online, read, replay};
use async_trait::async_trait;
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt, ready};
use parking_lot::Mutex;
use partita_kernel::{InstanceId, Partition, Timestamp};
use partita_store::order::Owner;
use partita_store::{
    Batch, CheckReport, Counts, Epoch, FileSize, Filter, HistoryPage, Page, Query, Store, StoreError,
    StoreInfo, StoredInstance, StoredMessage, Write,
};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The database's name in a store's folder.
pub(crate) const DATABASE: &str = "partita.db";
/// The journal's name in a store's folder.
pub(crate) const JOURNAL: &str = "journal";

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// How many partitions a new store gets. One that exists keeps its own number.
    pub partitions: u16,
    /// Bytes of a usual journal segment.
    pub segment_bytes: u64,
    /// Bytes that may be durable and not yet in the tables; beyond that, commits wait.
    pub unfolded_bytes: usize,
    /// How long changes wait for company before they are put into the tables. Nothing that is
    /// acknowledged depends on it; a longer time merges more turns of one instance into one write.
    pub fold_interval: Duration,
    /// Pages of 4 KiB beyond which the database may not grow; `None` for no limit but the disk's.
    pub database_pages: Option<u32>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            partitions: 16,
            segment_bytes: 16 << 20,
            unfolded_bytes: 64 << 20,
            fold_interval: Duration::from_millis(60),
            database_pages: None,
        }
    }
}

/// A store in a folder of its own, held by one process.
///
/// Dropping it without [`Store::close`] is safe and quick: what is not in the tables yet is in the journal,
/// and is read from there when the store is opened again.
pub struct EmbeddedStore {
    folder: PathBuf,
    shared: Arc<Shared>,
    readers: Arc<Readers>,
    running: Mutex<Option<Running>>,
}

struct Running {
    shared: Arc<Shared>,
    segments: Arc<Segments>,
    readers: Arc<Readers>,
    journal: JoinHandle<()>,
    fold: JoinHandle<()>,
    segment_maker: JoinHandle<()>,
    lock: FolderLock,
}

impl EmbeddedStore {
    /// Opens the store in `folder`, and makes one if there is none.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it, [`StoreError::Version`] when another version of
    /// Partita wrote it, [`StoreError::Corrupt`] when something is missing that was acknowledged.
    pub fn open(folder: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        Self::open_on(folder, options, Arc::new(RealDisk))
    }

    /// The same with other file operations under the journal.
    ///
    /// # Errors
    /// As [`Self::open`].
    #[allow(clippy::needless_pass_by_value)] // options are given away
    pub fn open_on(
        folder: impl AsRef<Path>,
        options: Options,
        disk: Arc<dyn Disk>,
    ) -> Result<Self, StoreError> {
        let folder = folder.as_ref();
        let journal = folder.join(JOURNAL);
        let failed =
            |error: std::io::Error| StoreError::Unavailable(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(failed)?;
        disk.make_folder(&journal).map_err(failed)?;
        let lock = FolderLock::take(folder)?;
        let database = folder.join(DATABASE);
        let conn = db::open_writer(&database, options.partitions)?;
        let opened = Opened::read(&conn, &*disk, &journal)?;
        limit_size(&conn, options.database_pages)?;
        let readers = Arc::new(Readers::start(&database)?);
        let segments =
            Arc::new(Segments::new(disk, &journal, options.segment_bytes, opened.found.closed.clone()));
        let running = opened.start(conn, lock, &segments, &readers, &options, &database)?;
        let shared = running.shared.clone();
        Ok(Self { folder: folder.to_owned(), shared, readers, running: Mutex::new(Some(running)) })
    }

    fn submit(&self, entry: Entry, owner: Option<Owner>) -> BoxFuture<'static, Result<(), StoreError>> {
        let (sender, answer) = oneshot::channel();
        {
            let mut queue = self.shared.queue.lock();
            if let Some(error) = refusal(&queue, owner) {
                return ready(Err(error)).boxed();
            }
            if let Some(owner) = owner
                && let Some(error) = self.shared.gate.unseen(owner)
            {
                return self.shared.gate.fail(owner, error);
            }
            queue.jobs.push_back(Job::Write { entry, owner, answer: sender });
        }
        self.shared.queued.notify_one();
        async move {
            match answer.await {
                Ok(answer) => answer.map_err(|(error, _seen)| error),
                Err(oneshot::Canceled) => Err(closed()),
            }
        }
        .boxed()
    }

    /// Waits until the tables hold everything that is durable now.
    pub(crate) async fn folded(&self) -> Result<(), StoreError> {
        let waiting = {
            let mut layers = self.shared.layers.lock();
            if layers.folded >= layers.durable {
                return Ok(());
            }
            if let Some(failure) = &layers.failure {
                return Err(failure.clone());
            }
            let (sender, waiting) = oneshot::channel();
            let until = layers.durable;
            layers.waiters.push((until, sender));
            waiting
        };
        self.shared.work.notify_all();
        waiting.await.map_err(|_| closed())?
    }

    fn running(&self) -> Option<Running> {
        self.running.lock().take()
    }
}

impl Drop for EmbeddedStore {
    fn drop(&mut self) {
        if let Some(running) = self.running() {
            running.stop(false);
        }
    }
}

impl Running {
    /// Stops all threads, after they have finished what is under way or at once.
    fn stop(self, finish: bool) {
        let shared = self.shared;
        let wake_all = || {
            shared.queued.notify_all();
            shared.work.notify_all();
            shared.room.notify_all();
        };
        {
            let mut queue = shared.queue.lock();
            queue.closing = true;
            queue.abandoned = !finish;
        }
        shared.layers.lock().abandoned = !finish;
        wake_all();
        let _ = self.journal.join();
        shared.layers.lock().closing = true;
        wake_all();
        let _ = self.fold.join();
        shared.layers.lock().waiters.clear();
        self.segments.stop();
        let _ = self.segment_maker.join();
        self.readers.stop();
        drop(self.lock);
    }
}

/// Why nothing can be taken in now.
fn refusal(queue: &Queue, owner: Option<Owner>) -> Option<StoreError> {
    if queue.closing {
        return Some(closed());
    }
    if let Some(poisoned) = &queue.poisoned {
        return Some(poisoned.clone());
    }
    let (partition, epoch) = owner?;
    (queue.epochs.get(&partition) != Some(&(epoch, true))).then_some(StoreError::Fenced)
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store was closed".into())
}

fn limit_size(conn: &Connection, pages: Option<u32>) -> Result<(), StoreError> {
    match pages {
        Some(pages) => conn.pragma_update(None, "max_page_count", pages).map_err(db::wrong),
        None => Ok(()),
    }
}

/// What was read when a store was opened.
struct Opened {
    partitions: u16,
    position: u64,
    instances: u64,
    overlay: Overlay,
    found: replay::Found,
    queue: Queue,
}

impl Opened {
    fn read(conn: &Connection, disk: &dyn Disk, journal: &Path) -> Result<Self, StoreError> {
        let number =
            |key| db::meta(conn, key).map_err(db::wrong).map(|value| value.unwrap_or(0).unsigned_abs());
        let partitions = u16::try_from(number("partitions")?).unwrap_or(u16::MAX);
        let position = number("position")?;
        let mut overlay = Overlay::default();
        let found = replay::replay(disk, journal, position, &mut |sequence, entry| {
            overlay.apply(sequence, entry, partitions);
            Ok(())
        })?;
        if found.torn > 0 {
            tracing::info!(
                torn = found.torn,
                "the journal's last write was torn, never acknowledged, and is cut off"
            );
        }
        let mut queue = Queue::default();
        for (partition, epoch) in epochs(conn).map_err(db::wrong)?.into_iter().chain(overlay.epochs.clone()) {
            queue.epochs.insert(partition, (Epoch(epoch), false));
        }
        Ok(Self { partitions, position, instances: number("instances")?, overlay, found, queue })
    }

    fn start(
        self,
        conn: Connection,
        lock: FolderLock,
        segments: &Arc<Segments>,
        readers: &Arc<Readers>,
        options: &Options,
        database: &Path,
    ) -> Result<Running, StoreError> {
        let shared = Arc::new(Shared::new(self.partitions));
        *shared.queue.lock() = self.queue;
        shared.instances.store(self.instances, Ordering::Relaxed);
        *shared.layers.lock() = Layers {
            since: (!self.overlay.is_empty()).then(Instant::now),
            active: self.overlay,
            durable: self.found.durable,
            folded: self.position,
            ..Layers::default()
        };
        let journal = Journal::new(
            shared.clone(),
            segments.clone(),
            self.found.durable,
            self.found.next_number,
            options.unfolded_bytes,
        );
        let log_index = PathBuf::from(format!("{}-shm", database.display()));
        let fold = Fold::new(shared.clone(), segments.clone(), conn, options.fold_interval, log_index);
        let maker = segments.clone();
        Ok(Running {
            segment_maker: thread("partita-segments", move || maker.run())?,
            fold: thread("partita-fold", move || fold.run())?,
            journal: thread("partita-journal", move || journal.run())?,
            shared,
            segments: segments.clone(),
            readers: readers.clone(),
            lock,
        })
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let started = std::thread::Builder::new().name(name.into()).spawn(work);
    started.map_err(|error| StoreError::Unavailable(format!("starting the thread {name}: {error}")))
}

fn epochs(conn: &Connection) -> rusqlite::Result<Vec<(Partition, u64)>> {
    let mut select = conn.prepare("SELECT partition, epoch FROM epochs")?;
    let rows =
        select.query_map([], |row| Ok((Partition(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs())))?;
    rows.collect()
}

/// What no store can keep, found before anything is written.
fn too_large(batch: &Batch) -> Option<StoreError> {
    if batch.sent.len() as u64 >= MESSAGES_PER_BATCH {
        return Some(StoreError::Unsupported(format!(
            "more than {MESSAGES_PER_BATCH} messages in one batch"
        )));
    }
    let long = batch.writes.iter().find_map(|write| match write {
        Write::Put(put) if put.events.first.saturating_add(put.events.count) > db::HISTORY_EVENTS => {
            Some(&put.id)
        }
        _ => None,
    })?;
    Some(StoreError::Unsupported(format!("{long} would have more than {} events", db::HISTORY_EVENTS)))
}

#[async_trait]
impl Store for EmbeddedStore {
    fn partitions(&self) -> u16 {
        self.shared.partitions
    }

    async fn acquire(&self, partition: Partition, owner: &str) -> Result<Epoch, StoreError> {
        let (epoch, durable) = {
            let mut queue = self.shared.queue.lock();
            let last = queue.epochs.get(&partition).map_or(0, |(epoch, _)| epoch.0);
            if let Some(error) = refusal(&queue, None) {
                return Err(error);
            }
            let epoch = Epoch(last + 1);
            queue.epochs.insert(partition, (epoch, true));
            let (answer, durable) = oneshot::channel();
            queue.jobs.push_back(Job::Write { entry: Entry::Epoch(partition, epoch.0), owner: None, answer });
            (epoch, durable)
        };
        tracing::debug!(partition = partition.0, epoch = epoch.0, owner, "a partition has an owner");
        self.shared.queued.notify_one();
        match durable.await {
            Ok(answer) => answer.map(|()| epoch).map_err(|(error, _seen)| error),
            Err(oneshot::Canceled) => Err(closed()),
        }
    }

    fn commit(
        &self,
        partition: Partition,
        epoch: Epoch,
        batch: Batch,
    ) -> BoxFuture<'static, Result<(), StoreError>> {
        match too_large(&batch) {
            Some(error) => ready(Err(error)).boxed(),
            None => self.submit(Entry::Batch(batch), Some((partition, epoch))),
        }
    }

    async fn load(&self, id: &InstanceId) -> Result<Option<StoredInstance>, StoreError> {
        read::load(&self.shared, id, |question| self.readers.ask(question))
    }

    async fn history(
        &self,
        id: &InstanceId,
        from: u32,
        max_bytes: usize,
    ) -> Result<Option<HistoryPage>, StoreError> {
        read::history(&self.shared, id, from, max_bytes, |question| self.readers.ask(question))
    }

    async fn recoverable(
        &self,
        partition: Partition,
        after: Option<&InstanceId>,
        limit: usize,
    ) -> Result<Vec<InstanceId>, StoreError> {
        let (shared, after) = (self.shared.clone(), after.cloned());
        let question =
            move |conn: &Connection| read::recoverable(&shared, conn, partition, after.as_ref(), limit);
        self.readers.hand_over(question).await
    }

    async fn messages(&self, partition: Partition) -> Result<Vec<StoredMessage>, StoreError> {
        let shared = self.shared.clone();
        self.readers.hand_over(move |conn| read::messages(&shared, conn, partition)).await
    }

    async fn due(
        &self,
        partition: Partition,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(Timestamp, InstanceId)>, StoreError> {
        read::due(&self.shared, partition, until, limit, |question| self.readers.ask(question))
    }

    async fn query(&self, query: &Query) -> Result<Page, StoreError> {
        self.folded().await?;
        let query = query.clone();
        self.readers.hand_over(move |conn| list::query(conn, &query)).await
    }

    async fn count(&self, filter: &Filter) -> Result<Counts, StoreError> {
        self.folded().await?;
        let filter = filter.clone();
        self.readers.hand_over(move |conn| list::count(conn, &filter)).await
    }

    async fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read::setting(&self.shared, key, |question| self.readers.ask(question))
    }

    async fn set_setting(&self, key: &str, value: Option<&[u8]>) -> Result<(), StoreError> {
        self.submit(Entry::Setting(key.to_owned(), value.map(<[u8]>::to_vec)), None).await
    }

    async fn info(&self) -> Result<StoreInfo, StoreError> {
        let unfolded_bytes = self.shared.layers.lock().unfolded_bytes() as u64;
        Ok(StoreInfo {
            kind: "embedded".into(),
            location: self.folder.display().to_string(),
            disk_bytes: disk_bytes(&self.folder) + disk_bytes(&self.folder.join(JOURNAL)),
            unfolded_bytes,
            instances: self.shared.instances.load(Ordering::Relaxed),
        })
    }

    async fn backup(&self, folder: &Path) -> Result<(), StoreError> {
        self.folded().await?;
        let (sender, done) = oneshot::channel();
        let (database, folder) = (self.folder.join(DATABASE), folder.to_owned());
        thread("partita-backup", move || {
            let _ = sender.send(maintenance::copy_tables(&database, &folder));
        })?;
        done.await.map_err(|_| closed())?
    }

    async fn files(&self) -> Result<Vec<FileSize>, StoreError> {
        Ok(online::files(&self.folder, JOURNAL))
    }

    async fn check(&self) -> Result<CheckReport, StoreError> {
        self.folded().await?;
        let (sender, done) = oneshot::channel();
        let database = self.folder.join(DATABASE);
        thread("partita-check", move || {
            let _ = sender.send(online::check(&database, online::PART));
        })?;
        done.await.map_err(|_| closed())?
    }

    async fn reopen(&self) -> Result<(), StoreError> {
        let (answer, done) = oneshot::channel();
        {
            let mut queue = self.shared.queue.lock();
            if queue.closing {
                return Err(closed());
            }
            queue.jobs.push_back(Job::Reopen(answer));
        }
        self.shared.queued.notify_one();
        done.await.map_err(|_| closed())?
    }

    async fn close(&self) -> Result<(), StoreError> {
        let Some(running) = self.running() else { return Ok(()) };
        // Closing folds everything and may take a while; the caller's runtime must not stand still meanwhile.
        let (sender, done) = oneshot::channel();
        thread("partita-close", move || {
            running.stop(true);
            let _ = sender.send(());
        })?;
        done.await.map_err(|_| closed())
    }
}

/// Bytes of the files directly in a folder.
pub(crate) fn disk_bytes(folder: &Path) -> u64 {
    let Ok(files) = std::fs::read_dir(folder) else { return 0 };
    files
        .flatten()
        .filter_map(|file| file.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum()
}

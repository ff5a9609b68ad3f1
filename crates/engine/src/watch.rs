//! Whoever waits for an instance to change.

use crate::view::InstanceView;
use parking_lot::Mutex;
use partita_kernel::InstanceId;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use tokio::sync::watch;

type Latest = watch::Sender<Option<Arc<InstanceView>>>;

/// Watchers by instance. A change is told after it is durable.
#[derive(Default)]
pub(crate) struct Watchers {
    map: Mutex<FxHashMap<InstanceId, Latest>>,
    /// So that nobody pays for the lock while nobody watches.
    count: AtomicUsize,
}

impl Watchers {
    /// Changes from now on. The receiver starts with `None`.
    pub(crate) fn subscribe(&self, id: &InstanceId) -> watch::Receiver<Option<Arc<InstanceView>>> {
        let mut map = self.map.lock();
        if let Some(sender) = map.get(id) {
            return sender.subscribe();
        }
        let (sender, receiver) = watch::channel(None);
        map.insert(id.clone(), sender);
        self.count.store(map.len(), SeqCst);
        receiver
    }

    /// Whether anybody watches an instance now.
    pub(crate) fn watched(&self, id: &InstanceId) -> bool {
        self.count.load(SeqCst) > 0 && self.map.lock().contains_key(id)
    }

    /// Tells of a change. Whoever began to watch after the view was to be made looks for himself.
    pub(crate) fn changed(&self, id: &InstanceId, view: Option<Box<InstanceView>>) {
        if self.count.load(SeqCst) == 0 {
            return;
        }
        if let Some(sender) = self.map.lock().get(id) {
            sender.send_replace(view.map(Arc::from));
        }
    }

    /// To be called when a receiver was dropped.
    pub(crate) fn release(&self, id: &InstanceId) {
        let mut map = self.map.lock();
        if map.get(id).is_some_and(|sender| sender.receiver_count() == 0) {
            map.remove(id);
            self.count.store(map.len(), SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_watcher_takes_the_entry_with_it() {
        let watchers = Watchers::default();
        let id = InstanceId::trusted("a");
        let (first, second) = (watchers.subscribe(&id), watchers.subscribe(&id));
        drop(first);
        watchers.release(&id);
        assert_eq!(watchers.count.load(SeqCst), 1);
        drop(second);
        watchers.release(&id);
        assert_eq!(watchers.count.load(SeqCst), 0);
    }
}

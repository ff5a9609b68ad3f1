//! Which instances changed, for whoever shows many of them.

use parking_lot::Mutex;
use partita_kernel::InstanceId;
use rustc_hash::FxHashSet;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Weak};

/// Gathers the ids of instances whose records changed, for each follower.
#[derive(Default)]
pub(crate) struct Feed {
    followers: Mutex<Vec<Weak<Follower>>>,
    /// So that nobody pays for the lock while nobody follows.
    count: AtomicUsize,
}

struct Follower {
    most: usize,
    changed: Mutex<Changed>,
}

/// Instances that changed since somebody asked last.
#[derive(Debug, Default)]
pub struct Changed {
    /// Which. Those that were purged are among them.
    pub ids: FxHashSet<InstanceId>,
    /// Whether others changed too, for which there was no room.
    pub more: bool,
}

/// Follows the changes of all instances, from when it was made until it is dropped.
pub struct Changes(Arc<Follower>);

impl Changes {
    /// What changed since this was asked last. A change is told after it is durable.
    #[must_use]
    pub fn take(&self) -> Changed {
        std::mem::take(&mut *self.0.changed.lock())
    }
}

impl Feed {
    /// Follows, gathering at most so many ids at a time.
    pub(crate) fn follow(&self, most: usize) -> Changes {
        let follower = Arc::new(Follower { most, changed: Mutex::default() });
        let mut followers = self.followers.lock();
        followers.push(Arc::downgrade(&follower));
        self.count.store(followers.len(), SeqCst);
        Changes(follower)
    }

    /// Tells of changes that are durable.
    pub(crate) fn tell<'a>(&self, ids: &(impl Iterator<Item = &'a InstanceId> + Clone)) {
        if self.count.load(SeqCst) == 0 {
            return;
        }
        let mut followers = self.followers.lock();
        followers.retain(|follower| match follower.upgrade() {
            Some(follower) => {
                follower.changed.lock().add(ids.clone(), follower.most);
                true
            }
            None => false,
        });
        self.count.store(followers.len(), SeqCst);
    }
}

impl Changed {
    fn add<'a>(&mut self, ids: impl Iterator<Item = &'a InstanceId>, most: usize) {
        for id in ids {
            if self.ids.len() < most {
                self.ids.insert(id.clone());
            } else if !self.ids.contains(id) {
                self.more = true;
                return; // whoever is told of this looks for himself
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn followers_hear_of_each_instance_once_and_of_no_more_than_they_want() {
        let feed = Feed::default();
        let ids: Vec<_> = ["a", "b", "a", "c"].map(InstanceId::trusted).into();
        feed.tell(&ids.iter());
        let (few, many) = (feed.follow(2), feed.follow(10));
        feed.tell(&ids.iter());
        let (few, many) = (few.take(), (many.take(), many.take()));
        assert_eq!((few.ids.len(), few.more), (2, true));
        assert_eq!((many.0.ids.len(), many.0.more, many.1.ids.len()), (3, false, 0));
    }

    #[test]
    fn who_is_gone_costs_nothing() {
        let feed = Feed::default();
        drop(feed.follow(1));
        feed.tell(&[InstanceId::trusted("a")].iter());
        assert_eq!(feed.count.load(SeqCst), 0);
    }
}

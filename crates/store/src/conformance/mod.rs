//! The suite that every store passes.
//!
//! Whoever writes a store implements [`Harness`] for it and calls [`conformance_tests!`](crate::conformance_tests)
//! in a test, which makes one test of each case, or [`run_all`].

// This is test code that happens to be public: a case fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

pub mod build;
pub mod instances;
pub mod lists;
pub mod partitions;

use crate::Store;
use futures::future::BoxFuture;

/// Makes the stores that the suite is run on.
pub trait Harness: Send + Sync {
    /// An empty store.
    fn fresh(&self) -> BoxFuture<'_, Box<dyn Store>>;

    /// Closes a store and opens it again; `None` when nothing lasts beyond closing.
    fn reopen(&self, store: Box<dyn Store>) -> BoxFuture<'_, Option<Box<dyn Store>>> {
        let _ = store;
        Box::pin(async { None })
    }

    /// Runs a case to its end. A store that needs a runtime gives one here.
    fn block_on(&self, case: BoxFuture<'_, ()>) {
        futures::executor::block_on(case);
    }
}

/// One case of the suite.
pub type Case = for<'a> fn(&'a dyn Harness) -> BoxFuture<'a, ()>;

macro_rules! cases {
    ($($module:ident: $($case:ident)*;)*) => {
        /// All cases, with their names.
        #[must_use]
        pub fn cases() -> Vec<(&'static str, Case)> {
            vec![$($((stringify!($case), (|harness| Box::pin($module::$case(harness))) as Case),)*)*]
        }

        /// Makes a test of each case of the suite. Takes an expression that makes a `Harness`.
        #[macro_export]
        macro_rules! conformance_tests {
            ($harness:expr) => {
                $($(
                    #[test]
                    fn $case() {
                        use $crate::conformance::Harness as _;
                        let harness = $harness;
                        harness.block_on(Box::pin($crate::conformance::$module::$case(&harness)));
                    }
                )*)*
            };
        }
    };
}

cases! {
    instances:
        an_unknown_instance_is_none
        a_first_record_reads_back
        a_record_without_a_head_keeps_the_head
        a_new_head_replaces_the_old_one
        one_instance_several_times_in_a_batch
        writes_of_many_instances_in_one_batch
        batches_are_applied_in_the_order_of_their_calls
        a_deleted_instance_is_gone_everywhere
        deleted_and_begun_again_in_one_batch
        a_history_grows_turn_by_turn
        a_history_can_be_read_from_the_middle_of_a_run
        a_history_page_stops_after_max_bytes
        a_history_read_past_its_end
        an_instance_without_events_has_an_empty_history
        reset_history_drops_what_was_before
        reset_history_and_more_in_one_batch
        large_records_and_histories
        everything_is_still_there_after_reopening
        a_long_life_with_reopening_in_between;
    partitions:
        a_commit_needs_the_newest_epoch
        epochs_grow
        epochs_grow_over_reopening
        one_partition_fenced_off_does_not_touch_another
        messages_are_read_by_their_targets_partition
        messages_keep_the_order_in_which_they_were_sent
        a_consumed_message_is_gone
        a_message_sent_twice_is_there_once
        sent_and_consumed_in_one_batch
        messages_outlive_their_target
        messages_over_reopening
        recoverable_is_what_the_last_record_says
        recoverable_goes_on_after_an_id
        due_comes_earliest_first_up_to_a_time
        due_has_a_limit
        due_follows_the_last_record
        settings_are_set_changed_and_removed
        settings_over_reopening
        info_tells_the_kind;
    lists:
        a_list_of_nothing
        rows_tell_all_that_is_known
        records_come_when_asked_for
        reads_see_what_was_committed_just_before
        filter_by_status
        filter_by_name
        filter_by_name_prefix
        filter_by_id_prefix
        filter_by_part_of_the_id
        filter_by_tags
        filter_by_times
        filter_by_parent_and_roots
        filter_by_set_aside
        entities_are_apart
        filters_combined
        every_order
        pages_neither_lose_nor_repeat_a_row
        pages_with_every_filter_in_every_order
        tags_change_with_the_head
        counts_by_status
        counts_agree_with_lists
        lists_over_reopening;
}

/// Runs every case on stores of `harness`, and says which one it is before each.
///
/// # Panics
/// When a case fails.
pub fn run_all(harness: &dyn Harness, mut say: impl FnMut(&'static str)) {
    for (name, case) in cases() {
        say(name);
        harness.block_on(case(harness));
    }
}

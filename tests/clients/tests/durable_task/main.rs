//! The Durable Task protocol, with the SDKs for Python and JavaScript as clients and workers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs, non_snake_case)] // scenarios are called as their scripts call them

mod site;

use partita_server::durable_task::workers::EntityMessages;

macro_rules! scenarios {
    ($language:ident: $($name:ident)*) => {
        mod $language {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::site::Site::open().await.$language(stringify!($name)).await;
            })*
        }
    };
}

scenarios! {
    python:
    starts_and_queries
    signals_to_rust_workflows
    purges_and_restarts
    sequence
    fan_out
    sub_orchestrations
    timers
    external_events
    continue_as_new
    custom_status
    failures
    terminated
    suspended
    rewound
    python_calls_rust
    rust_calls_python
    workers_with_filters
    a_worker_that_is_killed
    a_worker_that_hangs
    a_worker_that_is_replaced
    a_workflow_before_its_worker
    entities_of_all_kinds
}

/// Work items for entities in their older form, which does not tell who calls.
#[tokio::test(flavor = "multi_thread")]
async fn entities_in_the_older_form() {
    let site = site::Site::open_with(EntityMessages::V1).await;
    site.python("entities_of_all_kinds").await;
    site.javascript("entities").await;
}

scenarios! {
    javascript:
    activities
    retries
    timers
    events
    subOrchestrations
    continueAsNew
    suspendResumeTerminate
    terminateWithChildren
    customStatus
    query
    purge
    restart
    rewind
    versions
    longPolls
    entities
}

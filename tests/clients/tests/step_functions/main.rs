//! The API of Step Functions, with boto3 as the client.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

#[path = "../../../../crates/flow/tests/corpus/case.rs"]
mod case;
mod corpus;
#[path = "../../../../crates/flow/tests/corpus/list.rs"]
mod list;
#[path = "../../../../crates/flow/tests/corpus/matching.rs"]
mod matching;
#[path = "../../../../crates/flow/tests/corpus/mocks.rs"]
mod mocks;
mod scenarios;
mod site;

use case::Case;

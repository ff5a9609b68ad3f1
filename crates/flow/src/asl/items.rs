//! Reading the items of a distributed map from files, and writing its results.
//!
//! Reading and writing are activities, since an orchestrator does neither. A *bucket* is a folder, a *key* a
//! path within it that cannot lead out of it.

mod csv;
mod files;

pub use files::Buckets;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The activity that reads items: [`Buckets::read`].
pub const READ_ACTIVITY: &str = "states.items.read";
/// The activity that writes results: [`Buckets::write`].
pub const WRITE_ACTIVITY: &str = "states.results.write";

/// What to read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadRequest {
    /// The reader: `arn:aws:states:::s3:getObject` or `arn:aws:states:::s3:listObjectsV2`.
    pub resource: String,
    /// `Bucket`, `Key` or `Prefix`.
    pub parameters: Value,
    /// The state's `ReaderConfig`.
    pub reader_config: Value,
    /// Items at most, in all slices together.
    #[serde(default)]
    pub max_items: Option<u64>,
    /// The first item of this slice.
    pub offset: u64,
    /// Bytes of a slice; one item is always read, however large it is.
    pub slice_bytes: u64,
}

/// Some items.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Slice {
    /// The items.
    pub items: Vec<Value>,
    /// Where the next slice begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_offset: Option<u64>,
}

/// What to write.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WriteRequest {
    /// `Bucket` and `Prefix`.
    pub parameters: Value,
    /// The state's `WriterConfig`.
    #[serde(default)]
    pub writer_config: Value,
    /// The run whose results they are.
    pub map_run_arn: String,
    /// The file.
    pub piece: Piece,
}

/// A file that is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Piece {
    /// Some results.
    Results {
        /// `SUCCEEDED` or `FAILED`.
        status: String,
        /// How many files of that status there are before this one.
        number: usize,
        /// The results, in the order of the items.
        results: Vec<Value>,
    },
    /// The list of all files, by their status.
    Manifest {
        /// The files.
        files: BTreeMap<String, Vec<WrittenFile>>,
    },
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WrittenFile {
    /// Its key.
    pub key: String,
    /// Its bytes.
    pub size: usize,
}

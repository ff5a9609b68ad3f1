//! Buckets that are folders.

use super::csv::{Rows, object};
use super::{Piece, ReadRequest, Slice, WriteRequest, WrittenFile};
use partita::Error;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The largest file that is read.
const LARGEST: u64 = 1 << 30;
/// Objects that a listing gives at most.
const MOST_OBJECTS: usize = 1_000_000;

/// Folders by the names of buckets. A name without a folder is no bucket.
#[derive(Clone, Debug, Default)]
pub struct Buckets {
    folders: BTreeMap<String, PathBuf>,
}

impl Buckets {
    /// These folders.
    #[must_use]
    pub fn new(folders: BTreeMap<String, PathBuf>) -> Self {
        Self { folders }
    }

    fn folder(&self, bucket: &str) -> Result<&Path, Error> {
        let known = self.folders.get(bucket).map(PathBuf::as_path);
        known.ok_or_else(|| refused(format!("there is no bucket '{bucket}'; configure a folder for it")))
    }

    /// The file of a key: within the bucket's folder, also by its links.
    fn file(&self, bucket: &str, key: &str) -> Result<PathBuf, Error> {
        let folder = self.folder(bucket)?;
        let path = Path::new(key);
        let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
        if key.is_empty() || !plain || key.contains('\\') || key.contains('\0') {
            return Err(refused(format!(
                "'{key}' is not a key: keys have no '..' and do not begin with '/'"
            )));
        }
        Ok(folder.join(path))
    }

    fn existing(&self, bucket: &str, key: &str) -> Result<PathBuf, Error> {
        let path = self.file(bucket, key)?;
        let missing = |_| refused(format!("there is no object '{key}' in bucket '{bucket}'"));
        let (real, folder) = (path.canonicalize().map_err(missing)?, self.folder(bucket)?.canonicalize()?);
        if real.starts_with(folder) {
            Ok(real)
        } else {
            Err(refused(format!("'{key}' leads out of its bucket")))
        }
    }

    fn text(&self, bucket: &str, key: &str) -> Result<String, Error> {
        let path = self.existing(bucket, key)?;
        if std::fs::metadata(&path)?.len() > LARGEST {
            return Err(refused(format!("'{key}' is larger than {LARGEST} bytes")));
        }
        Ok(std::fs::read_to_string(path)?)
    }

    /// Reads a slice of items. Blocks; call it where that is allowed.
    ///
    /// # Errors
    /// When there is no such file, or it does not hold items of the configured kind.
    pub fn read(&self, request: &ReadRequest) -> Result<Slice, Error> {
        let items = if request.resource.ends_with("listObjectsV2") {
            self.list(&request.parameters)?
        } else {
            self.objects(&request.parameters, &request.reader_config)?
        };
        let most = request.max_items.filter(|most| *most > 0).unwrap_or(u64::MAX);
        Ok(slice(items, most, request.offset, request.slice_bytes))
    }

    fn objects(&self, parameters: &Value, config: &Value) -> Result<Vec<Value>, Error> {
        let (bucket, key) = (text(parameters, "Bucket")?, text(parameters, "Key")?);
        let content = self.text(bucket, key)?;
        match config.get("InputType").and_then(Value::as_str).unwrap_or("JSON") {
            "JSON" => json_items(&content, config),
            "JSONL" => content
                .lines()
                .filter(|line| !line.trim().is_empty())
                .map(|line| serde_json::from_str(line).map_err(|error| refused(format!("'{key}': {error}"))))
                .collect(),
            "CSV" => csv_items(&content, config),
            "MANIFEST" => self.manifest_items(&content, config),
            other => Err(refused(format!(
                "the InputType '{other}' is not supported; use JSON, JSONL, CSV or MANIFEST"
            ))),
        }
    }

    /// An inventory: a JSON file that names CSV files of objects.
    fn manifest_items(&self, content: &str, config: &Value) -> Result<Vec<Value>, Error> {
        let manifest: Value = serde_json::from_str(content)?;
        let bucket = text(&manifest, "sourceBucket").or_else(|_| text(&manifest, "destinationBucket"))?;
        let schema = text(&manifest, "fileSchema").unwrap_or("Bucket, Key");
        let headers: Vec<String> = schema.split(',').map(|header| header.trim().to_owned()).collect();
        let mut items = Vec::new();
        for file in manifest.get("files").and_then(Value::as_array).into_iter().flatten() {
            let content = self.text(bucket, text(file, "key")?)?;
            items.extend(Rows::new(&content, delimiter(config)?).map(|row| object(&headers, row)));
        }
        Ok(items)
    }

    /// The objects of a bucket, in the order of their keys.
    fn list(&self, parameters: &Value) -> Result<Vec<Value>, Error> {
        let bucket = text(parameters, "Bucket")?;
        let prefix = parameters.get("Prefix").and_then(Value::as_str).unwrap_or_default();
        let folder = self.folder(bucket)?;
        let mut found = BTreeMap::new();
        let mut open = vec![folder.to_owned()];
        while let Some(place) = open.pop() {
            for entry in std::fs::read_dir(place)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    open.push(entry.path());
                } else if kind.is_file() {
                    let path = entry.path();
                    let key = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                    if key.starts_with(prefix) {
                        found.insert(key, entry.metadata()?);
                    }
                }
                if found.len() > MOST_OBJECTS {
                    return Err(refused(format!("bucket '{bucket}' has more than {MOST_OBJECTS} objects")));
                }
            }
        }
        Ok(found.into_iter().map(|(key, metadata)| listed(&key, &metadata)).collect())
    }

    /// Writes a file. Blocks; writing again replaces what was written.
    ///
    /// # Errors
    /// When there is no such bucket or it cannot be written.
    pub fn write(&self, request: &WriteRequest) -> Result<WrittenFile, Error> {
        let bucket = text(&request.parameters, "Bucket")?;
        let prefix = request.parameters.get("Prefix").and_then(Value::as_str).unwrap_or_default();
        let run = request.map_run_arn.rsplit(':').next().unwrap_or_default();
        let base = [prefix.trim_matches('/'), run].into_iter().filter(|part| !part.is_empty());
        let base = base.collect::<Vec<_>>().join("/");
        let (name, content) = match &request.piece {
            Piece::Results { status, number, results } => {
                let lines = request.writer_config.get("OutputType").and_then(Value::as_str) == Some("JSONL");
                let ending = if lines { "jsonl" } else { "json" };
                (format!("{status}_{number}.{ending}"), written(results, lines))
            }
            Piece::Manifest { files } => {
                let manifest = json!({
                    "DestinationBucket": bucket, "MapRunArn": request.map_run_arn, "ResultFiles": files,
                });
                ("manifest.json".to_owned(), manifest.to_string())
            }
        };
        let key = format!("{base}/{name}");
        self.put(bucket, &key, &content)?;
        Ok(WrittenFile { key, size: content.len() })
    }

    /// Replaces a file at once: nobody sees half of it.
    fn put(&self, bucket: &str, key: &str, content: &str) -> Result<(), Error> {
        let path = self.file(bucket, key)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        if !folder.canonicalize()?.starts_with(self.folder(bucket)?.canonicalize()?) {
            return Err(refused(format!("'{key}' leads out of its bucket")));
        }
        let partial = path.with_extension("partial");
        let mut file = std::fs::File::create(&partial)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(partial, path)?;
        Ok(())
    }
}

fn refused(message: impl Into<String>) -> Error {
    Error::new("States.ItemReaderFailed", message).non_retriable()
}

fn text<'v>(parameters: &'v Value, name: &str) -> Result<&'v str, Error> {
    let value = parameters.get(name).and_then(Value::as_str);
    value.ok_or_else(|| refused(format!("the parameter '{name}' is missing or no text")))
}

/// A list, or an object whose members become `{"Key", "Value"}`; `ItemsPointer` says where in the file.
fn json_items(content: &str, config: &Value) -> Result<Vec<Value>, Error> {
    let mut content: Value = serde_json::from_str(content)?;
    if let Some(pointer) = config.get("ItemsPointer").and_then(Value::as_str) {
        let found = content.pointer_mut(pointer).map(Value::take);
        content = found.ok_or_else(|| refused(format!("the file has nothing at '{pointer}'")))?;
    }
    match content {
        Value::Array(items) => Ok(items),
        Value::Object(members) => {
            Ok(members.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect())
        }
        _ => Err(refused("Attempting to map over non-iterable node.")),
    }
}

fn csv_items(content: &str, config: &Value) -> Result<Vec<Value>, Error> {
    let mut rows = Rows::new(content, delimiter(config)?);
    let headers: Vec<String> = match config.get("CSVHeaderLocation").and_then(Value::as_str) {
        Some("GIVEN") => {
            let given = config.get("CSVHeaders").and_then(Value::as_array);
            given.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some("FIRST_ROW") => rows.next().unwrap_or_default(),
        _ => return Err(refused("CSVHeaderLocation must be FIRST_ROW or GIVEN")),
    };
    Ok(rows.map(|row| object(&headers, row)).collect())
}

fn delimiter(config: &Value) -> Result<char, Error> {
    match config.get("CSVDelimiter").and_then(Value::as_str).unwrap_or("COMMA") {
        "COMMA" => Ok(','),
        "PIPE" => Ok('|'),
        "SEMICOLON" => Ok(';'),
        "SPACE" => Ok(' '),
        "TAB" => Ok('\t'),
        other => Err(refused(format!("'{other}' is not a CSVDelimiter"))),
    }
}

/// An object as `ListObjectsV2` has it.
fn listed(key: &str, metadata: &std::fs::Metadata) -> Value {
    let modified = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let members = [
        ("Key", Value::from(key)),
        ("LastModified", Value::from(modified.map_or(0, |since| since.as_secs()))),
        ("Size", Value::from(metadata.len())),
        ("StorageClass", Value::from("STANDARD")),
    ];
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
}

/// The items from the offset on, as many as fit.
fn slice(items: Vec<Value>, most: u64, offset: u64, bytes: u64) -> Slice {
    let most = usize::try_from(most).unwrap_or(usize::MAX).min(items.len());
    let from = usize::try_from(offset).unwrap_or(usize::MAX);
    let (mut left, mut chosen) = (bytes, Vec::new());
    for item in items.into_iter().take(most).skip(from) {
        let size = crate::asl::interpreter::json_size(&item) as u64;
        if size > left && !chosen.is_empty() {
            break;
        }
        left = left.saturating_sub(size);
        chosen.push(item);
    }
    let next = from.saturating_add(chosen.len());
    Slice { items: chosen, next_offset: (next < most).then_some(next as u64) }
}

fn written(results: &[Value], lines: bool) -> String {
    if lines {
        return results.iter().map(|result| format!("{result}\n")).collect();
    }
    let results: Vec<String> = results.iter().map(Value::to_string).collect();
    format!("[{}]", results.join(","))
}

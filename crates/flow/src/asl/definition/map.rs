//! Map states.

use super::expression::{Amount, Payload};
use super::fields::Fields;
use super::loader::Loader;
use super::model::{
    Distributed, ItemBatcher, ItemReader, ItemSource, Kind, Machine, MapState, QueryLanguage, ResultWriter,
};
use super::states::Draft;
use crate::asl::check::{Problem, fields};
use serde_json::{Map, Value};
use std::sync::Arc;

/// What a `Label` may have at most.
const LABEL: usize = 40;
const READERS: [&str; 2] = ["arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"];
const WRITERS: [&str; 1] = ["arn:aws:states:::s3:putObject"];

impl Loader<'_> {
    pub(super) fn map(&mut self, name: &str, draft: &Draft<'_>) -> Option<Kind> {
        let (field, object) = self.processor_object(draft)?;
        let pointer = format!("{}/{field}", draft.pointer);
        let distributed = self.distributed(name, object, &pointer, draft);
        let known = ["Comment", "StartAt", "States", "QueryLanguage", "ProcessorConfig"];
        fields::members("an ItemProcessor", &known, object, &pointer, &mut self.problems);
        let machine =
            self.machine(object, &pointer).map(|machine| Machine { child: distributed.is_some(), ..machine });
        let mut fields = self.fields(draft);
        fields.distributed_only(distributed.is_some());
        let selector = fields.selector();
        let concurrency = fields.amount("MaxConcurrency", "MaxConcurrencyPath", (0.0, 1e9));
        let tolerated_count = fields.amount("ToleratedFailureCount", "ToleratedFailureCountPath", (0.0, 1e9));
        let tolerated_percentage =
            fields.amount("ToleratedFailurePercentage", "ToleratedFailurePercentagePath", (0.0, 100.0));
        let (items, batcher, writer) = (fields.items(), fields.batcher(), fields.writer());
        Some(Kind::Map(Box::new(MapState {
            processor: Arc::new(machine?),
            distributed,
            items: items?,
            selector,
            concurrency,
            tolerated_count,
            tolerated_percentage,
            batcher,
            writer,
        })))
    }

    fn processor_object<'a>(&mut self, draft: &Draft<'a>) -> Option<(&'static str, &'a Map<String, Value>)> {
        let found = ["ItemProcessor", "Iterator"]
            .into_iter()
            .find_map(|field| Some((field, draft.object.get(field)?.as_object()?)));
        if found.is_none() {
            self.fields(draft).missing("ItemProcessor");
        }
        found
    }

    /// How the iterations run, by `ProcessorConfig`.
    fn distributed(
        &mut self,
        name: &str,
        processor: &Map<String, Value>,
        pointer: &str,
        draft: &Draft<'_>,
    ) -> Option<Distributed> {
        let config = processor.get("ProcessorConfig")?.as_object()?;
        let place = format!("{pointer}/ProcessorConfig");
        fields::members("a ProcessorConfig", &["Mode", "ExecutionType"], config, &place, &mut self.problems);
        let execution_type = config.get("ExecutionType").and_then(Value::as_str);
        match config.get("Mode").and_then(Value::as_str) {
            None | Some("INLINE") => None,
            Some("DISTRIBUTED") => {
                if !matches!(execution_type, Some("STANDARD" | "EXPRESS")) {
                    let message =
                        "The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]";
                    self.problems.push(Problem::error(format!("{place}/ExecutionType"), message));
                }
                let label = self.label(name, draft);
                Some(Distributed { label, express: execution_type == Some("EXPRESS") })
            }
            Some(_) => {
                let message = "The field 'Mode' should have one of these values: [INLINE, DISTRIBUTED]";
                self.problems.push(Problem::error(format!("{place}/Mode"), message));
                None
            }
        }
    }

    /// `Label`, or the state's name made safe; no two maps of a machine have the same.
    fn label(&mut self, name: &str, draft: &Draft<'_>) -> String {
        let place = format!("{}/Label", draft.pointer);
        let given = draft.object.get("Label").and_then(Value::as_str);
        if let Some(given) = given {
            let message = match given.chars().find(|c| !allowed_in_label(*c)) {
                Some(bad) => format!("Label contains invalid character: '{}'", bad.escape_default()),
                None if given.is_empty() => "Label cannot be empty".to_owned(),
                None if given.chars().count() > LABEL => format!("Label cannot exceed {LABEL} characters"),
                None => String::new(),
            };
            if !message.is_empty() {
                self.problems.push(Problem::error(place.clone(), message));
            }
        }
        let mut label = given.map_or_else(|| safe_label(name), str::to_owned);
        if given.is_none() {
            let wanted = label.clone();
            let mut number = 2;
            while self.labels.contains_key(&label) {
                label = format!("{wanted}-{number}");
                number += 1;
            }
        }
        if let Some(other) = self.labels.insert(label.clone(), place.clone()) {
            self.problems.push(Problem::error(place, format!("The label '{label}' is also at {other}")));
        }
        label
    }
}

fn allowed_in_label(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && !"?*<>{}[]:;,\\|^~$#%&`\"/".contains(c)
}

fn safe_label(name: &str) -> String {
    name.chars().map(|c| if allowed_in_label(c) { c } else { '-' }).take(LABEL).collect()
}

impl Fields<'_> {
    fn distributed_only(&mut self, distributed: bool) {
        const ONLY: [&str; 8] = [
            "ItemReader",
            "ItemBatcher",
            "ResultWriter",
            "Label",
            "ToleratedFailureCount",
            "ToleratedFailureCountPath",
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
        ];
        for name in ONLY {
            if !distributed && self.has(name) {
                let message = format!("The field '{name}' is only supported when 'Mode' is 'DISTRIBUTED'");
                self.wrong(name, message);
            }
        }
    }

    /// `ItemSelector`, or `Parameters` as it was called.
    fn selector(&mut self) -> Option<Payload> {
        match self.language {
            QueryLanguage::JsonPath if self.has("Parameters") => {
                if self.has("ItemSelector") {
                    self.wrong(
                        "Parameters",
                        "Only one of the fields 'ItemSelector' and 'Parameters' can be set",
                    );
                }
                self.payload("Parameters")
            }
            _ => self.payload("ItemSelector"),
        }
    }

    fn items(&mut self) -> Option<ItemSource> {
        let path = self.path("ItemsPath").map(Box::new);
        if let Some(object) = self.object.get("ItemReader").and_then(Value::as_object) {
            let pointer = self.place("ItemReader");
            let mut inner =
                Fields { object, pointer: &pointer, language: self.language, problems: self.problems };
            let reader = inner.reader()?;
            return Some(ItemSource::Reader(Box::new(reader), path));
        }
        if self.language == QueryLanguage::Jsonata && self.has("Items") {
            return self.query("Items").map(|query| ItemSource::Items(Box::new(query)));
        }
        Some(path.map_or(ItemSource::Input, ItemSource::Path))
    }

    fn reader(&mut self) -> Option<ItemReader> {
        let known = ["Resource", "Parameters", "Arguments", "ReaderConfig"];
        fields::members("an ItemReader", &known, self.object, self.pointer, self.problems);
        let resource = self.resource(&READERS);
        let parameters = self.arguments();
        let config = self.get("ReaderConfig").cloned().unwrap_or(Value::Object(Map::new()));
        let place = self.place("ReaderConfig");
        let max_items = config.as_object().and_then(|object| {
            let mut inner =
                Fields { object, pointer: &place, language: self.language, problems: self.problems };
            inner.amount("MaxItems", "MaxItemsPath", (0.0, 100_000_000.0))
        });
        Some(ItemReader { resource: resource?, parameters, config: Arc::new(config), max_items })
    }

    fn arguments(&mut self) -> Option<Payload> {
        let name = if self.language == QueryLanguage::Jsonata { "Arguments" } else { "Parameters" };
        self.payload(name)
    }

    fn resource(&mut self, known: &[&str]) -> Option<String> {
        let Some(resource) = self.text("Resource") else {
            self.missing("Resource");
            return None;
        };
        if known.contains(&resource.as_str()) {
            return Some(resource);
        }
        let message = format!("The field 'Resource' should have one of these values: [{}]", known.join(", "));
        self.wrong("Resource", message);
        None
    }

    fn batcher(&mut self) -> Option<ItemBatcher> {
        let object = self.object.get("ItemBatcher")?.as_object()?;
        let pointer = self.place("ItemBatcher");
        let mut inner =
            Fields { object, pointer: &pointer, language: self.language, problems: self.problems };
        let known = [
            "BatchInput",
            "MaxItemsPerBatch",
            "MaxItemsPerBatchPath",
            "MaxInputBytesPerBatch",
            "MaxInputBytesPerBatchPath",
        ];
        fields::members("an ItemBatcher", &known, object, &pointer, inner.problems);
        let bounds = (1.0, 100_000_000.0);
        let max_items: Option<Amount> = inner.amount("MaxItemsPerBatch", "MaxItemsPerBatchPath", bounds);
        let max_bytes = inner.amount("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", bounds);
        if max_items.is_none() && max_bytes.is_none() {
            let message = "One of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]";
            inner.problems.push(Problem::error(pointer.as_str(), message));
        }
        Some(ItemBatcher { max_items, max_bytes, input: inner.payload("BatchInput") })
    }

    fn writer(&mut self) -> Option<ResultWriter> {
        let object = self.object.get("ResultWriter")?.as_object()?;
        let pointer = self.place("ResultWriter");
        let mut inner =
            Fields { object, pointer: &pointer, language: self.language, problems: self.problems };
        let known = ["Resource", "Parameters", "Arguments", "WriterConfig"];
        fields::members("a ResultWriter", &known, object, &pointer, inner.problems);
        let resource = if inner.has("Resource") { Some(inner.resource(&WRITERS)?) } else { None };
        let config = inner.get("WriterConfig").cloned().map(Arc::new);
        Some(ResultWriter { resource, parameters: inner.arguments(), config })
    }
}

//! Distributed maps, with files.

use crate::stage::{Answer, Stage, machine, nothing, play};
use serde_json::{Value, json};

fn map(states: Value, more: Value) -> Value {
    let mut processor = machine(states);
    processor["ProcessorConfig"] = json!({ "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" });
    let mut map = json!({ "Type": "Map", "ItemProcessor": processor, "Label": "Each", "End": true });
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    machine(json!({ "M": map }))
}

fn pass() -> Value {
    json!({ "P": { "Type": "Pass", "End": true } })
}

fn call() -> Value {
    json!({ "T": { "Type": "Task", "Resource": "fn:F", "End": true } })
}

fn odd_fail(_: &str, input: &Value) -> Answer {
    match input.as_u64() {
        Some(number) if number % 2 == 1 => Answer::Fail("Odd", ""),
        _ => Answer::Give(input.clone()),
    }
}

#[test]
fn items_are_executions_of_their_own() {
    let ended = play(map(pass(), json!({})), json!([1, null, { "a": 2 }]), nothing);
    assert_eq!(
        ended.types()[1..6],
        ["MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded"]
    );
    assert_eq!(ended.output(), json!([1, null, { "a": 2 }]));
}

#[test]
fn some_may_fail() {
    let tolerate = |more: Value| play(map(call(), more), json!([0, 1, 2, 3]), odd_fail);
    assert_eq!(tolerate(json!({ "ToleratedFailureCount": 2 })).output(), json!([0, 2]));
    assert_eq!(tolerate(json!({ "ToleratedFailurePercentage": 50 })).output(), json!([0, 2]));
    for more in
        [json!({}), json!({ "ToleratedFailureCount": 1 }), json!({ "ToleratedFailurePercentage": 49 })]
    {
        let ended = tolerate(more);
        assert_eq!(ended.error(), "States.ExceedToleratedFailureThreshold");
        assert_eq!(ended.types()[4..], ["MapRunFailed", "MapStateFailed", "ExecutionFailed"]);
    }
}

#[test]
fn so_many_run_at_once() {
    let slow = |_: &str, input: &Value| Answer::After(10, Box::new(Answer::Give(input.clone())));
    for (concurrency, seconds) in [(1, 50), (2, 30), (0, 10)] {
        let definition = map(call(), json!({ "MaxConcurrency": concurrency }));
        assert_eq!(play(definition, json!([1, 2, 3, 4, 5]), slow).seconds, seconds);
    }
}

#[test]
fn variables_of_the_parent_are_not_seen() {
    let mut definition =
        map(json!({ "P": { "Type": "Pass", "Parameters": { "x.$": "$x" }, "End": true } }), json!({}));
    definition["StartAt"] = json!("A");
    definition["States"]["A"] = json!({ "Type": "Pass", "Assign": { "x": 1 }, "Next": "M" });
    assert_eq!(play(definition, json!([1]), nothing).error(), "States.ExceedToleratedFailureThreshold");
}

#[test]
fn a_map_within_a_map_finds_its_own_processor() {
    let mut inner = map(pass(), json!({ "Label": "Inner" }));
    inner["States"]["M"]["ItemProcessor"]["ProcessorConfig"]["ExecutionType"] = json!("EXPRESS");
    let ended =
        play(map(inner["States"].clone(), json!({ "Label": "Outer" })), json!([[1, 2], [3]]), nothing);
    assert_eq!(ended.output(), json!([[1, 2], [3]]));
}

fn reading(config: Value, more: Value) -> Value {
    let mut reader = json!({
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": config,
            "Parameters": { "Bucket": "in", "Key.$": "$.key" },
        },
    });
    reader.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    map(pass(), reader)
}

/// Runs a machine that reads a file of that content.
fn read(name: &str, content: &str, config: Value, more: Value) -> crate::stage::Ended {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    let mut stage = Stage::new(reading(config, more), nothing);
    // Slices so small that each item is read by itself.
    stage.limits.slice_bytes = 1;
    stage.buckets.insert("in".to_owned(), folder.path().to_owned());
    stage.play(json!({ "key": name }))
}

#[test]
fn files_are_read() {
    let csv = "id,name\n1,Ada\n2,\"Grace, H.\"\n";
    let first_row = json!({ "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" });
    assert_eq!(
        read("a.csv", csv, first_row, json!({})).output(),
        json!([{ "id": "1", "name": "Ada" }, { "id": "2", "name": "Grace, H." }])
    );
    let given = json!({ "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["x"], "CSVDelimiter": "PIPE", "MaxItems": 2 });
    assert_eq!(read("a.csv", "1|2\n3\n4\n", given, json!({})).output(), json!([{ "x": "1" }, { "x": "3" }]));
    let lines = json!({ "InputType": "JSONL" });
    assert_eq!(read("a.jsonl", "1\n\n{\"a\":2}\n", lines, json!({})).output(), json!([1, { "a": 2 }]));
    let list = json!({ "InputType": "JSON" });
    assert_eq!(read("a.json", "[1,[2],null]", list.clone(), json!({})).output(), json!([1, [2], null]));
    assert_eq!(read("a.json", "{\"k\":1}", list, json!({})).output(), json!([{ "Key": "k", "Value": 1 }]));
}

#[test]
fn a_file_that_cannot_be_read_fails_the_map() {
    for (key, content, why) in [
        ("missing.json", "", "there is no object 'missing.json' in bucket 'in'"),
        ("../a.json", "[]", "'../a.json' is not a key: keys have no '..' and do not begin with '/'"),
        ("/a.json", "[]", "'/a.json' is not a key: keys have no '..' and do not begin with '/'"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("in");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(folder.path().join("a.json"), content).unwrap();
        let mut stage = Stage::new(reading(json!({ "InputType": "JSON" }), json!({})), nothing);
        stage.buckets.insert("in".to_owned(), inside);
        let ended = stage.play(json!({ "key": key }));
        assert_eq!((ended.error(), ended.cause()), ("States.ItemReaderFailed", why));
    }
}

#[test]
fn items_go_in_batches() {
    let batcher = json!({ "ItemBatcher": { "MaxItemsPerBatch": 2, "BatchInput": { "for": "all" } } });
    let ended = read("a.json", "[1,2,3]", json!({ "InputType": "JSON" }), batcher);
    assert_eq!(
        ended.output(),
        json!([{ "Items": [1, 2], "BatchInput": { "for": "all" } }, { "Items": [3], "BatchInput": { "for": "all" } }])
    );
}

#[test]
fn results_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let writer = json!({
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": { "Bucket": "out", "Prefix.$": "$.prefix" },
        },
        "ItemsPath": "$.items",
    });
    let mut stage = Stage::new(map(pass(), writer), nothing);
    stage.buckets.insert("out".to_owned(), folder.path().to_owned());
    let output = stage.play(json!({ "prefix": "a/b", "items": [1, 2] })).output();
    let key = output["ResultWriterDetails"]["Key"].as_str().unwrap();
    assert!(key.starts_with("a/b/") && key.ends_with("/manifest.json"), "{key}");
    let manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(key)).unwrap()).unwrap();
    let files = &manifest["ResultFiles"];
    let file = files["SUCCEEDED"][0]["Key"].as_str().unwrap();
    let results: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join(file)).unwrap()).unwrap();
    assert_eq!((&results[0]["Output"], &results[1]["Input"]), (&json!("1"), &json!("2")), "{results}");
    assert_eq!((&files["FAILED"], &files["PENDING"]), (&json!([]), &json!([])));
}

#[test]
fn what_failed_is_written_too_and_much_goes_into_several_files() {
    let folder = tempfile::tempdir().unwrap();
    let writer = |transformation: &str| {
        json!({
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": { "Bucket": "out", "Prefix": "p" },
                "WriterConfig": { "Transformation": transformation, "OutputType": "JSONL" },
            },
        })
    };
    let mut stage = Stage::new(map(call(), writer("COMPACT")), odd_fail);
    stage.limits.slice_bytes = 4;
    stage.buckets.insert("out".to_owned(), folder.path().to_owned());
    let ended = stage.play(json!([0, 2, 4, 5]));
    assert_eq!(ended.error(), "States.ExceedToleratedFailureThreshold");
    let run = std::fs::read_dir(folder.path().join("p")).unwrap().next().unwrap().unwrap().path();
    let text = |name: &str| std::fs::read_to_string(run.join(name)).unwrap();
    assert_eq!((text("SUCCEEDED_0.jsonl"), text("SUCCEEDED_1.jsonl")), ("0\n2\n".into(), "4\n".into()));
    let failed: Value = serde_json::from_str(&text("FAILED_0.jsonl")).unwrap();
    assert_eq!(
        (&failed["Error"], &failed["Input"], &failed["Status"]),
        (&json!("Odd"), &json!("5"), &json!("FAILED"))
    );
    let manifest: Value = serde_json::from_str(&text("manifest.json")).unwrap();
    assert_eq!(manifest["ResultFiles"]["SUCCEEDED"].as_array().unwrap().len(), 2);
}

#[test]
fn a_folder_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("x")).unwrap();
    for name in ["x/b", "x/a", "y"] {
        std::fs::write(folder.path().join(name), "12").unwrap();
    }
    let reader = json!({ "ItemReader": {
        "Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": { "Bucket": "in", "Prefix": "x/" },
    } });
    let mut stage = Stage::new(map(pass(), reader), nothing);
    stage.buckets.insert("in".to_owned(), folder.path().to_owned());
    let output = stage.play(json!({})).output();
    let keys: Vec<&Value> = output.as_array().unwrap().iter().map(|object| &object["Key"]).collect();
    assert_eq!(keys, ["x/a", "x/b"]);
}

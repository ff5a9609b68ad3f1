//! A function for Node beside one for Python, in one state machine.

use crate::app::{App, example};
use serde_json::json;
use std::fs;
use std::path::Path;

const FUNCTION: &str = "const fdk = require('@fnproject/fdk')\n\n\
    fdk.handle((input) => ({ name: input.name.toUpperCase() }))\n";

const MACHINE: &str = r#"{
  "StartAt": "Both",
  "States": {
    "Both": {
      "Type": "Parallel",
      "Branches": [
        { "StartAt": "Refund", "States": { "Refund": { "Type": "Task", "Resource": "fn:process_refund", "End": true } } },
        { "StartAt": "Each", "States": {
          "Each": {
            "Type": "Map",
            "ItemsPath": "$.names",
            "ItemSelector": { "name.$": "$$.Map.Item.Value" },
            "ItemProcessor": { "StartAt": "Shout", "States": { "Shout": { "Type": "Task", "Resource": "fn:shout", "End": true } } },
            "End": true
          }
        } }
      ],
      "End": true
    }
  }
}"#;

fn make(app: &Path) {
    crate::app::copy(&example().join("functions/process_refund"), &app.join("functions/process_refund"));
    let shout = app.join("functions/shout");
    fs::create_dir_all(&shout).unwrap();
    fs::create_dir(app.join("workflows")).unwrap();
    fs::write(app.join("workflows/both.asl.json"), MACHINE).unwrap();
    fs::write(shout.join("func.js"), FUNCTION).unwrap();
    fs::write(
        shout.join("func.yaml"),
        "schema_version: 20180708\nname: shout\nruntime: node\nentrypoint: node func.js\n",
    )
    .unwrap();
    fs::write(shout.join("package.json"), r#"{"dependencies": {"@fnproject/fdk": "^0.0.73"}}"#).unwrap();
}

#[test]
fn node_and_python_work_side_by_side() {
    let app = App::with(make);
    let names: Vec<String> = (0..20).map(|number| format!("name {number}")).collect();
    let shown = app.ends("both", "both-1", &json!({"product": "lamp", "names": names}));
    assert_eq!(shown["status"], "Completed", "{shown}\n{}", app.log());
    assert_eq!(shown["output"][0], json!({"message": "Refund for lamp succeeded"}));
    let shouted: Vec<_> = names.iter().map(|name| json!({"name": name.to_uppercase()})).collect();
    assert_eq!(shown["output"][1], json!(shouted));
}

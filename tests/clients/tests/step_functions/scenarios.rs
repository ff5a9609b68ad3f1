//! What programs do with Step Functions.

use crate::site::Site;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use partita::Failure;
use partita::engine::executor::{Function, FunctionCall, Offers};
use partita_kernel::Payload;
use serde_json::{Value, json};
use std::sync::Arc;

/// Functions that double numbers, and that keep a token and give it.
#[derive(Clone, Default)]
struct Some3(Arc<Mutex<Value>>);

impl Offers for Some3 {
    fn function(&self, name: &str) -> Option<Arc<dyn Function>> {
        ["double", "keep", "kept"].contains(&name).then(|| Arc::new(self.clone()) as Arc<dyn Function>)
    }
}

impl Function for Some3 {
    fn call(&self, call: FunctionCall) -> BoxFuture<'static, Result<Option<Payload>, Failure>> {
        let input: Value = serde_json::from_str(call.input.as_ref().map_or("null", Payload::as_str)).unwrap();
        let answer = match &*call.name {
            "double" => input.as_i64().map(|number| json!(number * 2)).ok_or("this is no number"),
            "keep" => {
                *self.0.lock() = input["token"].clone();
                Ok(Value::Null)
            }
            _ => Ok(self.0.lock().clone()),
        };
        let answer = answer.map(|answer| Some(Payload::from(answer.to_string())));
        Box::pin(async move { answer.map_err(|text| Failure::new("TypeError", text).non_retriable()) })
    }
}

async fn scenario(name: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::fs::write(folder.path().join("in/rows.csv"), "id,name\n1,Ada\n2,Grace\n").unwrap();
    let site = Site::open(Arc::new(Some3::default()), folder.path()).await;
    let output = site.script("scenarios.py", &[name], String::new()).await;
    let told = String::from_utf8(output.stdout).unwrap();
    if name == "maps" {
        let written: Value = serde_json::from_str(&told).unwrap();
        let manifest = std::fs::read(folder.path().join(written["Key"].as_str().unwrap())).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let results = manifest["ResultFiles"]["SUCCEEDED"][0]["Key"].as_str().unwrap();
        let results: Value =
            serde_json::from_slice(&std::fs::read(folder.path().join(results)).unwrap()).unwrap();
        let outputs = [&results[0]["Output"], &results[1]["Output"]];
        assert_eq!(outputs, [r#"{"seen":"Ada"}"#, r#"{"seen":"Grace"}"#]);
    }
    told
}

macro_rules! scenarios {
    ($($name:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            scenario(stringify!($name)).await;
        })*
    };
}

scenarios! { machines executions revisions activities callbacks children maps }

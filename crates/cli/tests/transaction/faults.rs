//! Whatever a function does wrong, the instance says what happened and where, and goes on by rewind once it is mended.

use crate::app::{App, example};
use serde_json::{Value, json};

/// A handler with these lines in its body.
fn handler(body: &str) -> String {
    format!(
        "import os\nimport sys\nimport time\n\nfrom fdk import response\n\n\ndef handler(ctx, data=None):\n    {}\n",
        body.replace('\n', "\n    ")
    )
}

fn good() -> String {
    std::fs::read_to_string(example().join("functions/process_purchase/func.py")).unwrap()
}

/// Everything that is told of an instance, as people see it.
fn told(app: &App, id: &str) -> String {
    ["show", "history", "logs"].iter().map(|command| app.run(&[command, id])).collect()
}

/// What `process_purchase` does, the error that is recorded, and what people are told.
fn faults() -> [(&'static str, String, &'static str, Vec<&'static str>); 7] {
    [
        (
            "raises",
            handler("print('before')\nraise LookupError('card refused')"),
            "LookupError",
            vec!["card refused", "func.py", "line 10", "in handler", "before"],
        ),
        ("hangs", handler("time.sleep(600)"), "Function.Deadline", vec!["process_purchase", "2000 ms"]),
        ("exits", handler("os._exit(3)"), "Function.Crashed", vec!["process_purchase", "3"]),
        (
            "garbage",
            handler(
                "import gc\nfrom fdk.async_http import protocol\nfor thing in gc.get_objects():\n    \
                 if isinstance(thing, protocol.HttpProtocol):\n        thing.transport.write(b'what a nice day\\r\\n\\r\\n')",
            ),
            "Function.InvalidAnswer",
            vec!["process_purchase"],
        ),
        (
            "no-json",
            handler(
                "return response.Response(ctx, response_data='{so', headers={'Content-Type': 'application/json'})",
            ),
            "Function.InvalidAnswer",
            vec!["says that it is JSON", "{so"],
        ),
        (
            "floods",
            handler("for _ in range(200_000):\n    print('x' * 100)\nraise LookupError('drowned')"),
            "LookupError",
            vec!["drowned", "dropped"],
        ),
        (
            "imports",
            format!("import no_such_module\n{}", handler("pass")),
            "Function.Broken",
            vec!["No module named 'no_such_module'", "func.py", "line 1"],
        ),
    ]
}

#[test]
fn every_fault_is_told_and_recovered_from() {
    let app = App::transaction(|app| {
        let file = app.join("partita.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(file, format!("{text}\n[function.process_purchase]\ntimeout = \"2s\"\n")).unwrap();
    });
    let input = json!({"transaction": "Purchase", "product": "lamp"});
    let mut wrong = Vec::new();
    for (id, text, error, expected) in faults() {
        app.rewrite("process_purchase", &text);
        let shown = app.ends("transaction", id, &input);
        let (status, failure) = (&shown["status"], &shown["failure"]);
        if status != "Failed" || failure["errorType"] != error {
            wrong.push(format!("{id}: {error} was expected: {shown}"));
        }
        let told = told(&app, id);
        for text in expected.into_iter().filter(|text| !told.contains(text)) {
            let told: String = told.chars().take(4000).collect();
            wrong.push(format!("{id}: {text:?} is not told in:\n{told}"));
        }
        app.rewrite("process_purchase", &good());
        app.run(&["rewind", id]);
        let shown = app.ended(id);
        if shown["status"] != "Completed" || shown["output"]["shipment"]["number"] == Value::Null {
            wrong.push(format!("{id} did not recover: {shown}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

//! What comes of a purchase, a refund, and anything else.

use crate::app::App;
use serde_json::json;
use std::fs;

#[test]
fn each_transaction_has_its_outcome() {
    let app = App::transaction(|_| {});
    let (status, purchase) = app.post("/transaction", &json!({"transaction": "Purchase", "product": "lamp"}));
    assert_eq!(status, 200, "{purchase}");
    assert_eq!(purchase["purchase"]["message"], "Purchase of lamp succeeded");
    let number = purchase["shipment"]["number"].as_u64().unwrap();
    assert_eq!(purchase["shipment"]["message"], format!("The order number for lamp is {number}"));
    let (status, refund) = app.post("/transaction", &json!({"transaction": "Refund", "product": "lamp"}));
    let expected = json!({"transaction": "Refund", "product": "lamp", "refund": {"message": "Refund for lamp succeeded"}});
    assert_eq!((status, refund), (200, expected));
    let (status, other) = app.post("/transaction", &json!({"transaction": "Exchange"}));
    assert_eq!((status, other), (200, json!({"transaction": "Exchange"})));
    let listed = app.json(&["list"]);
    let statuses: Vec<_> =
        listed["instances"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, ["Completed"; 3], "{listed}");
    let printed = app.run(&["logs", "--function", "process_purchase"]);
    assert!(printed.contains("charging for lamp"), "{printed}");
}

#[test]
fn what_appears_while_the_app_runs_is_offered() {
    let app = App::transaction(|_| {});
    let folder = app.path("functions/greet");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("func.py"), "def handler(ctx, data=None):\n    return '\"hello\"'\n").unwrap();
    fs::copy(app.path("functions/ship_item/requirements.txt"), folder.join("requirements.txt")).unwrap();
    let description = fs::read_to_string(app.path("functions/ship_item/func.yaml")).unwrap();
    fs::write(folder.join("func.yaml"), description.replace("ship_item", "greet")).unwrap();
    let machine = r#"{"StartAt":"G","States":{"G":{"Type":"Task","Resource":"fn:greet","End":true}}}"#;
    fs::write(app.path("workflows/greeting.asl.json"), machine).unwrap();
    app.until_logged("function greet is ready");
    app.until_logged("workflow greeting");
    assert_eq!(app.ends("greeting", "greeting-1", &json!(null))["output"], "hello");
}

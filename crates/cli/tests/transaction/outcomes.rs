//! What comes of a purchase, a refund, and anything else.

use crate::app::App;
use serde_json::json;

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

use super::*;
use partita_engine::kernel::ExecutionId;
use partita_engine::kernel::entity::Caller;

fn operation(request: &str, caller: Option<&str>) -> Operation {
    let caller = caller
        .map(|caller| Box::new(Caller { instance: InstanceId::trusted(caller), execution: ExecutionId(7) }));
    Operation {
        request_id: request.into(),
        name: "add".into(),
        input: Some("5".into()),
        caller,
        scheduled_at: None,
        trace: None,
    }
}

fn batch() -> EntityBatch {
    EntityBatch {
        id: InstanceId::trusted("@counter@A"),
        token: ExecutionId(1),
        state: Some("1".into()),
        operations: vec![operation("r", None), operation("s", Some("order-1"))],
        cancellation: Default::default(),
    }
}

#[test]
fn both_forms_tell_the_same() {
    let new = request(&batch(), Timestamp(0));
    let old = batch_request(&batch());
    assert_eq!((&new.instance_id, &new.entity_state), (&old.instance_id, &old.entity_state));
    let told: Vec<EventKind> = new
        .operation_requests
        .into_iter()
        .map(|event| super::super::from_history_event(event).unwrap().kind)
        .collect();
    let named: Vec<(&str, &str)> =
        old.operations.iter().map(|asked| (&*asked.request_id, &*asked.operation)).collect();
    assert_eq!(named, [("r", "add"), ("s", "add")]);
    let operations = batch().operations;
    assert_eq!(told, operations.iter().map(|operation| fact(&batch().id, operation)).collect::<Vec<_>>());
}

#[test]
fn what_comes_of_a_batch() {
    let success = proto::OperationResultSuccess { result: Some("6".into()), ..Default::default() };
    let details = proto::TaskFailureDetails {
        error_type: "E".into(),
        error_message: "no".into(),
        ..Default::default()
    };
    let failure =
        proto::OperationResultFailure { failure_details: Some(details.clone()), ..Default::default() };
    let result = |kind| proto::OperationResult { result_type: Some(kind) };
    let start = proto::StartNewOrchestrationAction { name: "Order".into(), ..Default::default() };
    let signal =
        proto::SendSignalAction { instance_id: "@Log@1".into(), name: "add".into(), ..Default::default() };
    let action = |kind| proto::OperationAction { id: 0, operation_action_type: Some(kind) };
    let whole = proto::EntityBatchResult {
        results: vec![result(ResultType::Success(success)), result(ResultType::Failure(failure))],
        actions: vec![
            action(OperationActionType::StartNewOrchestration(start)),
            action(OperationActionType::SendSignal(signal)),
        ],
        entity_state: Some("6".into()),
        ..Default::default()
    };
    let output = outcome(whole.clone()).unwrap().unwrap();
    assert_eq!(output.state, Some("6".into()));
    assert_eq!(output.results, [Ok(Some("6".into())), Err(Box::new(Failure::new("E", "no")))]);
    assert!(
        matches!(&output.actions[..], [EntityAction::Start { instance: None, .. }, EntityAction::Signal { target, .. }] if target.as_str() == "@log@1")
    );
    let empty = proto::EntityBatchResult { entity_state: Some(String::new()), ..whole.clone() };
    assert_eq!(outcome(empty).unwrap().unwrap().state, None);
    let failed = proto::EntityBatchResult { failure_details: Some(details), ..whole.clone() };
    assert_eq!(outcome(failed), Ok(Err(Failure::new("E", "no"))));
    let nothing =
        proto::EntityBatchResult { results: vec![proto::OperationResult::default()], ..whole.clone() };
    assert_eq!(outcome(nothing).unwrap_err().field, "results[0].resultType");
    let nowhere =
        proto::SendSignalAction { instance_id: "order".into(), name: "add".into(), ..Default::default() };
    let actions = vec![action(OperationActionType::SendSignal(nowhere))];
    let misdirected = outcome(proto::EntityBatchResult { actions, ..whole }).unwrap().unwrap();
    assert!(matches!(&misdirected.actions[..], [EntityAction::Signal { target, .. }] if !target.is_entity()));
}

#[test]
fn beginnings_of_ids() {
    let of = |given: &str| {
        let asked = proto::EntityQuery { instance_id_starts_with: Some(given.into()), ..Default::default() };
        query(&asked, 10).unwrap().id_prefix
    };
    assert_eq!(of("@Counter@Ab").as_deref(), Some("@counter@Ab"));
    assert_eq!(of("@Cou").as_deref(), Some("@cou"));
    assert_eq!(of("Counter").as_deref(), Some("@counter"));
    assert_eq!(of(""), None);
    let sized = |page_size| query(&proto::EntityQuery { page_size, ..Default::default() }, 10).unwrap().limit;
    assert_eq!([sized(None), sized(Some(3)), sized(Some(-1))], [10, 3, 10]);
    let token = proto::EntityQuery { continuation_token: Some("x".into()), ..Default::default() };
    assert_eq!(query(&token, 10).unwrap_err().field, "continuationToken");
}

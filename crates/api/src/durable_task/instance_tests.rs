use super::*;
use proptest::prelude::*;
use prost::Message;

fn policy(statuses: &[Status], action: i32) -> proto::OrchestrationIdReusePolicy {
    let replaceable_status = statuses.iter().map(|status| to_status(*status)).collect();
    proto::OrchestrationIdReusePolicy { replaceable_status, action }
}

fn order(policy: Option<proto::OrchestrationIdReusePolicy>) -> Result<StartOrder, Invalid> {
    let request = proto::CreateInstanceRequest {
        name: "w".into(),
        orchestration_id_reuse_policy: policy,
        ..Default::default()
    };
    start_order(request)
}

#[test]
fn both_shapes_of_reuse_policies() {
    let statuses = |policy| {
        let StartOrder { request, satisfied_by } = order(policy).unwrap();
        (request.replaceable, satisfied_by)
    };
    assert_eq!(statuses(None), (vec![], vec![]));
    assert_eq!(statuses(Some(policy(&[Status::Failed], 0))), (vec![Status::Failed], vec![]));
    assert_eq!(statuses(Some(policy(&[Status::Running], 1))), (vec![], vec![Status::Running]));
    assert_eq!(statuses(Some(policy(&[Status::Running], 2))), (vec![Status::Running], vec![]));
    let both = [Status::Running, Status::Terminated];
    assert_eq!(statuses(Some(policy(&both, 0))), (both.to_vec(), vec![]));
    insta::assert_snapshot!(order(Some(policy(&[Status::Running], 0))).unwrap_err(), @"orchestrationIdReusePolicy: Invalid reusable statuses: cannot exclude 'Terminated' while also allowing reuse of running instances");
    insta::assert_snapshot!(order(Some(policy(&[], 3))).unwrap_err(), @"orchestrationIdReusePolicy.action: 3 is not 0, 1 or 2");
}

#[test]
fn a_start_takes_every_field() {
    let at = prost_types::Timestamp { seconds: 1, nanos: 2 };
    let trace = proto::TraceContext { trace_parent: "00-a-b-01".into(), ..Default::default() };
    let request = proto::CreateInstanceRequest {
        instance_id: "i".into(),
        name: "w".into(),
        version: Some("1".into()),
        input: Some(String::new()),
        scheduled_start_timestamp: Some(at),
        tags: [("k".to_owned(), "v".to_owned())].into(),
        parent_trace_context: Some(trace),
        ..Default::default()
    };
    let StartRequest { name, version, id, input, tags, scheduled_at, replaceable, trace } =
        start_order(request).unwrap().request;
    assert_eq!((name.as_str(), version.as_deref(), id.as_deref()), ("w", Some("1"), Some("i")));
    assert_eq!((input, tags.len(), scheduled_at.map(|at| at.0)), (Some("".into()), 1, Some(1_000_000_002)));
    assert_eq!((replaceable.len(), &*trace.unwrap().parent), (0, "00-a-b-01"));
    assert_eq!(start_order(Default::default()).unwrap_err().field, "name");
}

#[test]
fn lists_of_ids_mean_instances_that_have_ended() {
    let filter = list_filter(&Default::default()).unwrap();
    assert_eq!(filter.statuses, [Status::Completed, Status::Failed, Status::Canceled, Status::Terminated]);
}

#[test]
fn a_purge_has_a_time_if_it_says_so() {
    let filter = |timeout| purge_filter(&proto::PurgeInstanceFilter { timeout, ..Default::default() });
    let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
    assert_eq!(filter(None).unwrap().1, None);
    assert_eq!(filter(seconds(0)).unwrap().1, None);
    assert_eq!(filter(seconds(3)).unwrap().1, Some(Duration::from_secs(3)));
    assert_eq!(filter(seconds(-3)).unwrap_err().field, "purgeInstanceFilter.timeout");
}

proptest! {
    #[test]
    fn whatever_comes_is_a_request_or_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
        if let Ok(request) = proto::CreateInstanceRequest::decode(&bytes[..]) {
            let _ = start_order(request);
        }
        if let Ok(request) = proto::InstanceQuery::decode(&bytes[..]) {
            let _ = query_filter(&request);
        }
        if let Ok(request) = proto::ListInstanceIdsRequest::decode(&bytes[..]) {
            let _ = list_filter(&request);
        }
        if let Ok(request) = proto::PurgeInstanceFilter::decode(&bytes[..]) {
            let _ = purge_filter(&request);
        }
    }
}

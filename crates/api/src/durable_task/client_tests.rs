use super::super::entity;
use super::super::instance::{list_filter, purge_filter, query_filter, start_order, to_state};
use super::*;
use partita_engine::kernel::{ExecutionId, Failure, Status, Tags};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

fn names() -> impl Strategy<Value = String> {
    "[a-zA-Z_]{1,12}"
}
fn texts() -> impl Strategy<Value = Option<Payload>> {
    of(any::<String>()).prop_map(|text| text.map(Payload::from))
}
fn instants() -> impl Strategy<Value = Timestamp> {
    any::<i64>().prop_map(Timestamp)
}
fn tags() -> impl Strategy<Value = Tags> {
    proptest::collection::btree_map(names(), names(), 0..3)
        .prop_map(|tags| tags.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
}
fn statuses() -> impl Strategy<Value = Status> {
    select(Status::ALL.to_vec())
}

fn views() -> impl Strategy<Value = InstanceView> {
    let names = (names(), of(names()), names(), of(names()), tags(), statuses());
    let times = (instants(), instants(), of(instants()), of(instants()), any::<u128>());
    let data = (texts(), texts(), texts(), of(any::<String>()));
    (names, times, data).prop_map(|((name, version, id, parent, tags, status), times, data)| {
        let (created_at, updated_at, completed_at, scheduled_at, execution) = times;
        let (input, output, custom_status, failure) = data;
        InstanceView {
            id: InstanceId::trusted(&id),
            name: name.into(),
            version: version.map(Into::into),
            status,
            created_at,
            updated_at,
            completed_at,
            scheduled_at,
            input,
            output,
            failure: failure.map(|text| Failure::new("E", text)),
            custom_status,
            tags,
            parent: None,
            parent_id: parent.map(|id| InstanceId::trusted(&id)),
            execution: Some(ExecutionId(execution)),
            generation: 0,
            history_events: 0,
            set_aside: None,
            is_set_aside: false,
        }
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    (proptest::collection::vec(statuses(), 0..3), of(instants()), of(instants())).prop_map(
        |(statuses, created_from, created_to)| Filter {
            statuses,
            created_from,
            created_to,
            ..Filter::default()
        },
    )
}

proptest! {
    #[test]
    fn instances_come_back_as_they_were(view in views()) {
        prop_assert_eq!(from_state(to_state(&view, true)), Ok(view));
    }

    #[test]
    fn starts_come_back_as_they_were(
        name in names(), version in of(names()), id in of(names()), input in texts(), tags in tags(), at in of(instants()),
    ) {
        let request = StartRequest {
            name, version, id, input, tags, scheduled_at: at, replaceable: vec![Status::Terminated], trace: None,
        };
        let read = start_order(start(request.clone(), Timestamp(0))).unwrap();
        prop_assert_eq!(format!("{:?}", read.request), format!("{request:?}"));
        prop_assert_eq!(read.satisfied_by, Vec::new());
    }

    #[test]
    fn filters_come_back_as_they_were(filter in filters(), prefix in of(names())) {
        let (read, time) = purge_filter(&purge(&filter, Duration::from_secs(3)).unwrap()).unwrap();
        prop_assert_eq!((&read, time), (&filter, Some(Duration::from_secs(3))));
        let filter = Filter { id_prefix: prefix, ..filter };
        prop_assert_eq!(query_filter(&query(&filter).unwrap()), Ok(filter));
    }
}

fn entity_ids() -> impl Strategy<Value = InstanceId> {
    "@[a-z]{1,6}@[A-Za-z]{0,6}".prop_map(|id| InstanceId::trusted(&id))
}

fn entity_views() -> impl Strategy<Value = EntityView> {
    (entity_ids(), instants(), texts(), 0..9_usize, of(names())).prop_map(
        |(id, updated_at, state, backlog, holder)| EntityView {
            id,
            created_at: Timestamp(0),
            updated_at,
            state,
            backlog,
            lock: holder.map(|holder| (InstanceId::trusted(&holder), "".into(), Timestamp(0))),
        },
    )
}

proptest! {
    #[test]
    fn entities_come_back_as_they_were(views in proptest::collection::vec(entity_views(), 0..3), next in of(entity_ids())) {
        let page = proto::QueryEntitiesResponse {
            entities: views.iter().map(|view| entity::to_metadata(view, true)).collect(),
            continuation_token: next.as_ref().map(ToString::to_string),
        };
        prop_assert_eq!(entity_page(page), Ok(EntityPage { entities: views, next }));
    }

    #[test]
    fn signals_come_back_as_they_were(id in entity_ids(), operation in names(), input in texts(), at in of(instants())) {
        let sent = EntitySignal { operation, input, scheduled_at: at, ..EntitySignal::default() };
        let written = signal(&id, sent.clone(), Timestamp(0));
        prop_assert_eq!(&written.instance_id, id.as_str());
        prop_assert_eq!(format!("{:?}", entity::signal(written).unwrap()), format!("{sent:?}"));
    }

    #[test]
    fn queries_for_entities_come_back_as_they_were(
        prefix in of("@[a-z]{1,6}(@[A-Z]{0,3})?"), from in of(instants()), to in of(instants()), transient in any::<bool>(),
        after in of(entity_ids()), limit in 1..99_usize,
    ) {
        let sent = EntityQuery {
            names: Vec::new(), id_prefix: prefix, updated_from: from, updated_to: to, transient, after, limit,
        };
        prop_assert_eq!(entity::query(&entities(&sent).unwrap(), 1000), Ok(sent));
    }
}

#[test]
fn names_of_entities_are_beginnings_of_ids() {
    let asked = |names: &[&str], prefix: Option<&str>| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let query = EntityQuery { names, id_prefix: prefix.map(Into::into), ..EntityQuery::default() };
        entities(&query).map(|query| query.instance_id_starts_with.unwrap_or_default())
    };
    assert_eq!(asked(&[], None).as_deref(), Ok(""));
    assert_eq!(asked(&["order"], None).as_deref(), Ok("@order@"));
    assert_eq!(asked(&["order*"], None).as_deref(), Ok("@order"));
    for refused in [asked(&["a", "b"], None), asked(&["a"], Some("@a@x"))] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(refused.unwrap_err(), @"names: this protocol can ask only for one name or for how ids begin");
        }
    }
}

#[test]
fn lists_of_ids_come_back_as_they_were() {
    let filter = Filter {
        statuses: vec![Status::Failed],
        completed_from: Some(Timestamp(1)),
        completed_to: Some(Timestamp(2)),
        ..Filter::default()
    };
    assert_eq!(list_filter(&list(&filter).unwrap()), Ok(filter));
    let filter = Filter { created_from: Some(Timestamp(1)), ..Filter::default() };
    insta::assert_snapshot!(list(&filter).unwrap_err(), @"filter: this protocol can list ids only by status and by when an instance ended");
}

#[test]
fn what_the_protocol_cannot_ask_is_refused() {
    let filter = Filter { roots_only: true, ..Filter::default() };
    insta::assert_snapshot!(query(&filter).unwrap_err(), @"filter: this protocol can ask only by status, by when an instance was made, and by how its id begins");
    let filter = Filter { id_prefix: Some("a".into()), ..Filter::default() };
    insta::assert_snapshot!(purge(&filter, Duration::ZERO).unwrap_err(), @"filter: this protocol can purge only by status and by when an instance was made");
}

#[test]
fn what_has_no_kind_of_its_own_is_shown() {
    let id = InstanceId::trusted("i");
    let shown = |kind: EventKind| {
        let event = Event::incoming(Timestamp(1), kind);
        shown_event(super::super::to_history_event(&id, &event)).unwrap().kind
    };
    let canceled = EventKind::OperationCanceled { task_id: 4 };
    assert_eq!(shown(canceled.clone()), canceled);
    let other = EventKind::Generic { data: Some(Payload::from("{\"operationCanceled\":1}")) };
    assert_eq!(shown(other.clone()), other);
    let rewound = EventKind::ExecutionRewound {
        reason: Some(Payload::from("again")),
        execution: ExecutionId(2),
        cut: 3,
        dropped: [1].into(),
    };
    let told = EventKind::Generic { data: Some(Payload::from(r#"{"executionRewound":{"reason":"again"}}"#)) };
    assert_eq!(shown(rewound), told);
}

//! Lists and counts.

use super::Harness;
use super::build::{Owner, first, head, id, put, state};
use crate::{Cursor, Filter, Order, Page, Put, Query, Row, Store, Write};
use partita_kernel::{Status, Timestamp};

const ORDERS: [Order; 4] =
    [Order::CreatedDescending, Order::CreatedAscending, Order::UpdatedDescending, Order::IdAscending];

/// Instances of every kind, many with equal times; the rows that they must show as, and the store.
async fn populated(harness: &dyn Harness) -> (Box<dyn Store>, Owner, Vec<Row>) {
    let store = harness.fresh().await;
    let owner = Owner::of(&*store).await;
    let all: Vec<Put> = (0..120).map(kind).chain((0..30).map(entity)).collect();
    // Some are in the tables already when the others come.
    owner.write(&*store, all[..60].iter().cloned().map(put)).await;
    store.count(&Filter::default()).await.unwrap();
    owner.write(&*store, all[60..].iter().cloned().map(put)).await;
    let rows = all.iter().map(row_of).collect();
    (store, owner, rows)
}

fn kind(number: u32) -> Put {
    let text = match number % 3 {
        0 => format!("order-{number:03}"),
        1 => format!("Order-{number:03}"),
        _ => format!("bill-ä-{number:03}"),
    };
    let status = Status::ALL[number as usize % 8];
    let mut record = first(&text);
    let mut its_head =
        head(["Order", "OrderLine", "Bill", "Bill*"][number as usize % 4], i64::from(number / 10));
    if number.is_multiple_of(5) {
        its_head.tags.insert("tenant".into(), if number.is_multiple_of(2) { "a".into() } else { "b".into() });
    }
    if number.is_multiple_of(7) {
        its_head.tags.insert("urgent".into(), "\"yes\"".into());
        its_head.version = Some("2.0".into());
    }
    if number % 6 == 1 {
        its_head.parent = Some(id("order-000"));
    }
    if number % 6 == 2 {
        its_head.parent = Some(id("order-003"));
    }
    record.head = Some(its_head);
    record.state = state(status, 1_000 - i64::from(number / 7));
    record.state.set_aside = number % 11 == 3;
    record.state.custom_status = number.is_multiple_of(9).then(|| "{\"step\": 1}".into());
    record
}

/// An entity, whose name and times could be an instance's.
fn entity(number: u32) -> Put {
    let mut record = first(&format!("@order@{number:02}"));
    record.head = Some(head(["Order", "Bill"][number as usize % 2], i64::from(number / 10)));
    record.state = state(Status::Running, 1_000 - i64::from(number / 7));
    record
}

fn row_of(put: &Put) -> Row {
    let head = put.head.clone().unwrap();
    Row {
        id: put.id.clone(),
        name: head.name,
        version: head.version,
        status: put.state.status,
        created_at: head.created_at,
        updated_at: put.state.updated_at,
        completed_at: put.state.completed_at,
        parent: head.parent,
        tags: head.tags,
        custom_status: put.state.custom_status.clone(),
        set_aside: put.state.set_aside,
        records: None,
    }
}

/// The rows that must come, in the order in which they must come.
fn expected(rows: &[Row], filter: &Filter, order: Order) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.iter().filter(|row| filter.matches(row)).cloned().collect();
    rows.sort_by(|a, b| order.compare(&order.place(a), &order.place(b)));
    rows
}

/// All pages of a list.
async fn all_pages(store: &dyn Store, filter: &Filter, order: Order, limit: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let query = Query { filter: filter.clone(), order, after, limit, with_records: false };
        let page = store.query(&query).await.unwrap();
        assert!(page.rows.len() <= limit);
        assert!(page.next.is_none() || page.rows.len() == limit, "only the last page is short");
        rows.extend(page.rows);
        match page.next {
            Some(next) => after = Some(next),
            None => return rows,
        }
    }
}

/// Checks a filter in every order, in one page and in many, and its counts.
async fn check(store: &dyn Store, rows: &[Row], filter: &Filter) {
    let some = rows.iter().filter(|row| filter.matches(row)).count();
    assert!(some > 0 && some < rows.len(), "a filter that tells something apart: {filter:?}");
    check_any(store, rows, filter).await;
}

async fn check_any(store: &dyn Store, rows: &[Row], filter: &Filter) {
    for order in ORDERS {
        let expected = expected(rows, filter, order);
        for limit in [7, 1_000] {
            let found = all_pages(store, filter, order, limit).await;
            assert_eq!(names(&found), names(&expected), "{order:?}, pages of {limit}, {filter:?}");
            assert_eq!(found, expected);
        }
    }
    let counts = store.count(filter).await.unwrap();
    for status in Status::ALL {
        let expected = rows.iter().filter(|row| row.status == status && filter.matches(row)).count();
        assert_eq!(counts.of(status), expected as u64, "{status} of {filter:?}");
    }
    assert!(counts.by_status.iter().all(|(_, count)| *count > 0), "no status with nothing");
}

fn names(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.id.as_str()).collect()
}

pub async fn a_list_of_nothing(harness: &dyn Harness) {
    let store = harness.fresh().await;
    for order in ORDERS {
        let query = Query { order, ..Query::default() };
        assert_eq!(store.query(&query).await, Ok(Page::default()));
    }
    assert_eq!(store.count(&Filter::default()).await.unwrap().total(), 0);
}

pub async fn rows_tell_all_that_is_known(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    let found = all_pages(&*store, &Filter::default(), Order::IdAscending, 1_000).await;
    assert_eq!(found, expected(&rows, &Filter::default(), Order::IdAscending));
}

pub async fn records_come_when_asked_for(harness: &dyn Harness) {
    let store = harness.fresh().await;
    let owner = Owner::of(&*store).await;
    owner.write(&*store, [put(first("a"))]).await;
    let page = store.query(&Query { with_records: true, ..Query::default() }).await.unwrap();
    assert_eq!(page.rows[0].records, Some((b"head of Order".to_vec(), b"state at 1".to_vec())));
    let page = store.query(&Query::default()).await.unwrap();
    assert_eq!(page.rows[0].records, None);
}

pub async fn reads_see_what_was_committed_just_before(harness: &dyn Harness) {
    let store = harness.fresh().await;
    let owner = Owner::of(&*store).await;
    for number in 1..=20 {
        let text = format!("w{number}");
        owner.write(&*store, [put(first(&text))]).await;
        assert_eq!(store.count(&Filter::default()).await.unwrap().total(), number);
        let prefix = Filter { id_prefix: Some(text.clone()), ..Filter::default() };
        let page = store.query(&Query { filter: prefix, ..Query::default() }).await.unwrap();
        assert!(page.rows.iter().any(|row| row.id == id(&text)));
    }
}

pub async fn filter_by_status(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    for statuses in [vec![Status::Running], vec![Status::Failed, Status::Pending, Status::Failed]] {
        check(&*store, &rows, &Filter { statuses, ..Filter::default() }).await;
    }
}

pub async fn filter_by_name(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    for names in [vec!["Order".to_owned()], vec!["Bill".into(), "OrderLine".into()]] {
        check(&*store, &rows, &Filter { names, ..Filter::default() }).await;
    }
    check_any(&*store, &rows, &Filter { names: vec!["Nothing".into()], ..Filter::default() }).await;
}

pub async fn filter_by_name_prefix(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    for names in [vec!["Order*".to_owned()], vec!["B*".into()], vec!["Bill*".into(), "OrderL*".into()]] {
        check(&*store, &rows, &Filter { names, ..Filter::default() }).await;
    }
    for names in [vec!["*".to_owned()], vec!["X*".into()], vec!["Order".into(), "*".into()]] {
        check_any(&*store, &rows, &Filter { names, ..Filter::default() }).await;
    }
}

pub async fn filter_by_id_prefix(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    for prefix in ["order-", "Order-0", "bill-ä", "order-09"] {
        check(&*store, &rows, &Filter { id_prefix: Some(prefix.into()), ..Filter::default() }).await;
    }
    for prefix in ["", "%", "order_"] {
        check_any(&*store, &rows, &Filter { id_prefix: Some(prefix.into()), ..Filter::default() }).await;
    }
}

pub async fn filter_by_part_of_the_id(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    for part in ["ORDER", "-Ä-", "09", "r-1"] {
        check(&*store, &rows, &Filter { id_contains: Some(part.into()), ..Filter::default() }).await;
    }
    for part in ["%", "_", "nothing"] {
        check_any(&*store, &rows, &Filter { id_contains: Some(part.into()), ..Filter::default() }).await;
    }
}

pub async fn filter_by_tags(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    let tag = |key: &str, value: &str| (key.into(), value.into());
    for tags in [
        [tag("tenant", "a")].into(),
        [tag("urgent", "\"yes\"")].into(),
        [tag("tenant", "b"), tag("urgent", "\"yes\"")].into(),
    ] {
        check(&*store, &rows, &Filter { tags, ..Filter::default() }).await;
    }
    let tags = [tag("tenant", "c")].into();
    check_any(&*store, &rows, &Filter { tags, ..Filter::default() }).await;
}

pub async fn filter_by_times(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    let at = |time| Some(Timestamp(time));
    let all = Filter::default;
    for filter in [
        Filter { created_from: at(5), ..all() },
        Filter { created_to: at(5), ..all() },
        Filter { created_from: at(3), created_to: at(6), ..all() },
        Filter { updated_from: at(990), ..all() },
        Filter { updated_to: at(990), ..all() },
        Filter { updated_from: at(988), updated_to: at(992), ..all() },
        Filter { completed_from: at(990), ..all() },
        Filter { completed_to: at(990), ..all() },
        Filter { completed_from: at(988), completed_to: at(995), ..all() },
    ] {
        check(&*store, &rows, &filter).await;
    }
}

pub async fn filter_by_parent_and_roots(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    check(&*store, &rows, &Filter { parent: Some(id("order-000")), ..Filter::default() }).await;
    check(&*store, &rows, &Filter { roots_only: true, ..Filter::default() }).await;
    let none = Filter { parent: Some(id("order-003")), roots_only: true, ..Filter::default() };
    check_any(&*store, &rows, &none).await;
}

pub async fn filter_by_set_aside(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    for set_aside in [true, false] {
        check(&*store, &rows, &Filter { set_aside: Some(set_aside), ..Filter::default() }).await;
    }
}

pub async fn entities_are_apart(harness: &dyn Harness) {
    let (store, owner, mut rows) = populated(harness).await;
    let entities = || Filter { entities: true, ..Filter::default() };
    for filter in [
        entities(),
        Filter { names: vec!["Order".into()], ..entities() },
        Filter { names: vec!["O*".into()], ..entities() },
        Filter { id_prefix: Some("@order@1".into()), ..entities() },
        Filter { id_contains: Some("2".into()), ..entities() },
        Filter { updated_from: Some(Timestamp(998)), ..entities() },
        Filter { statuses: vec![Status::Running], ..entities() },
    ] {
        check(&*store, &rows, &filter).await;
    }
    check_any(&*store, &rows, &Filter { id_prefix: Some("@".into()), ..Filter::default() }).await;
    check_any(&*store, &rows, &Filter { statuses: vec![Status::Failed], ..entities() }).await;
    let mut changed = entity(3);
    changed.head = None;
    changed.state = state(Status::Running, 2_000);
    rows.iter_mut().filter(|row| row.id == changed.id).for_each(|row| row.updated_at = Timestamp(2_000));
    owner.write(&*store, [put(changed)]).await;
    check(&*store, &rows, &entities()).await;
    check(&*store, &rows, &Filter::default()).await;
}

pub async fn filters_combined(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    let open = vec![Status::Running, Status::Pending, Status::Suspended, Status::Failed];
    let all = Filter::default;
    for filter in [
        Filter { statuses: open.clone(), names: vec!["Bill".into()], ..all() },
        Filter { statuses: open.clone(), id_prefix: Some("order".into()), ..all() },
        Filter { statuses: open.clone(), parent: Some(id("order-003")), ..all() },
        Filter { statuses: open.clone(), set_aside: Some(true), ..all() },
        Filter { names: vec!["Order*".into()], created_from: Some(Timestamp(4)), roots_only: true, ..all() },
        Filter { tags: [("tenant".into(), "a".into())].into(), statuses: open, ..all() },
        Filter {
            id_contains: Some("order".into()),
            set_aside: Some(false),
            names: vec!["B*".into()],
            ..all()
        },
    ] {
        check(&*store, &rows, &filter).await;
    }
}

pub async fn every_order(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    check_any(&*store, &rows, &Filter::default()).await;
}

pub async fn pages_neither_lose_nor_repeat_a_row(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    for order in ORDERS {
        for limit in 1..=13 {
            let found = all_pages(&*store, &Filter::default(), order, limit).await;
            let expected = expected(&rows, &Filter::default(), order);
            assert_eq!(names(&found), names(&expected), "{order:?}, pages of {limit}");
        }
    }
}

pub async fn pages_with_every_filter_in_every_order(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    let all = Filter::default;
    for filter in [
        Filter { statuses: vec![Status::Running, Status::Completed], ..all() },
        Filter { names: vec!["Order".into(), "Bill*".into()], ..all() },
        Filter { id_prefix: Some("o".into()), ..all() },
        Filter { roots_only: true, ..all() },
        Filter { tags: [("tenant".into(), "b".into())].into(), ..all() },
    ] {
        for order in ORDERS {
            for limit in [1, 3] {
                let found = all_pages(&*store, &filter, order, limit).await;
                assert_eq!(names(&found), names(&expected(&rows, &filter, order)), "{order:?} {filter:?}");
            }
        }
    }
}

pub async fn tags_change_with_the_head(harness: &dyn Harness) {
    let store = harness.fresh().await;
    let owner = Owner::of(&*store).await;
    let tagged = |value: Option<&str>| {
        let mut record = first("a");
        if let (Some(head), Some(value)) = (&mut record.head, value) {
            head.tags.insert("k".into(), value.into());
        }
        put(record)
    };
    for value in [Some("one"), Some("two"), None, Some("three")] {
        owner.write(&*store, [tagged(value)]).await;
        for asked in ["one", "two", "three"] {
            let filter = Filter { tags: [("k".into(), asked.into())].into(), ..Filter::default() };
            let found = store.count(&filter).await.unwrap().total();
            assert_eq!(found, u64::from(value == Some(asked)));
        }
    }
    owner.write(&*store, [Write::Delete(id("a"))]).await;
    assert_eq!(store.count(&Filter::default()).await.unwrap().total(), 0);
}

pub async fn counts_by_status(harness: &dyn Harness) {
    let (store, owner, rows) = populated(harness).await;
    let counts = store.count(&Filter::default()).await.unwrap();
    assert_eq!(counts.total(), 120);
    assert!(Status::ALL.into_iter().all(|status| counts.of(status) == 15));
    owner.write(&*store, [Write::Delete(rows[0].id.clone())]).await;
    let counts = store.count(&Filter::default()).await.unwrap();
    assert_eq!((counts.total(), counts.of(rows[0].status)), (119, 14));
}

pub async fn counts_agree_with_lists(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    let all = Filter::default;
    for filter in [
        Filter { names: vec!["Order*".into()], statuses: vec![Status::Failed], ..all() },
        Filter { id_contains: Some("1".into()), ..all() },
    ] {
        let listed = all_pages(&*store, &filter, Order::IdAscending, 10).await.len();
        assert_eq!(store.count(&filter).await.unwrap().total(), listed as u64);
        assert_eq!(listed, rows.iter().filter(|row| filter.matches(row)).count());
    }
}

pub async fn lists_over_reopening(harness: &dyn Harness) {
    let (store, _, rows) = populated(harness).await;
    let Some(store) = harness.reopen(store).await else { return };
    check_any(&*store, &rows, &Filter::default()).await;
    check(&*store, &rows, &Filter { names: vec!["Order*".into()], ..Filter::default() }).await;
}

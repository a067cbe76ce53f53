//! Entities, rows and their filters.

use crate::support::{Bed, T0, at, json, on_both};
use serde_json::{Value, json as value};
use stepwright_app::ports::{DataStore as _, ImportCounts, Put};
use stepwright_app::{Comparison, DataWrite, Dataset, Filter};

on_both!(
    an_entity_is_put_under_the_version_it_was_read_at,
    entities_are_listed_in_the_order_of_bytes,
    an_import_counts_what_is_new_and_what_was_there,
    filters_are_met_exactly_over_pages,
    a_text_is_found_however_it_was_spelt,
);

async fn an_entity_is_put_under_the_version_it_was_read_at(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let put = async |n: i64, expected, secs| {
        let put = bed.db.put_entity(tenant, "deal", "1", &json(value!({ "n": n })), expected, at(secs)).await.unwrap();
        match put {
            Put::Done(e) => Some((e.version, e.attributes.to_value()["n"].as_i64().unwrap())),
            Put::Missing => None,
            Put::OfFlows => panic!("no flow is about it"),
        }
    };
    assert_eq!(put(1, Some(1), 0).await, None);
    assert_eq!(put(1, Some(0), 1).await, Some((1, 1)));
    assert_eq!(put(2, Some(0), 2).await, None);
    assert_eq!(put(3, Some(1), 3).await, Some((2, 3)));
    assert_eq!(put(4, None, 4).await, Some((3, 4)));
    let stands = bed.db.entity(tenant, "deal", "1").await.unwrap().unwrap();
    assert_eq!((stands.version, stands.created_at, stands.updated_at), (3, at(1), at(4)));
    assert_eq!(bed.db.delete_entity(tenant, "deal", "1").await.unwrap(), Put::Done(()));
    assert_eq!(bed.db.delete_entity(tenant, "deal", "1").await.unwrap(), Put::Missing);
    assert_eq!(put(5, None, 5).await, Some((1, 5)));
}

async fn entities_are_listed_in_the_order_of_bytes(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    for id in ["b", "B", "ä", "a", "_", "10", "9"] {
        bed.db.put_entity(tenant, "deal", id, &json(value!({})), None, T0).await.unwrap();
    }
    bed.db.put_entity(tenant, "other", "c", &json(value!({})), None, T0).await.unwrap();
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    loop {
        let page = bed.db.entities(tenant, "deal", after.as_deref(), 3).await.unwrap();
        all.extend(page.items.into_iter().map(|e| e.id));
        after = all.last().cloned();
        if !page.has_more {
            break;
        }
    }
    assert_eq!(all, ["10", "9", "B", "_", "a", "b", "ä"]);
}

fn row(id: &str, value: Value) -> DataWrite {
    DataWrite { dataset: Dataset::Invoices, id: id.into(), value: json(value), expected: 0 }
}

async fn an_import_counts_what_is_new_and_what_was_there(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let rows: Vec<DataWrite> = (0..1_200).map(|n| row(&format!("i{n:04}"), value!({ "n": n }))).collect();
    let counts = bed.db.import_rows(tenant, &rows, T0).await.unwrap();
    assert_eq!(counts, ImportCounts { inserted: 1_200, updated: 0 });
    let again = [row("i0001", value!({ "n": -1 })), row("new", value!({})), row("i0001", value!({ "n": -2 }))];
    let counts = bed.db.import_rows(tenant, &again, at(1)).await.unwrap();
    assert_eq!(counts, ImportCounts { inserted: 1, updated: 1 });
    let stands = bed.db.data_row(tenant, Dataset::Invoices, "i0001").await.unwrap().unwrap();
    assert_eq!((stands.version, stands.value.to_value()), (2, value!({ "n": -2 })));
    assert_eq!(bed.db.import_rows(tenant, &[], at(1)).await.unwrap(), ImportCounts::default());
}

async fn filters_are_met_exactly_over_pages(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let statuses = ["draft", "sent", "overdue", "paid"];
    let rows: Vec<DataWrite> = (0..2_000)
        .map(|n| {
            let status = if n % 100 == 99 { "overdue" } else { statuses[n % 2] };
            // A text that holds another row's status must not count as that status.
            row(&format!("i{n:04}"), value!({ "id": n, "status": status, "note": "overdue", "total_cents": n }))
        })
        .collect();
    bed.db.import_rows(tenant, &rows, T0).await.unwrap();
    let filter = |field: &str, comparison, value| Filter { field: field.into(), comparison, value };
    let list = async |filters: &[Filter], after: Option<&str>, limit| {
        let page = bed.db.data_rows(tenant, Dataset::Invoices, filters, after, limit).await.unwrap();
        (page.items.into_iter().map(|r| r.id).collect::<Vec<_>>(), page.has_more)
    };
    let overdue = [filter("status", Comparison::Eq, value!("overdue"))];
    let (found, more) = list(&overdue, None, 15).await;
    assert_eq!((found.len(), found[0].as_str(), found[14].as_str(), more), (15, "i0099", "i1499", true));
    let (found, more) = list(&overdue, Some("i1499"), 15).await;
    assert_eq!((found.len(), more), (5, false));
    let large = [
        filter("status", Comparison::AnyOf, value!(["overdue", "paid"])),
        filter("total_cents", Comparison::Ge, value!(1_800)),
        filter("total_cents", Comparison::Ne, value!(1_899)),
    ];
    assert_eq!(list(&large, None, 10).await, (vec!["i1999".to_owned()], false));
    let nothing = [filter("status", Comparison::Eq, value!("100%_\\\"x"))];
    assert_eq!(list(&nothing, None, 10).await, (vec![], false));
    assert_eq!(list(&[], None, 500).await.0.len(), 500);
}

async fn a_text_is_found_however_it_was_spelt(bed: &Bed) {
    let tenant = bed.tenant("acme").await;
    let spelt =
        stepwright_engine::RawJson::parse_text(r#"{"id":"a","name":"Z\u00fcrich \"\u0041\" 100%"}"#.into()).unwrap();
    let write = DataWrite { dataset: Dataset::Customers, id: "a".into(), value: spelt, expected: 0 };
    bed.db.import_rows(tenant, &[write], T0).await.unwrap();
    let name = "Zürich \"A\" 100%";
    for (comparison, value) in [(Comparison::Eq, value!(name)), (Comparison::AnyOf, value!(["x", name]))] {
        let filter = Filter { field: "name".into(), comparison, value };
        let page = bed.db.data_rows(tenant, Dataset::Customers, &[filter], None, 10).await.unwrap();
        assert_eq!(page.items.len(), 1);
    }
}

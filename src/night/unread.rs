//! Anomalies about whose subject a row is in quarantine. Such a row may say what it said when the anomaly
//! was found: that it is not found now proves nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use chrono::NaiveDate;

use super::{Receipts, Setup};
use crate::anomaly::{Anomaly, Memory, State};
use crate::error::Result;
use crate::feed::receipt::in_force;
use crate::feed::{ABOUT_COLUMNS, About, REJECTS};
use crate::lake::rows::{PERSON_KEY, Part, RowsFile};
use crate::pipeline::spec::{DeliveryKind, Grain, Table, View};
use crate::privacy::{PersonKeys, key_text};

/// What is known of the open anomalies over one view.
struct Watched<'a> {
    view: &'a View,
    /// Tables that the view rests on.
    tables: BTreeSet<String>,
    by_subject: BTreeMap<Cow<'a, str>, Vec<&'a Anomaly>>,
    /// The first night that saw one of them last.
    since: NaiveDate,
}

/// Where a quarantined row of a table says which subject of a view it is about.
#[derive(Clone, Copy)]
enum Place {
    Person,
    /// The column's place in the table's key.
    Key(usize),
}

impl Watched<'_> {
    fn place(&self, table: &Table) -> Option<Place> {
        if !self.tables.contains(&table.id) {
            return None;
        }
        if self.view.subject == PERSON_KEY {
            return (table.grain == Grain::Person).then_some(Place::Person);
        }
        table.key.iter().position(|column| *column == self.view.subject).map(Place::Key)
    }
}

/// Numbers of the open anomalies of rules that were run, about whose subject a table of their view has
/// a row in quarantine that came after they were seen last. Rows are passed over, none is kept.
///
/// # Errors
/// A file of the lake is damaged.
pub(super) fn unread(
    setup: &Setup,
    receipts: &Receipts,
    memory: &Memory,
    ran: &BTreeSet<String>,
) -> Result<BTreeSet<String>> {
    let views = watched(setup, memory, ran);
    let mut unread = BTreeSet::new();
    // An upsert takes nothing away: of what cannot be read of it the row of before stands.
    let replaces = |kind: DeliveryKind| kind != DeliveryKind::Upsert;
    for feed in setup.pipeline.feeds.values().filter(|feed| replaces(feed.delivery.kind)) {
        let table = &setup.pipeline.tables[&feed.table];
        let own: Vec<(&Watched<'_>, Place)> =
            views.iter().filter_map(|view| Some((view, view.place(table)?))).collect();
        let Some(since) = own.iter().map(|(view, _)| view.since).min() else { continue };
        for receipt in in_force(feed, receipts).0 {
            if receipt.quarantined == 0 || receipt.received <= since {
                continue;
            }
            let folder = setup.lake.deliveries(&feed.id).join(&receipt.delivery);
            about(&folder.join(REJECTS), (memory, &setup.keys), &own, |anomaly| {
                if anomaly.last_seen < receipt.received {
                    unread.insert(anomaly.anomaly.clone());
                }
            })?;
        }
    }
    Ok(unread)
}

/// The open anomalies, view by view.
fn watched<'a>(setup: &'a Setup, memory: &'a Memory, ran: &BTreeSet<String>) -> Vec<Watched<'a>> {
    let mut views: BTreeMap<&str, Watched<'a>> = BTreeMap::new();
    let open = |row: &&Anomaly| row.state != State::Cleared && ran.contains(&row.rule);
    for row in memory.known.values().filter(open) {
        let Some(view) = setup.pipeline.views.get(&row.subject_kind) else { continue };
        let own = views.entry(view.id.as_str()).or_insert_with(|| Watched {
            view,
            tables: setup.plans.tables_of(&view.id),
            by_subject: BTreeMap::new(),
            since: NaiveDate::MAX,
        });
        let subject = match view.subject == PERSON_KEY {
            true => memory.forward.now(&row.subject),
            false => row.subject.as_str().into(),
        };
        own.by_subject.entry(subject).or_default().push(row);
        own.since = own.since.min(row.last_seen);
    }
    views.into_values().collect()
}

/// Shows the anomalies about whose subject a row of a quarantine is.
fn about(
    path: &Path,
    (memory, secret): (&Memory, &PersonKeys),
    views: &[(&Watched<'_>, Place)],
    mut shown: impl FnMut(&Anomaly),
) -> Result<()> {
    let columns = ABOUT_COLUMNS.map(str::to_owned);
    for batch in RowsFile::open(path)?.scan(Part::All, &columns, &Default::default())? {
        let batch = batch?;
        let persons = batch.column(0).as_primitive::<Int64Type>();
        let keys = batch.column(1).as_string::<i32>();
        for row in 0..batch.num_rows() {
            let person = persons.is_valid(row).then(|| key_text(persons.value(row)));
            let person = person.as_deref().map(|person| memory.forward.now(person));
            let texts = if keys.is_valid(row) { About::texts(keys.value(row)) } else { Vec::new() };
            // As the subjects of anomalies are: without ID numbers.
            let texts: Vec<_> = texts.iter().map(|t| Some(secret.hide(t.as_deref()?))).collect();
            for (view, place) in views {
                let subject = match place {
                    Place::Person => person.as_deref(),
                    Place::Key(at) => texts.get(*at).and_then(Option::as_deref),
                };
                let found = subject.and_then(|subject| view.by_subject.get(subject));
                found.into_iter().flatten().for_each(|anomaly| shown(anomaly));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, new_null_array};

    use super::*;
    use crate::feed::reject_schema;
    use crate::lake::rows::RowsWriter;

    fn anomaly(number: &str, view: &str, subject: &str) -> (String, Anomaly) {
        let text = format!(
            r#"{{"anomaly": "{number}", "rule": "R", "rule_version": "", "title": "",
            "severity": "red", "subject_kind": "{view}", "subject": "{subject}", "anchor": "",
            "county": "", "division": "", "who": null, "message": "", "evidence": [], "route": "",
            "due": "2026-01-01", "first_seen": "2026-01-01", "last_seen": "2026-01-01",
            "state": "new", "waived": null}}"#
        );
        (number.to_owned(), serde_json::from_str(&text).expect("an anomaly"))
    }

    /// Rows by their person and the texts of their key.
    fn quarantine(path: &Path, rows: &[(Option<i64>, Option<&str>)]) {
        let schema = reject_schema();
        let columns = schema.fields().iter().map(|field| -> ArrayRef {
            match field.name().as_str() {
                PERSON_KEY => Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>()),
                "keys" => Arc::new(rows.iter().map(|row| row.1).collect::<StringArray>()),
                _ => new_null_array(field.data_type(), rows.len()),
            }
        });
        let columns = columns.collect();
        let batch = RecordBatch::try_new(schema, columns).expect("rows");
        RowsWriter::one(path, &batch).expect("written");
    }

    #[test]
    fn a_row_is_about_its_person_or_about_what_its_key_names() {
        let options = crate::night::Options::of("pipelines/gansu".into(), Some("lake".into()));
        let setup = Setup::new(&options).expect("a pipeline");
        let (seven, eight) = (key_text(7), key_text(8));
        // Somebody's ID for the number of a bill.
        let id = "629401195603140024";
        let hidden = setup.keys.hide(id);
        let people = [("a", "person", &*seven), ("b", "person", &*eight)];
        let all = [people, [("c", "claim", "S1"), ("d", "claim", &*hidden)]].concat();
        let known = all.into_iter().map(|(number, view, subject)| anomaly(number, view, subject));
        let known = known.collect();
        let memory = Memory { known, ..Memory::default() };
        let ran = BTreeSet::from(["R".to_owned()]);
        let views = watched(&setup, &memory, &ran);
        assert!(watched(&setup, &memory, &BTreeSet::new()).is_empty(), "no rule was run");
        let places = |table: &str| -> Vec<(&Watched<'_>, Place)> {
            let table = &setup.pipeline.tables[table];
            views.iter().filter_map(|view| Some((view, view.place(table)?))).collect()
        };
        let home = tempfile::tempdir().expect("a folder");
        let path = home.path().join(REJECTS);
        let billed = format!(r#"["{id}"]"#);
        let rows = [(Some(7), r#"["S2"]"#), (None, r#"["S1"]"#), (None, &billed)];
        let rows = rows.map(|(person, keys)| (person, Some(keys)));
        let rows = [&rows[..], &[(None, None)]].concat();
        quarantine(&path, &rows);
        let found = |table: &str| {
            let mut found = BTreeSet::new();
            let shown = |anomaly: &Anomaly| _ = found.insert(anomaly.anomaly.clone());
            about(&path, (&memory, &setup.keys), &places(table), shown).expect("rows");
            found.into_iter().collect::<Vec<_>>()
        };
        assert_eq!(found("settlement"), ["a", "c", "d"]);
        assert_eq!(found("resident"), ["a"], "its key names no payment");
        assert!(places("institution").is_empty(), "it has no persons, and another key");
    }
}

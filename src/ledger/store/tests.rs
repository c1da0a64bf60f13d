//! The store on SQLite and on PostgreSQL: the same test bodies, one after the other.

mod ground;
mod moment;
mod older;

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use proptest::prelude::*;

use super::database::Database;
use super::{Difference, NightEntry, Store, file_address};
use crate::error::Kind;
use crate::ledger::act::{Act, Draft};
use crate::ledger::case::Cases;
use crate::ledger::chain::{self, Head};
use crate::ledger::state::Verb;
use crate::ledger::tests::fixture::{act, anomaly, day, draft, every_act, policy};
use crate::ledger::tests::history::{History, sample};

/// A schema of its own in a PostgreSQL server, dropped with it.
struct Schema {
    name: String,
    base: String,
}

impl Schema {
    fn new() -> Result<Self, String> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let base = std::env::var("BIDUI_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".into());
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("bidui_test_{}_{count}", std::process::id());
        let mut server = Database::join(&base).map_err(|e| e.to_string())?;
        server.run(&format!("CREATE SCHEMA {name}"), Vec::new()).map_err(|e| e.to_string())?;
        Ok(Self { name, base })
    }

    fn address(&self) -> String {
        format!("{}?options[search_path]={}", self.base, self.name)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let dropped = format!("DROP SCHEMA {} CASCADE", self.name);
        _ = Database::join(&self.base).and_then(|mut server| server.run(&dropped, Vec::new()));
    }
}

/// Runs a test with the address of an empty ledger, on each database.
fn on_each(test: impl Fn(&str)) {
    let home = tempfile::tempdir().expect("a folder");
    // A name that must be written otherwise in an address.
    test(&file_address(&home.path().join("台账 50%?#.sqlite")));
    match Schema::new() {
        Ok(schema) => test(&schema.address()),
        Err(why) => println!("skipped: {why}"),
    }
}

fn open(address: &str) -> Store {
    Store::open(address).expect("a ledger")
}

/// Changes the database behind the ledger's back.
fn tamper(address: &str, sql: &str) {
    let changed = Database::join(address).and_then(|mut d| d.run(sql, Vec::new()));
    assert!(changed.expect("it can be changed") > 0, "{sql} changes nothing");
}

fn opening(n: usize, on: &str) -> Draft {
    draft(&format!("T-{n}"), day(on), act(Verb::Open, day(on), n, &policy()))
}

fn filled(address: &str, history: &History) -> Store {
    let store = open(address);
    for some in history.drafts.chunks(97) {
        store.append(some.to_vec(), "2026-01-01T00:00:00Z").expect("written");
    }
    store
}

#[test]
fn what_was_written_is_read_again() {
    let history = sample(1500);
    on_each(|address| {
        let store = filled(address, &history);
        let events = store.events().expect("events");
        let drafts: Vec<Draft> = events.iter().map(|e| e.draft.clone()).collect();
        assert_eq!(drafts, history.drafts);
        assert_eq!(store.cases().expect("cases"), history.cases);
        assert_eq!(Cases::fold(&events).expect("a fold"), history.cases);
        let last = events.last().expect("events");
        assert_eq!(store.head().expect("a head"), Head { seq: last.seq, hash: last.hash.clone() });
        assert_eq!(store.last_day().expect("a day"), Some(last.draft.day));
        let case = history.cases.by_number.values().next().expect("a case");
        assert_eq!(store.case(&case.number).expect("a case").as_ref(), Some(case));
        assert_eq!(store.case(&case.anomaly).expect("a case").as_ref(), Some(case));
        assert_eq!(store.case("T-0").expect("none"), None);
        let own = store.events_about(&case.number).expect("events");
        assert_eq!(own.len(), drafts.iter().filter(|d| d.about == case.number).count());
        assert_eq!(store.verify(&[]).expect("read"), None);
        assert_eq!(store.rebuild().expect("rebuilt"), []);
        drop(store);
        // The next process finds the same, and makes no table twice.
        assert_eq!(open(address).cases().expect("cases"), history.cases);
    });
}

#[test]
fn every_act_is_kept_as_it_is() {
    let acts = every_act(&policy());
    let drafts: Vec<Draft> = acts
        .into_iter()
        .filter(|act| act.verb().is_none())
        .map(|act| draft("T-2026-01-629101", day("2026-01-10"), act))
        .collect();
    on_each(|address| {
        let store = open(address);
        store.append(drafts.clone(), "2026-01-10T00:00:00Z").expect("written");
        let read = store.events().expect("events").into_iter().map(|e| e.draft);
        assert_eq!(read.collect::<Vec<_>>(), drafts);
        assert_eq!(store.cases().expect("cases"), Cases::default());
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

#[test]
fn all_or_nothing_and_only_forward() {
    on_each(|address| {
        let store = open(address);
        store.append(vec![opening(0, "2026-01-05")], "t").expect("written");
        let head = store.head().expect("a head");
        let lapse = draft("T-0", day("2026-01-06"), Act::Lapse);
        let refused = store.append(vec![opening(1, "2026-01-06"), lapse], "t").expect_err("a move");
        assert_eq!(refused.kind, Kind::Usage);
        assert!(refused.message.contains("待下发"), "{refused}");
        let late = store.append(vec![opening(1, "2026-01-04")], "t").expect_err("a day before");
        assert_eq!(late.kind, Kind::Usage);
        let nobody = draft("T-9", day("2026-01-06"), Act::Vanish);
        assert_eq!(store.append(vec![nobody], "t").expect_err("no case").kind, Kind::Usage);
        let mut second = opening(0, "2026-01-06");
        second.about = "T-other".into();
        store.append(vec![second], "t").expect_err("a second case of one anomaly");
        assert_eq!(store.head().expect("a head"), head, "nothing was written");
        assert_eq!(store.append(Vec::new(), "t").expect("nothing to do"), head);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

#[test]
fn a_night_is_recorded_once_and_only_on_what_it_was_made_from() {
    on_each(|address| {
        let store = open(address);
        let entry = |night: &str, before: &Head| NightEntry {
            night: night.into(),
            day: day("2026-01-05"),
            before: before.clone(),
        };
        let start = Head::default();
        let one = vec![opening(0, "2026-01-05")];
        let head =
            store.record_night(&entry("n1", &start), one.clone(), "2026-01-05").expect("one");
        assert_eq!(head.seq, 1);
        let again = store.record_night(&entry("n1", &start), one.clone(), "t").expect("known");
        assert_eq!((again, store.head().expect("a head")), (head.clone(), head.clone()));
        let late = store.record_night(&entry("n2", &start), one, "t").expect_err("an old end");
        assert_eq!(late.kind, Kind::Environment);
        assert!(late.message.contains("somebody wrote meanwhile"), "{late}");
        store.record_night(&entry("n3", &head), Vec::new(), "t").expect("a quiet night");
        let nights = store.nights().expect("nights");
        let said: Vec<_> = nights.iter().map(|n| (&*n.night, n.before.seq, n.after.seq)).collect();
        assert_eq!(said, [("n1", 0, 1), ("n3", 1, 1)]);
        assert_eq!(nights[0].events, 1);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

#[test]
fn acts_made_from_an_older_end_are_not_recorded() {
    on_each(|address| {
        let (store, other) = (open(address), open(address));
        let read = store.head().expect("an end");
        let ours = vec![opening(1, "2026-01-05")];
        let theirs = other.append(vec![opening(0, "2026-01-05")], "t").expect("somebody else's");
        let late = store.append_after(&read, ours.clone(), "t").expect_err("an old end");
        assert_eq!(late.kind, Kind::Environment);
        assert!(late.message.contains("somebody wrote meanwhile"), "{late}");
        assert_eq!(store.head().expect("an end"), theirs, "nothing was written");
        assert_eq!(store.append_after(&theirs, ours, "t").expect("the newest end").seq, 2);
    });
}

#[test]
fn two_who_write_at_once_make_one_chain() {
    on_each(|address| {
        drop(open(address));
        std::thread::scope(|scope| {
            for worker in 0..4 {
                scope.spawn(move || {
                    let store = open(address);
                    for n in 0..10 {
                        let one = vec![opening(worker * 100 + n, "2026-01-05")];
                        store.append(one, "t").expect("its turn comes");
                    }
                });
            }
        });
        let store = open(address);
        assert_eq!(store.head().expect("a head").seq, 40);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

/// A change behind the ledger's back, and the event at which it is found.
fn found(history: &History, changes: &[&str], anchors: &[(String, Head)], at: i64) {
    on_each(|address| {
        let store = filled(address, history);
        let entry = NightEntry {
            night: "n".into(),
            day: day("2030-01-01"),
            before: store.head().expect("a head"),
        };
        store.record_night(&entry, Vec::new(), "t").expect("a night");
        changes.iter().for_each(|sql| tamper(address, sql));
        let fault = store.verify(anchors).expect("read");
        let fault = fault.unwrap_or_else(|| panic!("{changes:?} is not seen"));
        assert_eq!(fault.seq, at, "{changes:?}: {}", fault.what);
    });
}

#[test]
fn changes_behind_its_back_are_found() {
    let history = sample(400);
    let last = history.drafts.len() as i64;
    assert!(last > 40, "{last}");
    let events =
        chain::link(&Head::default(), history.drafts.clone(), None, "2026-01-01T00:00:00Z");
    let end = events.expect("links").pop().expect("an end");
    let anchors = [("a night".to_owned(), Head { seq: last, hash: end.hash })];
    let changes = [
        (
            "UPDATE case_event SET body = replace(body, 'tester', 'tester2') WHERE seq IN (SELECT \
          MIN(seq) FROM case_event WHERE actor = 'tester')",
            first_of_people(&history),
        ),
        ("UPDATE case_event SET body = '{}' WHERE seq = 7", 7),
        ("UPDATE case_event SET at = '2025' WHERE seq = 7", 7),
        ("UPDATE case_event SET actor = 'x' WHERE seq = 7", 7),
        ("UPDATE case_event SET kind = 'x' WHERE seq = 7", 7),
        ("UPDATE case_event SET night = 'x' WHERE seq = 7", 7),
        ("DELETE FROM case_event WHERE seq = 9", 9),
        ("DELETE FROM case_event WHERE seq = 1", 1),
        ("UPDATE ledger_night SET events = 5", last),
        ("UPDATE ledger_night SET after_hash = 'x'", last),
        ("UPDATE case_state SET state = 'closed' WHERE state <> 'closed'", last),
        ("UPDATE case_state SET body = replace(body, 'office', 'x')", last),
        ("DELETE FROM case_state WHERE county = '629101'", last),
    ];
    for (sql, at) in changes {
        found(&history, &[sql], &[], at);
    }
    let swap = [
        "UPDATE case_event SET seq = -seq WHERE seq IN (5, 6)",
        "UPDATE case_event SET seq = seq + 11 WHERE seq < 0",
    ];
    found(&history, &swap, &[], 5);
    let cut = format!("DELETE FROM case_event WHERE seq = {last}");
    found(&history, &[&cut], &anchors, last);
}

fn first_of_people(history: &History) -> i64 {
    let place = history.drafts.iter().position(|d| d.actor == "tester");
    place.expect("somebody did something") as i64 + 1
}

#[test]
fn a_history_hashed_anew_is_found_by_what_nights_noted() {
    let history = sample(400);
    on_each(|address| {
        let anchors = [("a night".to_owned(), filled(address, &history).head().expect("a head"))];
        for table in ["case_event", "case_state"] {
            tamper(address, &format!("DELETE FROM {table}"));
        }
        let mut forged = history.drafts.clone();
        forged[first_of_people(&history) as usize - 1].actor = "somebody else".into();
        let store = open(address);
        store.append(forged, "2026-01-01T00:00:00Z").expect("written");
        assert_eq!(store.verify(&[]).expect("read"), None, "from inside it is whole");
        let fault = store.verify(&anchors).expect("read").expect("a fault");
        assert_eq!(fault.seq, anchors[0].1.seq);
    });
}

#[test]
fn cases_are_made_again() {
    let history = sample(400);
    on_each(|address| {
        let store = filled(address, &history);
        let first = history.cases.by_number.keys().next().expect("a case").clone();
        let last = history.cases.by_number.keys().next_back().expect("a case").clone();
        tamper(address, &format!("DELETE FROM case_state WHERE number = '{first}'"));
        tamper(address, &format!("UPDATE case_state SET owner = 'x' WHERE number = '{last}'"));
        tamper(
            address,
            "INSERT INTO case_state (number, anomaly, rule, county, division, owner, severity, \
             state, opened, moved, body) VALUES ('Z', 'z', '', '', '', '', '', '', '', '', '{}')",
        );
        let differences = [
            Difference::Missing { number: first },
            Difference::Changed { number: last, columns: vec!["owner"] },
            Difference::Unknown { number: "Z".into() },
        ];
        assert_eq!(store.rebuild().expect("rebuilt"), differences);
        assert_eq!(store.cases().expect("cases"), history.cases);
        assert_eq!(store.verify(&[]).expect("read"), None);
    });
}

#[test]
fn an_address_that_leads_nowhere_says_so_without_its_password() {
    let error =
        Store::open("postgres://somebody:secret@127.0.0.1:1/none").err().expect("no server");
    assert_eq!(error.kind, Kind::Environment);
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(error.to_string().contains("127.0.0.1:1/none"), "{error}");
    Store::open("mysql://127.0.0.1/none").err().expect("no such database");
    let nowhere = Store::open_existing("sqlite:///nowhere/ledger.sqlite").err().expect("no file");
    assert_eq!(nowhere.kind, Kind::Usage);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]

    #[test]
    fn any_history_is_kept_whole(steps in prop::collection::vec(any::<(u8, u8, u8)>(), 50..150)) {
        let mut history = History::new();
        steps.into_iter().for_each(|step| history.step(step));
        on_each(|address| {
            let store = filled(address, &history);
            assert_eq!(store.cases().expect("cases"), history.cases);
            assert_eq!(store.verify(&[]).expect("read"), None);
        });
    }
}

#[test]
#[ignore = "a measurement: --nocapture says how long each call takes"]
fn a_hundred_thousand_cases() {
    let on = day("2026-01-05");
    let opened = |n: usize| {
        let row = anomaly(n, crate::anomaly::State::New, None);
        draft(&format!("T-202601-{}-R01-{n:06}", row.county), on, act(Verb::Open, on, n, &policy()))
    };
    let drafts: Vec<Draft> = (0..100_000).map(opened).collect();
    let issued: Vec<Draft> =
        drafts.iter().map(|d| draft(&d.about, on, act(Verb::Issue, on, 0, &policy()))).collect();
    on_each(|address| {
        let store = open(address);
        let timed = |what: &str, work: &dyn Fn()| {
            let begun = Instant::now();
            work();
            let scheme = address.split(':').next().unwrap_or_default();
            println!("{scheme} {what}: {:.2} s", begun.elapsed().as_secs_f64());
        };
        timed("open 100000", &|| _ = store.append(drafts.clone(), "t").expect("written"));
        timed("issue 100000", &|| _ = store.append(issued.clone(), "t").expect("written"));
        timed("one note", &|| {
            let note = draft(&drafts[5].about, on, act(Verb::Note, on, 0, &policy()));
            store.append(vec![note], "t").expect("written");
        });
        timed("read cases", &|| assert_eq!(store.cases().expect("cases").by_number.len(), 100_000));
        timed("read events", &|| assert_eq!(store.events().expect("events").len(), 200_001));
        timed("verify", &|| assert_eq!(store.verify(&[]).expect("read"), None));
        timed("rebuild", &|| assert_eq!(store.rebuild().expect("rebuilt"), []));
    });
}

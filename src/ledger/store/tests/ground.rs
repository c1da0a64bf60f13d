//! A ledger is of one secret and one province, and has every event that a night knows.

use super::{on_each, open, opening, tamper};
use crate::error::Kind;
use crate::ledger::chain::Head;

#[test]
fn a_ledger_stands_on_what_the_first_night_noted() {
    on_each(|address| {
        let first = open(address);
        first.append(vec![opening(0, "2026-01-05")], "t").expect("written");
        first.held_to("b").expect("nobody has noted it");
        first.settle("a", "lake").expect("noted");
        for store in [first, open(address)] {
            store.held_to("a").expect("its own");
            store.settle("a", "lake").expect("its own");
            for refused in [store.held_to("b"), store.settle("b", "lake")] {
                let error = refused.expect_err("another");
                assert_eq!(error.kind, Kind::Usage);
                assert!(error.message.contains("another secret"), "{error}");
            }
        }
        assert_eq!(open(address).verify(&[]).expect("read"), None);
    });
}

#[test]
fn a_ledger_notes_one_lake_also_where_an_older_program_noted_none() {
    on_each(|address| {
        let store = open(address);
        assert_eq!(store.lake().expect("read"), None);
        let settled = |lake| {
            store.settle("a", lake).expect("its own ground");
            store.lake().expect("read").expect("a lake")
        };
        assert_eq!(["first", "second"].map(settled), ["first", "first"]);
        tamper(address, "UPDATE ledger_ground SET lake = NULL");
        store.settle("b", "third").expect_err("another secret");
        assert_eq!(store.lake().expect("read"), None, "it claims nothing");
        assert_eq!(settled("second"), "second");
        assert_eq!(open(address).verify(&[]).expect("read"), None);
    });
}

#[test]
fn an_end_that_was_noted_is_known_again() {
    on_each(|address| {
        let store = open(address);
        let append = |n, day| store.append(vec![opening(n, day)], "t").expect("written");
        let [first, second] = [append(0, "2026-01-05"), append(1, "2026-01-06")];
        let lost = Head { seq: second.seq + 1, ..second.clone() };
        let other = Head { seq: first.seq, ..second.clone() };
        let known = [Head::default(), first, second, lost, other];
        let known = known.map(|end| store.knows(&end).expect("read"));
        assert_eq!(known, [true, true, true, false, false]);
    });
}

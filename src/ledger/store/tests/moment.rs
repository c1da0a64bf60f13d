//! What is read together is of one moment, whoever writes meanwhile.

use super::{filled, on_each, open};
use crate::ledger::act::Act;
use crate::ledger::store::database::Database;
use crate::ledger::store::head;
use crate::ledger::tests::fixture::{day, draft};
use crate::ledger::tests::history::sample;

#[test]
fn a_snapshot_stays_as_it_was() {
    let history = sample(400);
    on_each(|address| {
        let store = filled(address, &history);
        let number = history.cases.by_number.keys().next().expect("a case");
        let note = || draft(number, day("2040-01-01"), Act::Note { text: "n".into() });
        let mut reader = Database::join(address).expect("a reader");
        let seen = reader.snapshot(|reader| {
            let first = head(reader)?;
            store.append(vec![note()], "t")?;
            Ok((first, head(reader)?))
        });
        let (first, second) = seen.expect("read");
        assert_eq!(first, second, "somebody wrote in between");
        let after = reader.snapshot(head).expect("read");
        assert_eq!((after.seq, after), (first.seq + 1, store.head().expect("a head")));
    });
}

/// Events, nights and cases are read one after the other; somebody may write in between.
#[test]
fn whoever_verifies_while_others_write_finds_no_fault() {
    let history = sample(1500);
    on_each(|address| {
        drop(filled(address, &history));
        let number = history.cases.by_number.keys().next().expect("a case");
        let write = || {
            let store = open(address);
            for n in 0..60 {
                let assign = Act::Assign { to: format!("乙{n}") };
                let one = draft(number, day("2040-01-01"), assign);
                store.append(vec![one], "t").expect("its turn comes");
            }
        };
        std::thread::scope(|scope| {
            let store = open(address);
            let writer = scope.spawn(write);
            loop {
                assert_eq!(store.verify(&[]).expect("read"), None);
                if writer.is_finished() {
                    break;
                }
            }
        });
    });
}

//! A ledger is of one secret and one province.

use super::{on_each, open, opening};
use crate::error::Kind;

#[test]
fn a_ledger_stands_on_what_the_first_night_noted() {
    on_each(|address| {
        let first = open(address);
        first.append(vec![opening(0, "2026-01-05")], "t").expect("written");
        first.held_to("b").expect("nobody has noted it");
        first.settle("a").expect("noted");
        for store in [first, open(address)] {
            store.held_to("a").expect("its own");
            store.settle("a").expect("its own");
            for refused in [store.held_to("b"), store.settle("b")] {
                let error = refused.expect_err("another");
                assert_eq!(error.kind, Kind::Usage);
                assert!(error.message.contains("another secret"), "{error}");
            }
        }
        assert_eq!(open(address).verify(&[]).expect("read"), None);
    });
}

//! Sums behind averages and shares of money, as the annex tells them.

use super::{day, row, with_material, world};
use crate::feedback::bulletin::annex;
use crate::feedback::bulletin::facts::Facts;
use crate::indicator::table::History;

/// 100 have 100000 yuan, and with one more 100900: that one has 900. Of a share of money nobody
/// knows whether it is one person's bill.
#[test]
fn the_public_annex_tells_no_sum_that_may_be_of_one() {
    let mut history = History::default();
    let november = [
        row("I05", "620423", 100_000, 100),
        row("I05", "620122", 100_900, 101),
        row("I04", "620423", 900, 1000),
    ];
    history.replace(day("2026-11-30"), &november);
    let told = |public: bool| {
        with_material(&world(), "2026-11", (&history, &[]), public, |material| {
            let facts = Facts::of(material).expect("facts");
            let rows = annex::details(&facts).rows;
            [("I05", "620423"), ("I05", "620122"), ("I04", "620423")].map(|(id, county)| {
                let own = |r: &&Vec<annex::Cell>| r[0].text == id && r[3].text == county;
                let row = rows.iter().find(own).expect("a row");
                [5_usize, 6, 7].map(|at| row[at].text.clone())
            })
        })
    };
    let internal = [["100000", "100", "1000.00"], ["100900", "101", "999.01"]];
    assert_eq!(told(false)[..2], internal);
    assert_eq!(told(false)[2], ["900", "1000", "90.0"]);
    assert_eq!(told(true)[..2], [["100000", "100", "1000.00"]; 2]);
    assert_eq!(told(true)[2], ["*", "*", "90.0"]);
}

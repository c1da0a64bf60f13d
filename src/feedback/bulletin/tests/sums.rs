//! Sums behind averages and shares of money, as the annex tells them, and parts of a figure in the text.

use super::{day, row, text, text_in, with_material, world};
use crate::feedback::bulletin::annex;
use crate::feedback::bulletin::facts::Facts;
use crate::indicator::table::{History, Row};

/// A row that says of how many persons it tells.
pub(super) fn of(persons: i128, mut row: Row) -> Row {
    row.figure.persons = Some(persons * 10_000);
    row
}

/// 100 have 100000 yuan, and with one more 100900: that one has 900. Of a share of money nobody
/// knows whether it is one person's bill.
#[test]
fn the_public_annex_tells_no_sum_that_may_be_of_one() {
    let mut history = History::default();
    let november = [
        of(100, row("I05", "620423", 100_000, 100)),
        of(101, row("I05", "620122", 100_900, 101)),
        of(8, row("I04", "620423", 900, 1000)),
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
    let number = |public: bool| {
        with_material(&world(), "2026-11", (&history, &[]), public, |material| {
            let rows = annex::details(&Facts::of(material).expect("facts")).rows;
            let own = |r: &&Vec<annex::Cell>| r[0].text == "I05" && r[3].text == "620122";
            rows.iter().find(own).expect("a row")[5].number
        })
    };
    assert_eq!((number(false), number(true)), (Some((100_900, 0)), None), "offices add up");
    assert_eq!(told(true)[..2], [["100000", "100", "1000.00"]; 2]);
    assert_eq!(told(true)[2], ["*", "*", "90.0"]);
}

/// Diseases are in no ranking: of many only those are told that are lowest.
#[test]
fn of_many_parts_the_lowest_are_told() {
    let part =
        |(part, over): (&str, i128)| Row { part: part.into(), ..row("I07b", "620423", over, 10) };
    let codes = ["d01", "d02", "d03", "d04", "d05", "d06", "d07", "d08", "d09"];
    let mut november = vec![row("I07", "620423", 90, 100), row("I07b", "620423", 78, 90)];
    november.extend(codes.into_iter().zip([10, 10, 10, 9, 9, 9, 8, 6, 7]).map(part));
    let mut history = History::default();
    history.replace(day("2026-11-30"), &november);
    let page = text("2026-11", &history, &[], false);
    assert!(page.contains("，其中，较低的是肺癌60.0%、肝癌70.0%、终末期肾病80.0%"), "{page}");
    // The public finds the star of a table explained below it.
    let star = "注：“*”为数值较小不公开";
    let public = text("2026-11", &history, &[], true);
    assert!(public.contains(star) && !page.contains(star), "{public}");
}

/// What 景泰县 has is one person's. Its city less the other county would tell it, and so would the
/// province less the other cities.
#[test]
fn shares_of_money_of_one_person_are_hidden_and_cannot_be_taken_from_sums() {
    let share = |county: &str, percent: i128, persons: i128| {
        of(persons, row("I04b", county, percent * 1000, 100_000))
    };
    let told = |persons: i128| {
        let mut history = History::default();
        let november = [
            share("620423", 37, persons),
            share("620402", 61, 40),
            share("620403", 73, 90),
            share("620122", 79, 50),
        ];
        history.replace(day("2026-11-30"), &november);
        let world = world();
        let page = text_in(&world, "2026-11", &history, &[], true);
        let grid = with_material(&world, "2026-11", (&history, &[]), true, |material| {
            let facts = Facts::of(material).expect("facts");
            let areas = ["620423", "620402", "620403", "6204", "620122", "62"];
            areas.map(|area| {
                let figure = facts.figure("I04b", area).expect("a figure");
                material.reader.value(figure, crate::pipeline::indicators::Unit::Percent)
            })
        });
        (page, grid.map(|value| value.unwrap_or_else(|| "*".to_owned())))
    };
    let (page, few) = told(1);
    assert_eq!(few, ["*", "*", "73.0", "57.0", "79.0", "62.5"], "so that 41 are left of the city");
    assert!(!page.contains("37.0") && !page.contains("61.0"));
    let (page, enough) = told(8);
    assert_eq!(enough, ["37.0", "61.0", "73.0", "57.0", "79.0", "62.5"]);
    assert!(page.contains("37.0"));
}

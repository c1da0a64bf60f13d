//! The county's own paper ledger: how many households and persons it counts at the end of a month.

use chrono::{Datelike, NaiveDate};

use super::draw::{coded, date, plus};
use super::model::Home;
use super::plot::PlaceKind;
use super::rows::{own, text};
use super::rows_list::listed;
use super::{Record, Value, World};

/// Counts of one county.
pub(super) struct Ledger {
    /// The last day of the last whole month.
    day: NaiveDate,
    households: u64,
    persons: u64,
}

impl Ledger {
    /// An empty ledger as it is known on a night.
    pub(super) fn of(asof: NaiveDate) -> Self {
        let day = plus(date(asof.year(), asof.month(), 1), -1);
        Self { day, households: 0, persons: 0 }
    }

    /// Counts a household if the list has it.
    pub(super) fn count(&mut self, home: &Home) {
        if let Some(persons) = listed(home, self.day) {
            self.households += 1;
            self.persons += persons;
        }
    }
}

impl World {
    /// The ledger's row of a county; where one is planted it holds more than the list.
    pub(super) fn ledger(
        &self,
        county: usize,
        night: usize,
        ledger: &Ledger,
        out: &mut dyn FnMut(&Record<'_>),
    ) {
        let site = &self.sites[county];
        let off =
            self.plot.places.iter().any(|p| {
                p.kind == PlaceKind::LedgerOff && p.index == county && p.span.holds(night)
            });
        let Ledger { day, households, persons } = *ledger;
        let more = |n: u64, least: u64| if off { n + n / 10 + least } else { n };
        out(&Record {
            table: "county_ledger",
            person: None,
            fields: vec![
                ("county", own(coded(&site.code, 0, 6))),
                ("month", Value::Date(date(day.year(), day.month(), 1))),
                ("households", Value::Int(more(households, 6) as i64)),
                ("persons", Value::Int(more(persons, 12) as i64)),
                ("signed_by", text(&self.doctors[site.hospital])),
            ],
        });
    }
}

//! From counties to cities and the province, by adding up.

use std::collections::{BTreeMap, BTreeSet};

use super::figure::Figure;
use super::table::Row;
use crate::ledger::advance::NOWHERE;
use crate::pipeline::Pipeline;
use crate::pipeline::indicators::Rollup;

/// Figures by indicator, part and area: a county (6 digits), a city (4) or the province.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    pub(super) by_place: BTreeMap<(String, String, String), Figure>,
}

/// The city of a county; nothing for what is nowhere.
pub fn city(county: &str) -> Option<&str> {
    (county != NOWHERE).then(|| county.get(..4)).flatten()
}

impl Figures {
    /// Figures of counties, added up. What belongs to no county is part of the province alone.
    pub fn of(pipeline: &Pipeline, rows: &[Row]) -> Self {
        let root = pipeline.settings.division_root.as_str();
        let mut figures = Self::default();
        for row in rows {
            let indicator = pipeline.indicators.get(&row.indicator);
            // The root may be a city or a county itself, and counts once.
            let mut areas = BTreeSet::from([row.county.as_str()]);
            if indicator.is_none_or(|i| i.rollup == Rollup::Sum) {
                areas.extend(city(&row.county));
                areas.insert(root);
            }
            for area in areas {
                let key = (row.indicator.clone(), row.part.clone(), area.to_owned());
                let entry = figures.by_place.entry(key);
                entry.and_modify(|f| *f = f.plus(&row.figure)).or_insert(row.figure);
            }
        }
        figures
    }

    /// Are there none at all?
    pub fn is_empty(&self) -> bool {
        self.by_place.is_empty()
    }

    /// The figure of an area.
    pub fn get(&self, indicator: &str, part: &str, area: &str) -> Option<&Figure> {
        self.by_place.get(&(indicator.to_owned(), part.to_owned(), area.to_owned()))
    }

    /// Every figure with its indicator, part and area.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &str, &Figure)> {
        self.by_place.iter().map(|((i, p, a), f)| (i.as_str(), p.as_str(), a.as_str(), f))
    }

    /// Figures of one indicator (and part) by areas whose codes have so many digits.
    pub fn level(&self, indicator: &str, part: &str, digits: usize) -> Vec<(&str, Figure)> {
        let own = self.iter().filter(|(i, p, a, _)| {
            *i == indicator && *p == part && a.len() == digits && *a != NOWHERE
        });
        own.map(|(_, _, area, figure)| (area, *figure)).collect()
    }

    /// Codes of so many digits that have any figure.
    pub fn areas(&self, digits: usize) -> Vec<&str> {
        let mut areas: Vec<&str> = self
            .iter()
            .map(|(_, _, area, _)| area)
            .filter(|a| a.len() == digits && *a != NOWHERE)
            .collect();
        areas.sort_unstable();
        areas.dedup();
        areas
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_root_of_any_level_counts_each_county_once() {
        let mut pipeline = crate::pipeline::load(Path::new("pipelines/gansu")).unwrap();
        let row = |county: &str, n: i128| Row {
            indicator: "I01".into(),
            part: String::new(),
            county: county.into(),
            figure: Figure { numerator: n, denominator: Some(10 * n), persons: None },
        };
        let rows = [row("620402", 1), row("620423", 2), row(NOWHERE, 4)];
        for (root, city, county) in [("62", 3, 2), ("6204", 7, 2), ("620423", 3, 7)] {
            pipeline.settings.division_root = root.into();
            let figures = Figures::of(&pipeline, &rows);
            let of =
                |area: &str| figures.get("I01", "", area).map(|f| (f.numerator, f.denominator));
            assert_eq!(of(root), Some((7, Some(70))), "{root}");
            assert_eq!(of("6204"), Some((city, Some(10 * city))), "{root}");
            assert_eq!(of("620423"), Some((county, Some(10 * county))), "{root}");
        }
    }
}

//! What the public must not work out from figures that say of how many persons they tell: one of a few
//! persons is hidden, and so is each from whose sum they would be told.

use std::collections::{BTreeMap, BTreeSet};

use super::area::{Figures, city};
use super::figure::{Figure, ONE, Reader};
use crate::pipeline::Pipeline;
use crate::pipeline::indicators::Unit;

impl Figures {
    /// The figures for a reader: one that would tell of a few persons, by itself or taken from a sum, says
    /// that it is of those. Who may read everything gets them as they are.
    #[must_use]
    pub fn veiled(mut self, pipeline: &Pipeline, reader: Reader) -> Self {
        let Reader::Public { below, .. } = reader else { return self };
        for ((id, part, _), figure) in &mut self.by_place {
            let Some(own) = pipeline.indicators.get(id).filter(|i| i.tells_money()) else {
                continue;
            };
            // A part less the others is a part; sums are exact; older months do not say of how many.
            if !part.is_empty() || own.unit == Unit::Count || figure.persons.is_none() {
                figure.persons = Some(0);
            }
        }
        let root = pipeline.settings.division_root.as_str();
        let whole: BTreeSet<(String, String)> =
            self.by_place.keys().map(|(id, part, _)| (id.clone(), part.clone())).collect();
        for (id, part) in whole {
            let own: Vec<(&str, &Figure)> = self
                .iter()
                .filter(|(i, p, ..)| *i == id && *p == part)
                .map(|(_, _, area, figure)| (area, figure))
                .collect();
            for (area, few) in hidden_too(&own, root, below * ONE) {
                if let Some(figure) = self.by_place.get_mut(&(id.clone(), part.clone(), area)) {
                    figure.persons = Some(few);
                }
            }
        }
        self
    }
}

/// Areas that have to be hidden besides those of few persons, each with the persons that it would tell of.
fn hidden_too(figures: &[(&str, &Figure)], root: &str, below: i128) -> Vec<(String, i128)> {
    let shown = figures.iter().filter(|(_, figure)| !figure.is_of_few(below / ONE));
    let mut told = Told {
        root,
        below,
        shown: shown.filter_map(|(area, figure)| Some((*area, figure.persons?))).collect(),
    };
    let mut hidden = Vec::new();
    while let Some((sum, few)) = told.gives_away() {
        // The smallest of what is taken from the sum; with it the rest is of more. Else the sum itself.
        let area = told.smallest(sum).unwrap_or(sum);
        told.shown.remove(area);
        hidden.push((area.to_owned(), few));
    }
    hidden
}

/// The areas of one indicator that the public is told, with their persons.
struct Told<'a> {
    root: &'a str,
    below: i128,
    shown: BTreeMap<&'a str, i128>,
}

impl<'a> Told<'a> {
    /// The nearest sum that is told and has this area in it.
    fn sum_of(&self, area: &'a str) -> Option<&'a str> {
        let mut area = area;
        while area != self.root {
            area = city(area).filter(|city| *city != area).unwrap_or(self.root);
            if self.shown.contains_key(area) {
                return Some(area);
            }
        }
        None
    }

    /// A sum of which, less all in it that is told, a few persons are left: it, and how many they are.
    fn gives_away(&self) -> Option<(&'a str, i128)> {
        let mut left = self.shown.clone();
        for (area, persons) in &self.shown {
            if let Some(rest) = self.sum_of(area).and_then(|sum| left.get_mut(sum)) {
                *rest -= persons;
            }
        }
        // Cities before the province: what is hidden in one of them is hidden in both.
        left.into_iter().rev().find(|(_, rest)| *rest > 0 && *rest < self.below)
    }

    /// The area of the fewest persons of those that are taken from a sum.
    fn smallest(&self, sum: &str) -> Option<&'a str> {
        let inside = self.shown.iter().filter(|(a, n)| **n > 0 && self.sum_of(a) == Some(sum));
        inside.min_by_key(|(area, persons)| (**persons, **area)).map(|(area, _)| *area)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is hidden of areas with so many persons.
    fn hidden(persons: &[(&str, i128)]) -> Vec<(String, i128)> {
        let figure = |n: i128| Figure {
            numerator: n * ONE,
            denominator: Some(n * 1000 * ONE),
            persons: Some(n * ONE),
        };
        let figures: Vec<(&str, Figure)> = persons.iter().map(|(a, n)| (*a, figure(*n))).collect();
        let figures: Vec<(&str, &Figure)> = figures.iter().map(|(a, f)| (*a, f)).collect();
        let few = hidden_too(&figures, "62", 8 * ONE).into_iter();
        few.map(|(area, n)| (area, n / ONE)).collect()
    }

    fn of(areas: &[(&str, i128)]) -> Vec<(String, i128)> {
        areas.iter().map(|(area, n)| ((*area).to_owned(), *n)).collect()
    }

    #[test]
    fn what_is_left_of_a_sum_is_never_of_a_few() {
        let enough = [("62", 230), ("6204", 130), ("620402", 100), ("620423", 30), ("6201", 100)];
        assert!(hidden(&enough).is_empty());
        // One person in 620421: the next smaller county is hidden too, so that four and thirty are left.
        let one = [("62", 134), ("6204", 134), ("620402", 100), ("620423", 30), ("620421", 4)];
        assert_eq!(hidden(&one), of(&[("620423", 4)]));
        // Two hidden ones that are enough together hide nobody else.
        let two = [("62", 110), ("6204", 110), ("620402", 100), ("620423", 5), ("620421", 5)];
        assert!(hidden(&two).is_empty());
        // A county with nobody gives nobody away.
        let nobody = [("62", 50), ("6204", 50), ("620402", 50), ("620423", 0)];
        assert!(hidden(&nobody).is_empty());
    }

    #[test]
    fn a_city_and_who_is_nowhere_are_taken_from_the_province() {
        // A city of a few, all in one county: another city is hidden, and one of its counties with it.
        let city = [
            ("62", 83),
            ("6201", 3),
            ("620122", 3),
            ("6204", 30),
            ("620402", 10),
            ("620423", 20),
            ("6205", 50),
            ("620525", 50),
        ];
        assert_eq!(hidden(&city), of(&[("6204", 3), ("620402", 3)]));
        let nowhere = [("62", 52), ("000000", 2), ("6205", 50), ("620525", 50)];
        assert_eq!(hidden(&nowhere), of(&[("6205", 2), ("620525", 2)]));
    }

    #[test]
    fn of_money_nothing_is_told_that_does_not_say_of_how_many() {
        let pipeline = crate::pipeline::load(std::path::Path::new("pipelines/gansu")).unwrap();
        let reader = Reader::public(&pipeline.settings.publish);
        let of = |indicator: &str, persons: Option<i128>| {
            let row = crate::indicator::table::Row {
                indicator: indicator.into(),
                part: String::new(),
                county: "620423".into(),
                figure: Figure {
                    numerator: 90 * ONE,
                    denominator: Some(100 * ONE),
                    persons: persons.map(|n| n * ONE),
                },
            };
            let figures = Figures::of(&pipeline, &[row]).veiled(&pipeline, reader);
            let figure = *figures.get(indicator, "", "620423").expect("a figure");
            reader.number(&figure, Unit::Percent)
        };
        assert_eq!(of("I04", None), None, "a month of before it was said");
        assert_eq!(of("I04", Some(7)), None);
        assert_eq!(of("I04", Some(8)), Some(900));
        assert_eq!(of("I01", None), Some(900), "persons of persons");
    }
}

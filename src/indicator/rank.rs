//! Places within the province.

use std::collections::BTreeMap;

use super::figure::Figure;
use crate::pipeline::indicators::{Better, Indicator, Unit};

/// A place, and of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rank {
    pub place: usize,
    pub of: usize,
}

/// Places of the areas of an indicator, the best first. The larger denominator breaks a tie, then the
/// code. An area whose denominator is below `from`, or that has no value, has no place.
pub fn ranks<'a>(
    indicator: &Indicator,
    figures: &[(&'a str, Figure)],
    from: u32,
) -> BTreeMap<&'a str, Rank> {
    if !indicator.rank {
        return BTreeMap::new();
    }
    let mut in_line = ordered(indicator.unit, indicator.better, figures);
    in_line.retain(|(_, figure)| !figure.is_small(from));
    let of = in_line.len();
    let placed = in_line.into_iter().enumerate();
    placed.map(|(at, (area, _))| (area, Rank { place: at + 1, of })).collect()
}

/// Areas that have a value, the best first.
pub fn ordered<'a>(
    unit: Unit,
    better: Better,
    figures: &[(&'a str, Figure)],
) -> Vec<(&'a str, Figure)> {
    let mut in_line: Vec<(i128, &'a str, Figure)> =
        figures.iter().filter_map(|(area, f)| Some((f.exact(unit)?, *area, *f))).collect();
    in_line.sort_by(|(a, left, x), (b, right, y)| {
        let best = if better == Better::Down { a.cmp(b) } else { b.cmp(a) };
        best.then(y.volume().cmp(&x.volume())).then(left.cmp(right))
    });
    in_line.into_iter().map(|(_, area, figure)| (area, figure)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(over: i128, under: i128) -> Figure {
        Figure { numerator: over * 10_000, denominator: Some(under * 10_000), persons: None }
    }

    #[test]
    fn the_larger_wins_a_tie_and_the_small_has_no_place() {
        let figures = [
            ("1", figure(50, 100)),
            ("2", figure(100, 200)),
            ("3", figure(29, 29)),
            ("4", figure(90, 100)),
            ("5", figure(0, 0)),
        ];
        let indicator = crate::indicator::table::tests::percent("I", Better::Up);
        let places: Vec<(&str, usize)> =
            ranks(&indicator, &figures, 30).into_iter().map(|(a, r)| (a, r.place)).collect();
        assert_eq!(places, [("1", 3), ("2", 2), ("4", 1)]);
        let down = ordered(Unit::Percent, Better::Down, &figures);
        assert_eq!(down.first().map(|(a, _)| *a), Some("2"));
        assert_eq!(down.last().map(|(a, _)| *a), Some("3"));
    }
}

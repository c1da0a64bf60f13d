//! The lunar calendar of 1900 to 2039: old people know their birthday by it, and registers mix the two.

use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate};

/// One year: bit 16 the length of its leap month, bits 15 to 4 those of months 1 to 12 (1 = 30
/// days, 0 = 29), bits 3 to 0 which month is followed by a leap month.
const YEARS: [u32; 140] = [
    0x04bd8, 0x04ae0, 0x0a570, 0x054d5, 0x0d260, 0x0d950, 0x16554, 0x056a0, 0x09ad0, 0x055d2,
    0x04ae0, 0x0a5b6, 0x0a4d0, 0x0d250, 0x1d255, 0x0b540, 0x0d6a0, 0x0ada2, 0x095b0, 0x14977,
    0x04970, 0x0a4b0, 0x0b4b5, 0x06a50, 0x06d40, 0x1ab54, 0x02b60, 0x09570, 0x052f2, 0x04970,
    0x06566, 0x0d4a0, 0x0ea50, 0x06e95, 0x05ad0, 0x02b60, 0x186e3, 0x092e0, 0x1c8d7, 0x0c950,
    0x0d4a0, 0x1d8a6, 0x0b550, 0x056a0, 0x1a5b4, 0x025d0, 0x092d0, 0x0d2b2, 0x0a950, 0x0b557,
    0x06ca0, 0x0b550, 0x15355, 0x04da0, 0x0a5d0, 0x14573, 0x052b0, 0x0a9a8, 0x0e950, 0x06aa0,
    0x0aea6, 0x0ab50, 0x04b60, 0x0aae4, 0x0a570, 0x05260, 0x0f263, 0x0d950, 0x05b57, 0x056a0,
    0x096d0, 0x04dd5, 0x04ad0, 0x0a4d0, 0x0d4d4, 0x0d250, 0x0d558, 0x0b540, 0x0b5a0, 0x195a6,
    0x095b0, 0x049b0, 0x0a974, 0x0a4b0, 0x0b27a, 0x06a50, 0x06d40, 0x0af46, 0x0ab60, 0x09570,
    0x04af5, 0x04970, 0x064b0, 0x074a3, 0x0ea50, 0x06b58, 0x05ac0, 0x0ab60, 0x096d5, 0x092e0,
    0x0c960, 0x0d954, 0x0d4a0, 0x0da50, 0x07552, 0x056a0, 0x0abb7, 0x025d0, 0x092d0, 0x0cab5,
    0x0a950, 0x0b4a0, 0x0baa4, 0x0ad50, 0x055d9, 0x04ba0, 0x0a5b0, 0x15176, 0x052b0, 0x0a930,
    0x07954, 0x06aa0, 0x0ad50, 0x05b52, 0x04b60, 0x0a6e6, 0x0a4e0, 0x0d260, 0x0ea65, 0x0d530,
    0x05aa0, 0x076a3, 0x096d0, 0x04afb, 0x04ad0, 0x0a4d0, 0x1d0b6, 0x0d250, 0x0d520, 0x0dd45,
];

/// The first year of [`YEARS`], which begins on 1900-01-31.
const FIRST: i32 = 1900;

/// Day numbers (from the common era) on which the years begin, and one past the last.
static STARTS: LazyLock<Vec<i32>> = LazyLock::new(|| {
    let begin = NaiveDate::from_ymd_opt(FIRST, 1, 31).map_or(0, |d| d.num_days_from_ce());
    let mut starts = vec![begin];
    for year in YEARS {
        let days: i32 = months(year).map(|(_, days)| days as i32).sum();
        starts.push(starts[starts.len() - 1] + days);
    }
    starts
});

/// Months of a year with their days; a leap month has the number of the one before it.
fn months(year: u32) -> impl Iterator<Item = (u32, u32)> {
    let leap = year & 15;
    (1..=12).flat_map(move |month| {
        let days = 29 + ((year >> (16 - month)) & 1);
        let extra = (month == leap).then_some((month, 29 + ((year >> 16) & 1)));
        [Some((month, days)), extra].into_iter().flatten()
    })
}

/// Year, month and day by the lunar calendar of a solar day; a leap month counts as the one before
/// it. Nothing outside of 1900-01-31 to early 2040.
pub fn lunar(day: NaiveDate) -> Option<(i32, u32, u32)> {
    let number = day.num_days_from_ce();
    let at = STARTS.partition_point(|start| *start <= number).checked_sub(1)?;
    let mut left = u32::try_from(number - STARTS[at]).ok()?;
    for (month, days) in months(*YEARS.get(at)?) {
        if left < days {
            return Some((FIRST + at as i32, month, left + 1));
        }
        left -= days;
    }
    None
}

/// The solar day of a lunar date, in a month that is no leap month.
pub fn solar(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    let at = usize::try_from(year - FIRST).ok().filter(|at| *at < YEARS.len())?;
    let mut number = STARTS[at];
    for (own, days) in months(YEARS[at]) {
        if own == month {
            let number = number + day.checked_sub(1)? as i32;
            return (day <= days).then(|| NaiveDate::from_num_days_from_ce_opt(number))?;
        }
        number += days as i32;
    }
    None
}

/// Days of which a registered birth may be the slip: itself, the lunar and the solar day of its
/// date, day and month swapped, a year more and a year less.
pub fn slips(birth: NaiveDate) -> Vec<NaiveDate> {
    let (year, month, day) = (birth.year(), birth.month(), birth.day());
    let written = lunar(birth).and_then(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d));
    let mut all: Vec<NaiveDate> = [
        Some(birth),
        written,
        solar(year, month, day),
        NaiveDate::from_ymd_opt(year, day, month),
        NaiveDate::from_ymd_opt(year - 1, month, day),
        NaiveDate::from_ymd_opt(year + 1, month, day),
    ]
    .into_iter()
    .flatten()
    .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Is one the lunar date of the other, written as if it were solar?
pub fn lunar_twin(a: NaiveDate, b: NaiveDate) -> bool {
    // The lunar date is always the earlier one, by 17 to 51 days.
    if !(15..=54).contains(&(a - b).num_days().abs()) {
        return false;
    }
    let (solar, other) = if a > b { (a, b) } else { (b, a) };
    lunar(solar) == Some((other.year(), other.month(), other.day()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    /// New years and other days as published; the whole table was held against the PyPI package
    /// lunardate 0.3.0 once, day by day from 1900-01-31 to 2039-12-31.
    #[test]
    fn knows_the_calendar() {
        for (solar, lunar_day) in [
            (day(1900, 1, 31), (1900, 1, 1)),
            (day(1950, 2, 17), (1950, 1, 1)),
            (day(1985, 2, 20), (1985, 1, 1)),
            (day(2000, 2, 5), (2000, 1, 1)),
            (day(2020, 1, 25), (2020, 1, 1)),
            (day(2023, 4, 19), (2023, 2, 29)),
            (day(2026, 2, 16), (2025, 12, 29)),
            (day(2026, 2, 17), (2026, 1, 1)),
        ] {
            assert_eq!(lunar(solar), Some(lunar_day), "{solar}");
            let (year, month, date) = lunar_day;
            // 2023 has a second month twice; the first is meant.
            let first = if year == 2023 { day(2023, 3, 20) } else { solar };
            assert_eq!(super::solar(year, month, date), Some(first));
        }
        assert_eq!(slips(day(1956, 4, 24)).len(), 5, "the day cannot be a month");
        assert!(slips(day(1956, 3, 14)).contains(&day(1956, 4, 24)));
        assert_eq!(lunar(day(1900, 1, 30)), None);
        assert!(lunar_twin(day(1956, 4, 24), day(1956, 3, 14)));
        assert!(lunar_twin(day(1956, 3, 14), day(1956, 4, 24)));
        assert!(!lunar_twin(day(1956, 4, 25), day(1956, 3, 14)));
    }
}

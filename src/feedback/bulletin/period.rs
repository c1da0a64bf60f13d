//! The month or quarter that a bulletin is about.

use chrono::{Datelike, Months, NaiveDate};

use crate::calendar::{month_end, month_of, month_start, month_word};
use crate::error::{Error, Result};
use crate::indicator::table::History;

/// A month or a quarter, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    first: NaiveDate,
    months: u32,
}

impl Period {
    /// Reads `2026-10`.
    ///
    /// # Errors
    /// It is no month.
    pub fn month(text: &str) -> Result<Self> {
        let first = month_of(text).ok_or_else(|| {
            Error::usage(format!("`{text}` is not a month")).hint("write 2026-10")
        })?;
        Ok(Self { first, months: 1 })
    }

    /// Reads `2026Q3`.
    ///
    /// # Errors
    /// It is no quarter.
    pub fn quarter(text: &str) -> Result<Self> {
        let parts = text.split_once(['Q', 'q']).filter(|(y, _)| y.len() == 4);
        let first = parts
            .and_then(|(y, q)| {
                let quarter: u32 = q.parse().ok().filter(|q| (1..=4).contains(q))?;
                NaiveDate::from_ymd_opt(y.parse().ok()?, quarter * 3 - 2, 1)
            })
            .ok_or_else(|| {
                Error::usage(format!("`{text}` is not a quarter")).hint("write 2026Q3")
            })?;
        Ok(Self { first, months: 3 })
    }

    /// First and last day.
    pub fn days(self) -> (NaiveDate, NaiveDate) {
        let last = self.first + Months::new(self.months - 1);
        (self.first, month_end(last))
    }

    /// Its months: `2026-10`.
    pub fn months(self) -> Vec<String> {
        (0..self.months).map(|n| month_word(self.first + Months::new(n))).collect()
    }

    /// The period before.
    #[must_use]
    pub fn before(self) -> Self {
        let first = self.first.checked_sub_months(Months::new(self.months)).unwrap_or(self.first);
        Self { first, ..self }
    }

    /// The same period of the year before.
    #[must_use]
    pub fn year_ago(self) -> Self {
        let first = self.first.checked_sub_months(Months::new(12)).unwrap_or(self.first);
        Self { first, ..self }
    }

    /// The first day after it.
    pub fn next(self) -> NaiveDate {
        month_start(self.first + Months::new(self.months))
    }

    /// Its last month that the history has figures of.
    pub fn last_in(self, history: &History) -> Option<String> {
        self.months().into_iter().rev().find(|m| history.months.contains_key(m))
    }

    /// Is it a quarter?
    pub fn is_quarter(self) -> bool {
        self.months == 3
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.first.year()
    }

    /// `2026年10月`, `2026年第三季度`.
    pub fn zh(self) -> String {
        let year = self.year();
        if self.is_quarter() {
            let name = ["一", "二", "三", "四"][self.first.month0() as usize / 3];
            format!("{year}年第{name}季度")
        } else {
            format!("{year}年{}月", self.first.month())
        }
    }

    /// `本月`, `本季度`.
    pub fn this(self) -> &'static str {
        if self.is_quarter() { "本季度" } else { "本月" }
    }

    /// `上月`, `上季度`.
    pub fn last(self) -> &'static str {
        if self.is_quarter() { "上季度" } else { "上月" }
    }
}

/// `2026年11月` of `2026-11`.
pub fn zh_month(text: &str) -> String {
    Period::month(text).map_or_else(|_| text.to_owned(), Period::zh)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_and_their_neighbours() {
        let month = Period::month("2026-01").expect("a month");
        assert_eq!(month.zh(), "2026年1月");
        assert_eq!(month.before().zh(), "2025年12月");
        assert_eq!(month.year_ago().months(), ["2025-01"]);
        let quarter = Period::quarter("2026Q3").expect("a quarter");
        assert_eq!(quarter.zh(), "2026年第三季度");
        assert_eq!(quarter.months(), ["2026-07", "2026-08", "2026-09"]);
        assert_eq!(quarter.before().zh(), "2026年第二季度");
        assert_eq!(quarter.days().1.to_string(), "2026-09-30");
        assert_eq!(quarter.next().to_string(), "2026-10-01");
        for wrong in ["2026-13", "2026", "26-01", "2026-1", ""] {
            assert!(Period::month(wrong).is_err(), "{wrong}");
        }
        for wrong in ["2026Q5", "2026Q0", "2026-3", "Q3"] {
            assert!(Period::quarter(wrong).is_err(), "{wrong}");
        }
    }
}

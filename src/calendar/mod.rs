//! Calendar days without a zone: every way in which departments write them, and whole months; how
//! files and people write both.

pub mod iso;
mod read;
mod zone;

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{Datelike, Days, Months, NaiveDate};

/// What a date cell holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateCell {
    /// A day of 1900 to 2100, or 9999-12-31 for "without end".
    Value(NaiveDate),
    /// Nothing, or what databases write for nothing: 0000-00-00, 1899-12-30, 1900-01-00 and
    /// 1900-01-01.
    Missing,
    /// Anything else, also a day that does not exist and one that can be read in two ways.
    Bad,
}

impl DateCell {
    /// The day, if there is one.
    pub fn value(self) -> Option<NaiveDate> {
        match self {
            Self::Value(date) => Some(date),
            Self::Missing | Self::Bad => None,
        }
    }
}

/// Reads a day: 20220101, 2022-1-1, 2022/01/01, 2022.1.1, 2022年1月1日, 01-JAN-22, 44562 (Excel),
/// with or without a time of day, full width, 长期. A year of two digits is 1950 to 2049. A month
/// alone (2022-01, 202201) is its first day; `200512` may be one, or 12 May 2020, and is bad. With
/// a zone (2021-12-31T16:00:00Z) it is the day that it was in China then.
pub fn parse_date(raw: &str) -> DateCell {
    let bytes = raw.as_bytes();
    if let Some((year, rest)) = split_number(bytes, 4)
        && let Some((month, rest)) = split_number(rest, 2)
        && let Some((day, [])) = split_number(rest, 2)
    {
        return judged(year, month, day);
    }
    match read::common_date(bytes) {
        Some((year, month, day)) => judged(year, month, day),
        None => read::written_date(raw),
    }
}

/// Does a cell that [`parse_date`] takes for the first day of a month name the month alone?
pub fn is_month(raw: &str) -> bool {
    parse_date(raw).value().is_some_and(|date| date.day() == 1) && read::is_month(raw)
}

/// What counts a day from 1904, as some workbooks do, as what counts it from 1900: `43132` is `44594`. Any
/// other text stays as it is.
pub fn counted_from_1904(raw: &str) -> Cow<'_, str> {
    let (days, fraction) = raw.split_at(raw.find('.').unwrap_or(raw.len()));
    let number = raw.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match days.parse::<u32>() {
        Ok(days @ 18_538..=78_538) if number => Cow::Owned(format!("{}{fraction}", days + 1_462)),
        _ => Cow::Borrowed(raw),
    }
}

/// Reads a month as its first day: 202204, 20224, 2022-04, 2022年4月, and any day in it.
pub fn parse_month(raw: &str) -> DateCell {
    // As a day, `20224` would be one of 1955, by Excel's count.
    if let Some((year @ 2000..=2100, [month @ b'1'..=b'9'])) = split_number(raw.as_bytes(), 4) {
        return DateCell::Value(day(year as i32, u32::from(month - b'0'), 1));
    }
    match parse_date(raw) {
        DateCell::Value(date) => DateCell::Value(month_start(date)),
        // What may be a day as well is meant as a month here.
        DateCell::Bad => read::month_of_six(raw).map_or(DateCell::Bad, DateCell::Value),
        DateCell::Missing => DateCell::Missing,
    }
}

/// The last day that there is: "without end".
pub fn forever() -> NaiveDate {
    day(9999, 12, 31)
}

/// Whole months from `a` to `b`, negative when `b` is before `a`: 01-31 to 02-28 is 0, to 03-31
/// is 2.
pub fn months_between(a: NaiveDate, b: NaiveDate) -> i64 {
    let index = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month0());
    let months = index(b) - index(a);
    match months {
        1.. if b.day() < a.day() => months - 1,
        ..=-1 if b.day() > a.day() => months + 1,
        _ => months,
    }
}

/// Whole years of age on a day, negative before the birth. Who was born on 29 February is a year
/// older on 1 March.
pub fn age(birth: NaiveDate, at: NaiveDate) -> i64 {
    let before_birthday = (at.month(), at.day()) < (birth.month(), birth.day());
    i64::from(at.year()) - i64::from(birth.year()) - i64::from(before_birthday)
}

/// First day of the month.
pub fn month_start(date: NaiveDate) -> NaiveDate {
    day(date.year(), date.month(), 1)
}

/// Last day of the month.
pub fn month_end(date: NaiveDate) -> NaiveDate {
    let next = month_start(date).checked_add_months(Months::new(1));
    next.and_then(|first| first.pred_opt()).expect("chrono reaches far beyond 9999")
}

/// First day of the month before.
pub fn previous_month(date: NaiveDate) -> NaiveDate {
    month_start(date).checked_sub_months(Months::new(1)).expect("chrono reaches far before 1900")
}

/// The word of a month in files and numbers: `2026-11`.
pub fn month_word(date: NaiveDate) -> String {
    date.format("%Y-%m").to_string()
}

/// First day of the month of a word.
pub fn month_of(word: &str) -> Option<NaiveDate> {
    let (year, month) = word.split_once('-').filter(|(y, m)| y.len() == 4 && m.len() == 2)?;
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)
}

/// `2026年11月10日`.
pub fn zh_date(date: NaiveDate) -> String {
    format!("{}年{}月{}日", date.year(), date.month(), date.day())
}

/// A term in which something must be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Calendar days, `7d`.
    Days(u32),
    /// Working days, `3wd`.
    Workdays(u32),
}

impl Due {
    /// Reads `7d` or `3wd`, up to 3660.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, make): (_, fn(u32) -> Self) = match text.strip_suffix("wd") {
            Some(number) => (number, Self::Workdays),
            None => (text.strip_suffix('d')?, Self::Days),
        };
        let plain = number.bytes().all(|byte| byte.is_ascii_digit());
        let days = number.parse().ok().filter(|days| *days <= 3660)?;
        plain.then(|| make(days))
    }

    /// The last day of the term that begins on `from`. `works` tells working days; after ten
    /// years without one the search ends.
    pub fn after(self, from: NaiveDate, works: impl Fn(NaiveDate) -> bool) -> NaiveDate {
        match self {
            Self::Days(days) => from + Days::new(u64::from(days)),
            Self::Workdays(0) => from,
            Self::Workdays(days) => {
                let horizon = from + Days::new(3660 * 2);
                from.iter_days()
                    .skip(1)
                    .filter(|date| works(*date) || *date >= horizon)
                    .nth(days as usize - 1)
                    .expect("the calendar goes on")
            }
        }
    }
}

/// Working days: Monday to Friday, without the holidays and with the make-up days of a list.
#[derive(Debug, Clone, Default)]
pub struct Workdays {
    /// Days that differ from their weekday: does one work?
    days: BTreeMap<NaiveDate, bool>,
}

impl Workdays {
    /// From the days that differ from their weekday.
    pub fn new(days: impl IntoIterator<Item = (NaiveDate, bool)>) -> Self {
        Self { days: days.into_iter().collect() }
    }

    /// The last day that the list speaks of: a list holds whole years. Later holidays are not known.
    pub fn until(&self) -> Option<NaiveDate> {
        self.days.last_key_value().map(|(last, _)| day(last.year(), 12, 31))
    }

    /// Is it a working day?
    pub fn works(&self, date: NaiveDate) -> bool {
        self.days.get(&date).copied().unwrap_or_else(|| is_weekday(date))
    }

    /// The last day of a term (`7d`, `3wd`) that begins on a day; the day itself for a term that is
    /// none.
    pub fn after(&self, term: &str, from: NaiveDate) -> NaiveDate {
        Due::parse(term).map_or(from, |due| due.after(from, |day| self.works(day)))
    }
}

/// Monday to Friday; says nothing of holidays, so terms are counted by [`Workdays`].
fn is_weekday(date: NaiveDate) -> bool {
    date.weekday().num_days_from_monday() < 5
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).expect("the caller knows that this day exists")
}

/// The number in the first `len` ASCII digits, and what follows.
fn split_number(bytes: &[u8], len: usize) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(len)?;
    let mut number = 0;
    for byte in digits {
        if !byte.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u32::from(byte - b'0');
    }
    Some((number, rest))
}

/// Applies the policies to a day written in full.
fn judged(year: u32, month: u32, day: u32) -> DateCell {
    match (year, month, day) {
        (0, 0, 0) | (1899, 12, 30 | 31) | (1900, 1, 0 | 1) => return DateCell::Missing,
        (9999, ..) => return DateCell::Value(forever()),
        _ => {}
    }
    let date = NaiveDate::from_ymd_opt(year as i32, month, day);
    match date.filter(|_| (1900..=2100).contains(&year)) {
        Some(date) => DateCell::Value(date),
        None => DateCell::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_months_and_years() {
        let months = |a, b| (months_between(a, b), months_between(b, a));
        assert_eq!(months(day(2022, 1, 31), day(2022, 2, 28)), (0, 0));
        assert_eq!(months(day(2022, 1, 31), day(2022, 3, 31)), (2, -2));
        assert_eq!(months(day(2021, 12, 15), day(2022, 12, 14)), (11, -11));
        assert_eq!(months(day(2022, 5, 5), day(2022, 5, 5)), (0, 0));
        assert_eq!(age(day(2004, 2, 29), day(2022, 2, 28)), 17);
        assert_eq!(age(day(2004, 2, 29), day(2022, 3, 1)), 18);
        assert_eq!(age(day(2022, 3, 2), day(2022, 3, 1)), -1);
        assert_eq!(month_end(day(2024, 2, 3)), day(2024, 2, 29));
        assert_eq!(month_end(forever()), forever());
        assert_eq!(previous_month(day(2024, 1, 31)), day(2023, 12, 1));
    }

    #[test]
    fn counts_terms() {
        assert_eq!(Due::parse("7d"), Some(Due::Days(7)));
        assert_eq!(Due::parse("3wd"), Some(Due::Workdays(3)));
        for text in ["", "d", "wd", "7", "+7d", "-1d", "7 d", "9999d", "3w"] {
            assert_eq!(Due::parse(text), None, "{text}");
        }
        let friday = day(2026, 11, 6);
        assert_eq!(Due::Days(3).after(friday, is_weekday), day(2026, 11, 9));
        assert_eq!(Due::Workdays(3).after(friday, is_weekday), day(2026, 11, 11));
        assert_eq!(Due::Workdays(0).after(friday, is_weekday), friday);
        let list = Workdays::new([(day(2026, 10, 1), false), (day(2026, 10, 10), true)]);
        assert_eq!(list.until(), Some(day(2026, 12, 31)));
        assert_eq!(Workdays::default().until(), None);
        let _ends = Due::Workdays(1).after(friday, |_| false);
    }
}

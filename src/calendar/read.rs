//! The less common ways of writing a day.

use chrono::{Datelike, Days, NaiveDate};

use super::zone::in_china;
use super::{DateCell, day, forever, judged, month_start, split_number};

/// Year, month and day of `2022/1/2`, `2022.01.02` and `2022年1月2日`, with or without a time of day.
pub fn common_date(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    let (year, rest) = split_number(bytes, 4)?;
    let (mark, rest) = match rest {
        [mark @ (b'-' | b'/' | b'.'), rest @ ..] => (Some(*mark), rest),
        _ => (None, after(rest, YEAR)?),
    };
    let short = |rest: &'_ [u8]| rest.iter().take(3).take_while(|b| b.is_ascii_digit()).count();
    let (month, rest) = split_number(rest, Some(short(rest)).filter(|n| matches!(n, 1 | 2))?)?;
    let rest = mark.map_or_else(|| after(rest, MONTH), |mark| after(rest, [mark]))?;
    let (day, rest) = split_number(rest, Some(short(rest)).filter(|n| matches!(n, 1 | 2))?)?;
    let time = match if mark.is_some() { rest } else { after(rest, DAY)? } {
        [] => &[],
        [b' ' | b'T', time @ ..] => time,
        _ => return None,
    };
    let clock = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.');
    time.iter().all(clock).then_some((year, month, day))
}

/// 年, 月 and 日 in UTF-8.
const YEAR: [u8; 3] = [0xe5, 0xb9, 0xb4];
const MONTH: [u8; 3] = [0xe6, 0x9c, 0x88];
const DAY: [u8; 3] = [0xe6, 0x97, 0xa5];

/// What stands behind a mark.
fn after<const N: usize>(bytes: &[u8], mark: [u8; N]) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first_chunk()?;
    (*first == mark).then_some(rest)
}

/// All ways but the common ones.
pub fn written_date(raw: &str) -> DateCell {
    if raw.len() > 1 && raw.bytes().all(|byte| byte.is_ascii_digit()) {
        return from_digits(raw);
    }
    let text = plain(raw);
    let text = text.trim().trim_start_matches(['\'', '`']);
    match text {
        "" | "0" => return DateCell::Missing,
        "长期" | "长期有效" | "至今" | "永久" | "永久有效" | "无固定期限" => {
            return DateCell::Value(forever());
        }
        _ => {}
    }
    let Some((date, time)) = time_apart(text) else {
        return DateCell::Bad;
    };
    match day_alone(date) {
        DateCell::Value(date) if date < forever() => DateCell::Value(in_china(date, time)),
        other => other,
    }
}

/// Does the text of a day, which was read, have a year and a month only?
pub fn is_month(raw: &str) -> bool {
    let text = plain(raw);
    let text = text.trim().trim_start_matches(['\'', '`']);
    let groups = time_apart(text).and_then(|(date, _)| Groups::of(date));
    groups.is_some_and(|groups| match groups.numbers[..groups.len] {
        // Longer ones are days that were floats on their way.
        [(_, digits), _] => digits <= 4,
        [(number, 6)] => is_month_of_a_year(number / 100, number % 100),
        _ => false,
    })
}

fn is_month_of_a_year(year: u32, month: u32) -> bool {
    (1900..=2100).contains(&year) && (1..=12).contains(&month)
}

/// A day without a time.
fn day_alone(date: &str) -> DateCell {
    if let Some((whole, fraction)) = date.split_once('.')
        && matches!(whole.len(), 5 | 8)
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (whole.len() == 5 || fraction.bytes().all(|byte| byte == b'0'))
        && whole.bytes().all(|byte| byte.is_ascii_digit())
    {
        // A number that was a float on its way: 44562.75, 20220101.0.
        return from_digits(whole);
    }
    let Some(groups) = Groups::of(date) else {
        return DateCell::Bad;
    };
    match groups.numbers[..groups.len] {
        [_] => from_digits(date),
        [a, b] => month_alone(&groups, a, b),
        [a, b, c] => by_order(&groups, a, b, c),
        _ => DateCell::Bad,
    }
}

/// Half wide, in capitals, without what cannot be seen.
fn plain(raw: &str) -> String {
    raw.chars().filter_map(half_width).collect()
}

fn half_width(c: char) -> Option<char> {
    match c {
        '！'..='～' => Some(char::from((c as u32 - '！' as u32) as u8 + b'!')),
        '\u{200b}'..='\u{200f}' | '\u{feff}' => None,
        '。' | '·' => Some('.'),
        '−' | '–' | '—' => Some('-'),
        '号' => Some('日'),
        _ if c.is_whitespace() => Some(' '),
        _ => Some(c.to_ascii_uppercase()),
    }
}

/// The day, and the time of day with the zone, or the weekday, that stands behind it; nothing when
/// something else follows.
fn time_apart(text: &str) -> Option<(&str, &str)> {
    let end = match (text.find('日'), text.contains('月')) {
        (Some(at), true) => at + '日'.len_utf8(),
        // `2022 年 1 月`, and `01-1月 -22` of a Chinese Oracle.
        (_, true) => text.len(),
        _ => text
            .char_indices()
            .find(|(at, c)| matches!(c, ' ' | 'T') && is_whole_day(&text[..*at]))
            .map_or(text.len(), |(at, _)| at),
    };
    let (date, time) = text.split_at(end);
    let time = time.trim_start_matches(['T', ' ']);
    let weekday = ["星期", "周", "("].iter().any(|mark| time.starts_with(mark));
    let clock = |c: char| c.is_ascii_digit() || ":.+- APMZ上下午时分秒".contains(c);
    (weekday || time.chars().all(clock)).then_some((date, time))
}

/// Is the text before a possible time of day a day already?
fn is_whole_day(text: &str) -> bool {
    let separators = text.bytes().filter(|byte| b"-/.".contains(byte)).count();
    separators == 2 || (text.len() >= 5 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Numbers of a date with what stands between them.
struct Groups {
    numbers: [(u32, usize); 3],
    len: usize,
    /// Which of them was the name of a month.
    named: Option<usize>,
    /// `-`, `.` or 年: then a short year stands first.
    year_first: bool,
}

impl Groups {
    fn of(text: &str) -> Option<Self> {
        let mut groups = Self {
            numbers: [(0, 0); 3],
            len: 0,
            named: None,
            year_first: text.contains(['-', '.', '年']),
        };
        if text.contains('日') && !text.contains('年') {
            return None;
        }
        let mut rest = text.trim();
        while let Some(first) = rest.chars().next() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let place = groups.len;
            if digits > 0 {
                let number = rest[..digits].parse().ok().or((digits > 9).then_some(0))?;
                *groups.numbers.get_mut(place)? = (number, digits);
                groups.len += 1;
                rest = &rest[digits..];
            } else if let Some((month, length)) = month_name(rest) {
                *groups.numbers.get_mut(place)? = (month, 2);
                groups.named = Some(place);
                groups.len += 1;
                rest = &rest[length..];
            } else {
                if !"-/.年月日份 ,".contains(first) {
                    return None;
                }
                // A Chinese Oracle writes 01-1月-22; with 年 the month stands in its usual place.
                if first == '月' && !text.contains('年') && groups.len > 0 {
                    groups.named = Some(groups.len - 1);
                }
                rest = &rest[first.len_utf8()..];
            }
        }
        Some(groups)
    }
}

fn month_name(text: &str) -> Option<(u32, usize)> {
    const NAMES: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let month = NAMES.iter().zip(1..).find(|(name, _)| text.starts_with(**name))?.1;
    let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
    Some((month, length))
}

/// A year, of two digits by the pivot of Oracle's RR: 50 and more are the 1900s.
fn year((number, digits): (u32, usize)) -> Option<u32> {
    match digits {
        4 => Some(number),
        2 => Some(number + if number < 50 { 2000 } else { 1900 }),
        _ => None,
    }
}

fn month_alone(groups: &Groups, a: (u32, usize), b: (u32, usize)) -> DateCell {
    let parts = match groups.named {
        Some(0) => year(b).map(|year| (year, a.0)),
        _ if a.1 == 4 => Some((a.0, b.0)),
        _ => None,
    };
    match parts {
        Some((0, 0)) => DateCell::Missing,
        Some((year, month)) if b.1 <= 4 => match judged(year, month, 2) {
            DateCell::Value(date) if year < 9999 => DateCell::Value(month_start(date)),
            other => other,
        },
        _ => DateCell::Bad,
    }
}

/// Day, month and year by the only order that makes a day of them.
fn by_order(groups: &Groups, a: (u32, usize), b: (u32, usize), c: (u32, usize)) -> DateCell {
    if a.1 == 4 {
        return judged(a.0, b.0, c.0);
    }
    match groups.named {
        Some(1) => return year(c).map_or(DateCell::Bad, |year| judged(year, b.0, a.0)),
        Some(0) => return year(c).map_or(DateCell::Bad, |year| judged(year, a.0, b.0)),
        _ => {}
    }
    let last = |month: u32, day: u32| year(c).and_then(|year| judged(year, month, day).value());
    let month_first = last(a.0, b.0);
    if c.1 == 4 {
        return only(month_first, last(b.0, a.0));
    }
    let year_first =
        (a.1 == 2).then(|| year(a).and_then(|year| judged(year, b.0, c.0).value())).flatten();
    match year_first {
        Some(date) if groups.year_first => DateCell::Value(date),
        // What month/day/year programs write is told from day/month/year only by its day.
        None if a.0 <= 12 && b.0 <= 12 && a.0 != b.0 => DateCell::Bad,
        _ => only(year_first, month_first),
    }
}

/// The day of two readings, if there is only one.
fn only(a: Option<NaiveDate>, b: Option<NaiveDate>) -> DateCell {
    match (a, b) {
        (Some(a), Some(b)) if a == b => DateCell::Value(a),
        (Some(date), None) | (None, Some(date)) => DateCell::Value(date),
        _ => DateCell::Bad,
    }
}

/// One run of digits: a day, a day with a time, a month, a short year, an Excel serial.
fn from_digits(text: &str) -> DateCell {
    let digits = text.trim().as_bytes();
    if !digits.iter().all(u8::is_ascii_digit) {
        return DateCell::Bad;
    }
    if digits.iter().all(|byte| *byte == b'0') {
        return DateCell::Missing;
    }
    let number = |from: usize, to: usize| {
        let value = split_number(&digits[from..], to - from);
        value.expect("all are digits and the length was matched").0
    };
    match digits.len() {
        5 => serial(number(0, 5)),
        6 => of_six(text.trim(), year((number(0, 2), 2)), number(2, 4), number(4, 6)),
        8 => judged(number(0, 4), number(4, 6), number(6, 8)),
        10 | 12 | 14 | 17 if number(8, 10) <= 24 => {
            judged(number(0, 4), number(4, 6), number(6, 8))
        }
        _ => DateCell::Bad,
    }
}

/// Six digits: a month, or a day with a short year. `200512` may be December of 2005 or 12 May 2020.
fn of_six(text: &str, short: Option<u32>, month: u32, day: u32) -> DateCell {
    let written = short.map_or(DateCell::Bad, |year| judged(year, month, day));
    match (month_of_six(text), written) {
        (Some(month), DateCell::Bad) => DateCell::Value(month),
        (Some(_), _) => DateCell::Bad,
        (None, written) => written,
    }
}

/// The first day of a month that is written as six digits: `202204`.
pub fn month_of_six(raw: &str) -> Option<NaiveDate> {
    let text = plain(raw);
    let text = text.trim().trim_start_matches(['\'', '`']);
    let (year, rest) = split_number(text.as_bytes(), 4)?;
    let (month, rest) = split_number(rest, 2)?;
    (rest.is_empty() && is_month_of_a_year(year, month)).then(|| day(year as i32, month, 1))
}

/// A day as Excel counts it, 20000 (1954-10-03) to 80000 (2119-01-11).
fn serial(number: u32) -> DateCell {
    if !(20_000..=80_000).contains(&number) {
        return DateCell::Bad;
    }
    let date = day(1899, 12, 30) + Days::new(u64::from(number));
    judged(date.year() as u32, date.month(), date.day())
}

#[cfg(test)]
mod tests;

//! The day in China at a moment that names its zone.

use chrono::NaiveDate;

use super::day;

/// Minutes by which clocks in China are ahead of UTC.
const AHEAD: i32 = 8 * 60;

/// Minutes of a day.
const DAY: i32 = 24 * 60;

/// A year, a month and a day.
type Day = (i32, u32, u32);

/// The summers in which clocks in China were an hour further ahead: from a day to the one on which
/// they were put back. A day of birth that is kept as its midnight would else be the day before.
const SUMMERS: [(Day, Day); 14] = [
    ((1919, 4, 13), (1919, 9, 30)),
    ((1940, 6, 1), (1940, 10, 12)),
    ((1941, 3, 15), (1941, 11, 1)),
    ((1942, 1, 31), (1945, 9, 1)),
    ((1946, 5, 15), (1946, 9, 30)),
    ((1947, 4, 15), (1947, 10, 31)),
    ((1948, 5, 1), (1948, 9, 30)),
    ((1949, 5, 1), (1949, 5, 27)),
    ((1986, 5, 4), (1986, 9, 14)),
    ((1987, 4, 12), (1987, 9, 13)),
    ((1988, 4, 17), (1988, 9, 11)),
    ((1989, 4, 16), (1989, 9, 17)),
    ((1990, 4, 15), (1990, 9, 16)),
    ((1991, 4, 14), (1991, 9, 15)),
];

/// The day in China at a time of day with a zone, as `16:00:00.000Z` of a date; the date itself where
/// no zone is named. Programs write a day so: the moment at which it began, by the clock of UTC.
pub fn in_china(date: NaiveDate, time: &str) -> NaiveDate {
    let Some(minutes) = minutes_of_utc(time) else { return date };
    let minutes = minutes + AHEAD;
    let next = |date: NaiveDate| date.succ_opt().unwrap_or(date);
    // No zone is further from UTC than 14 hours.
    let date = match minutes.div_euclid(DAY) {
        0 => date,
        1.. => next(date),
        _ => date.pred_opt().unwrap_or(date),
    };
    let late = minutes.rem_euclid(DAY) >= DAY - 60;
    if late && is_summer(date) { next(date) } else { date }
}

fn is_summer(date: NaiveDate) -> bool {
    let at = |(year, month, of_month): Day| day(year, month, of_month);
    SUMMERS.iter().any(|(from, to)| (at(*from)..at(*to)).contains(&date))
}

/// The minutes since midnight of a time of day, by the clock of UTC; nothing without a zone.
fn minutes_of_utc(time: &str) -> Option<i32> {
    let (clock, zone) = time.split_at(time.find(['Z', '+', '-'])?);
    let (hour, rest) = clock.split_once(':').or_else(|| clock.split_at_checked(2))?;
    let minutes = number(hour, 24)? * 60 + number(rest.get(..2)?, 59)?;
    // `08:00-12:00` is from eight to twelve.
    if zone.starts_with('-') && rest.len() < 4 {
        return None;
    }
    Some(minutes - offset(zone)?)
}

/// Minutes by which a zone is ahead of UTC: `Z`, `+08`, `+0800` or `+08:00`.
fn offset(zone: &str) -> Option<i32> {
    let Some(ahead) = zone.strip_prefix(['+', '-']) else { return Some(0) };
    let (hours, rest) = ahead.split_at_checked(2)?;
    let minutes = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => 0,
        minutes => number(minutes, 59)?,
    };
    let minutes = number(hours, 14)? * 60 + minutes;
    Some(if zone.starts_with('-') { -minutes } else { minutes })
}

/// A number of one or two digits that is not above the most there is.
fn number(digits: &str, most: i32) -> Option<i32> {
    let plain = matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|number| plain && *number <= most)
}

//! How far a new day may lie after the latest one that is known. The ledger only goes forward: a year
//! that was mistyped would make every real night a past one, which records nothing.

use std::path::Path;

use chrono::NaiveDate;

use crate::error::{Error, Result};

/// Days that a night or an act may lie after the latest one before it.
const AHEAD: i64 = 366;

/// Is a day too far after the latest one to be believed?
fn is_far(day: NaiveDate, latest: NaiveDate) -> bool {
    day.signed_duration_since(latest).num_days() > AHEAD
}

/// The day that an act counts for: the one that somebody said, else the latest of nights and ledger.
///
/// # Errors
/// What was said lies too far after the latest day. Nobody can confirm it: a night goes first.
pub fn day_of(said: Option<NaiveDate>, latest: NaiveDate) -> Result<NaiveDate> {
    let day = said.unwrap_or(latest);
    if is_far(day, latest) {
        return Err(Error::usage(format!(
            "{day} lies more than {AHEAD} days after {latest}, the latest day of nights and ledger"
        ))
        .hint("check the year given with --on: the ledger only goes forward"));
    }
    Ok(day)
}

/// Holds the folders of an inbox, oldest first, to the latest day of nights and ledger, or to the
/// folder before each. `asked` is the date that was asked for, and whether it has a folder: then it is
/// meant. A date alone is not: schedulers ask a clock for it.
///
/// # Errors
/// A folder's day, or the date that was asked for, is too far ahead.
pub fn check_folders(
    input: &Path,
    folders: impl IntoIterator<Item = NaiveDate>,
    mut latest: Option<NaiveDate>,
    asked: Option<(NaiveDate, bool)>,
) -> Result<()> {
    let of = |folder: bool| asked.filter(|(_, there)| *there == folder).map(|(day, _)| day);
    let (meant, bare) = (of(true), of(false));
    for day in folders.into_iter().filter(|day| bare != Some(*day)).chain(bare) {
        if let Some(before) = latest.filter(|l| is_far(day, *l) && meant != Some(day)) {
            let path = input.join(day.to_string()).display().to_string();
            let is_bare = bare == Some(day);
            let what = if is_bare { day.to_string() } else { format!("the folder {path}") };
            let error = Error::usage(format!(
                "{what} lies more than {AHEAD} days after {before}, the night before it"
            ));
            return Err(if is_bare {
                error
                    .hint("is the clock of this machine wrong, or the year mistyped?")
                    .hint(format!("if there is such a night, make the folder {path} for it"))
            } else {
                error
                    .hint("is its year mistyped? rename the folder and run again")
                    .hint(format!("if there is such a night, confirm it with --date {day}"))
            });
        }
        latest = latest.max(Some(day));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    #[test]
    fn an_act_is_at_most_a_leap_year_ahead() {
        let latest = day("2026-11-11");
        assert_eq!(day_of(None, latest).ok(), Some(latest));
        assert_eq!(day_of(Some(day("2027-11-12")), latest).ok(), Some(day("2027-11-12")));
        assert_eq!(day_of(Some(day("2020-01-01")), latest).ok(), Some(day("2020-01-01")));
        let far = day_of(Some(day("2027-11-13")), latest).expect_err("too far");
        assert_eq!(far.exit_code(), 2);
        assert!(far.message.contains("2026-11-11"), "{far}");
    }

    #[test]
    fn a_folder_is_held_to_what_comes_before_it() {
        let folders = ["2026-11-10", "2026-11-11", "2062-11-12"].map(day);
        let check = |latest: Option<&str>, asked: Option<&str>| {
            let (latest, asked) = (latest.map(day), asked.map(|asked| (day(asked), true)));
            check_folders(Path::new("inbox"), folders, latest, asked)
        };
        for latest in [None, Some("2026-11-10"), Some("2061-10-01")] {
            let said = check(latest, Some("2026-11-11")).expect_err("nobody asked for it");
            assert!(said.message.contains("inbox/2062-11-12"), "{said}");
            assert!(said.hints.iter().any(|h| h.contains("--date 2062-11-12")), "{said:?}");
            assert!(check(latest, Some("2062-11-12")).is_ok());
        }
        assert!(check(Some("2062-01-01"), None).is_ok(), "the ledger is there already");
    }

    /// A scheduler gives the date that its clock says.
    #[test]
    fn a_date_far_ahead_needs_a_folder() {
        let (clock, known) = (day("2099-01-01"), day("2026-11-11"));
        let check = |folders: &[NaiveDate], latest: Option<NaiveDate>, there: bool| {
            let folders = folders.iter().copied();
            check_folders(Path::new("inbox"), folders, latest, Some((clock, there)))
        };
        assert!(check(&[], None, false).is_ok(), "a first night may be of any day");
        assert!(check(&[known], None, false).is_err(), "a folder is as good as a night");
        // An inbox without folders of nights is that of the date that was asked for.
        let none: &[NaiveDate] = &[];
        for folders in [none, &[clock]] {
            let said = check(folders, Some(known), false).expect_err("nobody meant it");
            assert!(said.exit_code() == 2 && said.hints[0].contains("clock"), "{said:?}");
        }
        assert!(check(&[known, clock], Some(known), true).is_ok());
    }
}

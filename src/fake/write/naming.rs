//! File names from a feed's `files` pattern, and the period that a night's delivery is about.

use std::fmt::Write as _;

use chrono::{Datelike, Months, NaiveDate};

use crate::error::{Error, Result};
use crate::pipeline::pattern::{Parts, Pattern, part_group};
use crate::pipeline::spec::{Cadence, Feed, FileKind, Split};

/// The first day of the last month of the period that the delivery of this night is about; the
/// night itself when the pattern names days or the feed comes every day or week.
pub fn period_of(feed: &Feed, night: NaiveDate) -> NaiveDate {
    let months = match feed.delivery.cadence {
        _ if feed.files.contains("%d") => return night,
        Cadence::Daily | Cadence::Weekly | Cadence::Once => return night,
        Cadence::Monthly => 1,
        Cadence::Quarterly => 1 + night.month0() % 3,
        Cadence::Yearly => 1 + night.month0(),
    };
    let month = night.with_day(1).unwrap_or(night);
    month.checked_sub_months(Months::new(months)).unwrap_or(month)
}

/// The extensions that a file of this kind may have, best first.
fn extensions(kind: FileKind, zip: bool) -> &'static [&'static str] {
    match kind {
        _ if zip => &["zip"],
        FileKind::Xlsx => &["xlsx"],
        FileKind::Ndjson => &["ndjson", "jsonl", "json"],
        FileKind::Parquet => &["parquet"],
        FileKind::Fixed => &["txt", "dat"],
        _ => &["csv", "txt", "tsv"],
    }
}

/// A file name for this pattern: the period filled in, the county where `{part}` or else the first
/// `*` stands, the right extension. Also says whether the file is a zip, because `fake` or a pattern that knows no
/// other extension wants it.
///
/// # Errors
/// Braces that do not close, a period that is no date form, no room for a county or a zip that
/// `fake` wants, or a part that it does not give.
pub(super) fn file_name(
    feed: &Feed,
    kind: FileKind,
    period: NaiveDate,
    county: &str,
) -> Result<(String, bool)> {
    let wanted = extensions(kind, feed.fake.zip);
    let mut name = String::new();
    let mut county = Some(county);
    let parts = Pattern::new(&feed.files).map_or(Parts::None, |p| p.parts());
    let mut rest = feed.files.as_str();
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '{' => {
                let (group, after) = rest.split_once('}').ok_or_else(|| {
                    Error::pipeline(format!("feed {}: files: {{ without }}", feed.id))
                })?;
                rest = after;
                match part_group(group) {
                    Some(marks) => {
                        push_part(&mut name, marks, county.take().unwrap_or_default(), feed)?;
                    }
                    None => push_group(&mut name, group, wanted, period, feed)?,
                }
            }
            '*' if name.ends_with('.') => name.push_str(wanted[0]),
            '*' if parts != Parts::None => {}
            '*' => push_county(&mut name, county.take().unwrap_or_default()),
            '?' => name.push('1'),
            _ => name.push(c),
        }
    }
    if county.is_some_and(|c| !c.is_empty()) {
        return Err(Error::pipeline(format!(
            "feed {}: one file for each county, but files has no {{part}} and no *",
            feed.id
        ))
        .hint("put {part} where the county's name stands"));
    }
    let extension = name.rsplit_once('.').map_or("", |(_, e)| e).to_lowercase();
    let zip = extension == "zip";
    if feed.fake.zip && !zip {
        return Err(Error::pipeline(format!(
            "feed {}: fake.zip, but files asks for .{extension}",
            feed.id
        ))
        .hint("let files allow .zip, for example *.{csv,zip}"));
    }
    Ok((name, zip))
}

/// The county between its separators; nothing of an optional part when there is none.
fn push_part(name: &mut String, marks: (&str, &str), county: &str, feed: &Feed) -> Result<()> {
    let (left, right) = marks;
    if county.is_empty() {
        let always = left.is_empty() && right.is_empty();
        if always && feed.fake.split != Split::County {
            return Err(Error::pipeline(format!(
                "feed {}: files asks for a part, but fake writes one file for all",
                feed.id
            ))
            .hint("write {_part}, which may be missing, or set fake.split to county"));
        }
        return Ok(());
    }
    name.push_str(left);
    name.extend(county.chars().filter(|c| !matches!(c, '/' | '\\' | ':' | '_')));
    name.push_str(right);
    Ok(())
}

fn push_county(name: &mut String, county: &str) {
    if !county.is_empty() && name.chars().last().is_some_and(char::is_alphanumeric) {
        name.push('_');
    }
    name.extend(county.chars().filter(|c| !matches!(c, '/' | '\\' | ':')));
}

fn push_group(
    name: &mut String,
    group: &str,
    wanted: &[&str],
    period: NaiveDate,
    feed: &Feed,
) -> Result<()> {
    if let Some(form) = group.strip_prefix("period:") {
        return write!(name, "{}", period.format(form)).map_err(|_| {
            Error::pipeline(format!("feed {}: files: {form} is no date form", feed.id))
        });
    }
    let mut options = group.split(',').map(str::trim);
    let matching = wanted.iter().find(|w| options.clone().any(|o| o.eq_ignore_ascii_case(w)));
    name.push_str(matching.copied().or_else(|| options.next()).unwrap_or_default());
    Ok(())
}

/// The name of the file inside a zip.
pub(super) fn inner_name(zip_name: &str, kind: FileKind) -> String {
    let stem = zip_name.strip_suffix(".zip").unwrap_or(zip_name);
    format!("{stem}.{}", extensions(kind, false)[0])
}

/// A sheet name that Excel accepts.
pub(super) fn sheet_name(county: &str, number: usize) -> String {
    let clean: String = county.chars().filter(|c| !"[]:*?/\\'".contains(*c)).take(25).collect();
    match (clean.is_empty(), number) {
        (true, _) => format!("Sheet{number}"),
        (false, 1) => clean,
        (false, _) => format!("{clean}({number})"),
    }
}

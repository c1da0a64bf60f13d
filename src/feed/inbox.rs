//! What lies in the inbox: which files belong to which delivery of which feed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::error::{Error, Result};
use crate::lake::listed;
use crate::pipeline::Pipeline;
use crate::pipeline::pattern::{FileName, Pattern};
use crate::pipeline::spec::Cadence;

/// One extract of a feed as it lies in the inbox; of a feed in parts, one part of it, so that each
/// sender has a receipt of its own.
#[derive(Debug, Clone)]
pub struct Parcel {
    pub feed: String,
    /// Last day of its period: from the file name, else the last one that was complete.
    pub period: NaiveDate,
    /// Whose share of the period it is; nothing when it is the whole.
    pub part: Option<String>,
    /// Day of the inbox folder, which is the night that takes it in.
    pub received: NaiveDate,
    /// Files by name.
    pub files: Vec<PathBuf>,
}

impl Parcel {
    /// Does its period end so long after the night that its name must be mistyped? In force until then,
    /// it would take the place of all that really came, and nobody would miss that.
    pub fn is_ahead(&self, cadence: Cadence) -> bool {
        let days = self.period.signed_duration_since(self.received).num_days();
        match cadence {
            // Who is insured next year is known this year.
            Cadence::Yearly | Cadence::Once => days > 2 * 366,
            _ => days > 200,
        }
    }
}

/// Everything found in an inbox.
#[derive(Debug, Clone, Default)]
pub struct Inbox {
    pub parcels: Vec<Parcel>,
    /// Files that no feed knows, and those that lie beside the folders of nights.
    pub unknown: Vec<PathBuf>,
    /// Files whose names fit other feeds too than the one that takes them, which is the first by its id.
    pub also: BTreeMap<PathBuf, Vec<String>>,
    /// Nights that the inbox has folders for, oldest first.
    pub nights: Vec<NaiveDate>,
}

/// Looks through an inbox: a folder for each night (`2026-11-10/…`), or one folder of files, which
/// then are of `night`. Files of nights after `night` are left alone.
///
/// # Errors
/// The folder does not exist, or cannot be read; two folders of one night.
pub fn look(pipeline: &Pipeline, input: &Path, night: Option<NaiveDate>) -> Result<Inbox> {
    if !input.is_dir() {
        return Err(Error::usage(format!("there is no input folder {}", input.display()))
            .hint("give one with --input DIR, or make synthetic extracts with `bidui fake`"));
    }
    let mut dated: BTreeMap<NaiveDate, PathBuf> = BTreeMap::new();
    let mut beside = Vec::new();
    let mut names = listed(input)?;
    names.sort();
    for name in names {
        let path = input.join(&name);
        let day = NaiveDate::parse_from_str(&name, "%Y-%m-%d").ok().filter(|_| path.is_dir());
        if let Some(day) = day {
            if let Some(other) = dated.insert(day, path) {
                let text = format!("the folders {} and {name} are both of {day}", other.display());
                return Err(Error::usage(text).hint("put all files of a night into one folder"));
            }
        } else if path.is_file() && may_be_data(&name) {
            beside.push(path);
        }
    }
    let mut inbox = Inbox { nights: dated.keys().copied().collect(), ..Inbox::default() };
    if dated.is_empty() {
        let night = night.ok_or_else(|| {
            Error::usage(format!("{} has no folders named by date", input.display()))
                .hint("say which night this is with --date YYYY-MM-DD")
        })?;
        dated.insert(night, input.to_owned());
    } else {
        // What lies beside the folders of nights comes in none of them.
        inbox.unknown = beside;
    }
    let patterns: Vec<(&str, Pattern)> = pipeline
        .feeds
        .values()
        .filter_map(|f| Some((f.id.as_str(), Pattern::new(&f.files).ok()?)))
        .collect();
    for (day, folder) in dated.into_iter().filter(|(d, _)| night.is_none_or(|n| *d <= n)) {
        look_in(pipeline, &patterns, day, &folder, &mut inbox)?;
    }
    Ok(inbox)
}

/// Is a file that no feed knows, by its name, an extract that somebody may wait for?
fn may_be_data(name: &str) -> bool {
    !name.starts_with(['.', '~']) && !name.ends_with(".json") && !name.ends_with(".md")
}

/// Sorts the files of one folder into parcels.
fn look_in(
    pipeline: &Pipeline,
    patterns: &[(&str, Pattern)],
    day: NaiveDate,
    folder: &Path,
    inbox: &mut Inbox,
) -> Result<()> {
    let mut names = listed(folder)?;
    names.sort();
    // What stands beside a file under its whole name is its manifest, no data.
    let manifest =
        |n: &str| n.strip_suffix(".json").is_some_and(|f| names.binary_search(&f.into()).is_ok());
    let mut parcels: BTreeMap<(&str, NaiveDate, Option<String>), Vec<PathBuf>> = BTreeMap::new();
    for name in names.iter().filter(|n| !n.starts_with(['.', '~']) && !manifest(n)) {
        let path = folder.join(name);
        let mut found = patterns.iter().filter_map(|(feed, p)| Some((*feed, p.matches(name)?)));
        match found.next() {
            Some((feed, FileName { period, part })) => {
                let others: Vec<String> = found.map(|(other, _)| other.to_owned()).collect();
                if !others.is_empty() {
                    inbox.also.insert(path.clone(), others);
                }
                let cadence = pipeline.feeds[feed].delivery.cadence;
                let period = period.unwrap_or_else(|| last_complete(cadence, day));
                parcels.entry((feed, period, part)).or_default().push(path);
            }
            None if may_be_data(name) => inbox.unknown.push(path),
            None => {}
        }
    }
    for ((feed, period, part), files) in parcels {
        let feed = feed.to_owned();
        inbox.parcels.push(Parcel { feed, period, part, received: day, files });
    }
    Ok(())
}

/// Last day of the last period that was complete on a day.
pub fn last_complete(cadence: Cadence, day: NaiveDate) -> NaiveDate {
    use chrono::Datelike;
    let before_month =
        |first: NaiveDate| crate::calendar::month_end(crate::calendar::previous_month(first));
    match cadence {
        Cadence::Daily | Cadence::Weekly | Cadence::Once => day,
        Cadence::Monthly => before_month(day),
        Cadence::Quarterly => {
            let first_of_quarter = (day.month0() / 3) * 3 + 1;
            NaiveDate::from_ymd_opt(day.year(), first_of_quarter, 1)
                .and_then(|d| d.pred_opt())
                .unwrap_or(day)
        }
        Cadence::Yearly => NaiveDate::from_ymd_opt(day.year() - 1, 12, 31).unwrap_or(day),
    }
}

/// Is it a file that can be opened? One that cannot is refused, like a damaged one.
pub fn opens(file: &Path) -> bool {
    file.is_file() && std::fs::File::open(file).is_ok()
}

/// BLAKE3 over the contents of files, whatever their names and order, and of each file as `hash` gives
/// it. A file that cannot be opened has none.
///
/// # Errors
/// Those of `hash`.
pub fn hash_all(
    files: &[PathBuf],
    hash: &dyn Fn(&Path) -> Result<String>,
) -> Result<(String, Vec<String>)> {
    let mut hashes = Vec::with_capacity(files.len());
    for file in files {
        hashes.push(if opens(file) { hash(file)? } else { "no file".to_owned() });
    }
    let mut sorted = hashes.clone();
    sorted.sort();
    let content = blake3::hash(sorted.join("\n").as_bytes()).to_hex().to_string();
    Ok((content, hashes))
}

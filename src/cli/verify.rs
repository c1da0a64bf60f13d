//! `bidui verify`: is every file of the lake what was written?

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Page, Place, output};
use crate::error::{Error, Result};
use crate::feed::receipt::Receipt;
use crate::feedback::province::MANIFEST as OF_A_BATCH;
use crate::lake::sound::{Flaw, Held, hold};
use crate::lake::{Lake, MANIFEST, hash_file, listed};
use crate::night::{Options, read_summary, setup};
use crate::privacy::hide_ids;

/// What `bidui verify` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Form of the result: a page of text, or JSON.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Page,
}

/// What was held against its hashes.
#[derive(Default)]
struct Found {
    deliveries: u64,
    nights: u64,
    batches: u64,
    files: u64,
    bytes: u64,
    /// Deliveries of a version that noted nothing.
    not_noted: Vec<String>,
    /// By path inside the lake.
    flaws: BTreeMap<String, Flaw>,
}

impl Found {
    fn add(&mut self, folder: &str, held: Held) {
        self.files += held.files;
        self.bytes += held.bytes;
        let flaws = held.flaws.into_iter();
        self.flaws.extend(flaws.map(|(path, flaw)| (format!("{folder}/{path}"), flaw)));
    }
}

/// Holds deliveries, nights and packs against what was noted when they were written; 1 when something
/// differs.
///
/// # Errors
/// The pipeline's faults; there is no lake, or it cannot be read.
pub fn verify(args: &Args) -> Result<ExitCode> {
    let pipeline = setup::load(args.place.folder.path())?;
    let options = Options::of(args.place.folder.path().to_owned(), args.place.lake.clone());
    let lake = options.lake_of(&pipeline)?;
    there(&lake)?;
    let found = all(&lake)?;
    output::say(&match args.output {
        Page::Json => format!("{:#}", as_json(&found)),
        Page::Table => page(&found),
    })?;
    Ok(if found.flaws.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Refuses a lake that is not there: one in which nothing is wrong would look the same.
///
/// # Errors
/// There is no such folder.
pub(super) fn there(lake: &Lake) -> Result<()> {
    if lake.root().is_dir() {
        return Ok(());
    }
    Err(Error::usage(format!("there is no lake at {}", lake.root().display()))
        .hint("say where it is with --lake DIR"))
}

fn all(lake: &Lake) -> Result<Found> {
    let mut found = Found::default();
    deliveries(lake.root(), &mut found)?;
    nights(lake, &mut found)?;
    batches(lake.root(), Path::new("packs"), &mut found)?;
    Ok(found)
}

fn deliveries(root: &Path, found: &mut Found) -> Result<()> {
    for feed in sorted(&root.join("deliveries"))? {
        let home = root.join("deliveries").join(&feed);
        if home.is_file() {
            found.flaws.insert(format!("deliveries/{feed}"), Flaw::Unknown);
            continue;
        }
        for delivery in sorted(&home)? {
            let name = format!("deliveries/{feed}/{delivery}");
            found.deliveries += 1;
            let folder = root.join(&name);
            // Without a receipt that says so it is of no older version.
            let older = Receipt::read(&folder).is_ok_and(|receipt| !receipt.noted);
            if older && !folder.join(MANIFEST).exists() {
                found.not_noted.push(name);
            } else {
                found.add(&name, hold(&folder, MANIFEST, true)?);
            }
        }
    }
    Ok(())
}

fn nights(lake: &Lake, found: &mut Found) -> Result<()> {
    for night in sorted(&lake.root().join("nights"))? {
        let folder = lake.night(&night);
        let held = hold(&folder, MANIFEST, true);
        if !folder.is_dir() {
            // A run has removed an old night meanwhile.
            continue;
        }
        found.nights += 1;
        found.add(&format!("nights/{night}"), held?);
        if let Some(made_from) = MadeFrom::read(&folder) {
            made_from.flaws(lake, &folder, &mut found.flaws);
        }
    }
    let current = lake.current();
    if current.is_symlink() && !current.is_dir() {
        found.flaws.insert("current".into(), Flaw::Missing);
    } else if current.exists() && !current.is_symlink() {
        found.flaws.insert("current".into(), Flaw::Changed);
    }
    Ok(())
}

/// What a night says that it was made from.
#[derive(Deserialize)]
struct MadeFrom {
    /// BLAKE3 of the manifest of the night that it was built on.
    previous: Option<String>,
    /// Feed and delivery.
    deliveries: Vec<(String, String)>,
}

impl MadeFrom {
    /// Nothing when the night is damaged, which is told by its files.
    fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(folder.join(MANIFEST)).ok()?).ok()
    }

    /// Deliveries that are gone, and a night that is another now. One that was retired is no flaw.
    fn flaws(&self, lake: &Lake, folder: &Path, flaws: &mut BTreeMap<String, Flaw>) {
        for (feed, delivery) in &self.deliveries {
            if !lake.deliveries(feed).join(delivery).is_dir() {
                flaws.insert(format!("deliveries/{feed}/{delivery}"), Flaw::Missing);
            }
        }
        let last = read_summary(folder).ok().and_then(|summary| summary.last_night);
        if let Some(last) = last
            && let Ok(now) = hash_file(&lake.night(&last).join(MANIFEST))
            && self.previous.as_ref().is_some_and(|noted| *noted != now)
        {
            flaws.entry(format!("nights/{last}/{MANIFEST}")).or_insert(Flaw::Changed);
        }
    }
}

/// Batches of packs below a folder. What counties sent back may lie beside them.
fn batches(root: &Path, below: &Path, found: &mut Found) -> Result<()> {
    let folder = root.join(below);
    if folder.join(OF_A_BATCH).is_file() {
        found.batches += 1;
        found.add(&below.display().to_string(), hold(&folder, OF_A_BATCH, false)?);
        return Ok(());
    }
    let mut folders = sorted(&folder)?.into_iter().filter(|name| folder.join(name).is_dir());
    folders.try_for_each(|name| batches(root, &below.join(name), found))
}

/// What is in a folder. Of one that cannot be read nobody can say that it is whole.
fn sorted(folder: &Path) -> Result<Vec<String>> {
    let mut names = listed(folder)?;
    names.sort();
    Ok(names)
}

fn as_json(found: &Found) -> Value {
    let word = |flaw: &Flaw| flaw.words().1;
    let faults = found
        .flaws
        .iter()
        .map(|(path, flaw)| json!({ "path": hide_ids(path), "fault": word(flaw) }));
    json!({
        "deliveries": found.deliveries,
        "nights": found.nights,
        "batches": found.batches,
        "files": found.files,
        "bytes": found.bytes,
        "not_noted": found.not_noted,
        "faults": faults.collect::<Vec<_>>(),
    })
}

fn page(found: &Found) -> String {
    let mut lines = Vec::new();
    if !found.flaws.is_empty() {
        let mut table = output::plain_table();
        table.set_header(["路径 path", "问题 fault"]);
        for (path, flaw) in &found.flaws {
            let (zh, en) = flaw.words();
            table.add_row([hide_ids(path), format!("{zh} {en}")]);
        }
        lines.push(output::drawn(table));
    }
    if !found.not_noted.is_empty() {
        lines.push(format!(
            "{} 批数据由旧版本收入，未记录校验值 deliveries were taken in by a version that noted no hashes",
            found.not_noted.len()
        ));
    }
    let held = format!(
        "{} files, {:.1} MB: {} deliveries, {} nights, {} batches of packs",
        found.files,
        found.bytes as f64 / 1e6,
        found.deliveries - found.not_noted.len() as u64,
        found.nights,
        found.batches
    );
    lines.push(match found.flaws.len() {
        0 => format!("数据湖完整 whole: {held}"),
        1 => format!("数据湖有误 1 fault; as they were written: {held}"),
        count => format!("数据湖有误 {count} faults; as they were written: {held}"),
    });
    lines.join("\n")
}

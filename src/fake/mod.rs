//! Synthetic extracts of any size, as dirty as real ones, with the truth beside them.
//!
//! A world is simulated in canonical tables (`world`, the one place in Rust that may know a
//! vocabulary); then every feed's contract is run backwards (`write`).

#![expect(clippy::disallowed_methods, reason = "synthetic extracts are no part of a lake")]

pub mod errors;
mod outlets;
pub mod truth;
pub mod truth_links;
pub mod world;
pub mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::citizen_id::upgrade15;
use crate::codes;
use crate::diagnostic::Fault;
use crate::division::Divisions;
use crate::error::{Error, Result};
use crate::lake::{csv, hash_file};
use crate::night::Progress;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::Feed;
use outlets::{Outlets, told_until};
use world::{Division, Geography, Settings, Subject, World};
use write::{Dirt, FeedWriter, Generic, Planted, Who, WrittenFile};

/// Surnames with their share, from the package mingzi 1.2.3 (MIT).
const SURNAMES: &str = include_str!("surnames.csv");

/// An ID number, in its old form, of a prefix that no person of the world has.
const STRANGER: &[u8; 15] = b"629999300101001";

/// How mobile numbers begin that nobody has: operators use 150 to 153 and 155 to 159.
const NO_PHONE: &str = "154";

/// What to make.
#[derive(Debug, Clone)]
pub struct Order {
    pub settings: Settings,
    pub dirt: Dirt,
    /// Errors of departments; with them the truth of planted anomalies no longer holds.
    pub errors: Option<errors::Rates>,
    /// A folder for each night goes here, and `truth/`.
    pub out: PathBuf,
    /// Only counties whose code begins so; empty for all.
    pub counties: Vec<String>,
}

/// What was made.
#[derive(Debug, Clone, Default)]
pub struct Made {
    pub files: usize,
    pub bytes: u64,
    pub rows: u64,
    pub planted: Planted,
}

/// Makes the extracts of every night and the truth.
///
/// # Errors
/// A folder that cannot be made; the disk; a contract that cannot be written.
pub fn make(
    pipeline: &Pipeline,
    divisions: &Divisions,
    order: &Order,
    progress: &dyn Progress,
) -> Result<Made> {
    let mut geography = geography(pipeline, &order.counties);
    if order.counties.is_empty() {
        geography = geography.fitting(order.settings.people);
    }
    let world = World::new(order.settings.clone(), &geography, surnames())
        .map_err(|e| Error::usage(e.to_string()))?;
    let steps = (order.settings.nights.len() * world.counties()) as u64;
    progress.stage("造数", "fake", steps);
    let mut made = Made::default();
    // By feed: the contents of its files on the last night that delivered it, and since when they tell.
    let mut before: BTreeMap<&str, (Vec<String>, Option<usize>)> = BTreeMap::new();
    let mut planted = Vec::new();
    let maker = Maker { pipeline, divisions, world: &world, order, progress };
    for (number, night) in order.settings.nights.iter().enumerate() {
        let folder = order.out.join(night.to_string());
        make_dir(&folder)?;
        for (feed, files) in maker.night(number, &folder)? {
            let mut contents = Vec::new();
            for file in &files {
                contents.push(hash_file(&file.path)?);
            }
            // A new period without events is delivered: "none" is not "missing".
            let delivery = (contents, told_until(feed, world.nights(), number));
            if before.get(feed.id.as_str()) == Some(&delivery) {
                // Nothing new to deliver.
                for file in &files {
                    std::fs::remove_file(&file.path)
                        .map_err(|e| Error::io("remove", &file.path, &e))?;
                }
                continue;
            }
            before.insert(&feed.id, delivery);
            for file in files {
                made.files += 1;
                made.bytes += file.bytes;
                made.rows += file.planted.data_rows();
                made.planted.add(&file.planted);
                planted.push((night.to_string(), feed.id.clone(), file));
            }
        }
    }
    write_truth(pipeline, &world, order, &planted)?;
    Ok(made)
}

fn make_dir(path: &Path) -> Result<()> {
    std::fs::create_dir_all(path).map_err(|e| Error::io("create the folder", path, &e))
}

/// The places that the pipeline's code lists name.
fn geography(pipeline: &Pipeline, counties: &[String]) -> Geography {
    let mut lines = Vec::new();
    for list in pipeline.settings.divisions.iter().map(|l| &pipeline.codes[l]) {
        let at = |name: &str| list.position(name);
        let (Some(code), Some(label)) = (at("code"), at("label")) else { continue };
        for row in &list.rows {
            let wanted = counties.is_empty()
                || row[code].len() < 6
                || counties.iter().any(|c| row[code].starts_with(c.as_str()));
            if wanted {
                let poverty832 = at("poverty832").is_some_and(|c| row[c] == "1");
                lines.push(Division { code: &row[code], name: &row[label], poverty832 });
            }
        }
    }
    Geography::from_divisions(lines)
}

fn surnames() -> Vec<(String, f64)> {
    // Compound surnames stand in the list without a share; each is given the smallest one.
    let share = |text: &String| if text.is_empty() { Some(0.000_02) } else { text.parse().ok() };
    let rows = SURNAMES.lines().skip(1).map(codes::split);
    rows.filter_map(|r| Some((r.first()?.clone(), share(r.get(1)?)?))).collect()
}

/// Makes one night.
struct Maker<'a> {
    pipeline: &'a Pipeline,
    divisions: &'a Divisions,
    world: &'a World,
    order: &'a Order,
    progress: &'a dyn Progress,
}

impl Maker<'_> {
    /// Writes all feeds of a night, county by county, and gives back the files of each.
    fn night(&self, number: usize, folder: &Path) -> Result<Vec<(&Feed, Vec<WrittenFile>)>> {
        let names = |code: &str| names(self.divisions, code);
        let mut dirts = BTreeMap::new();
        for feed in self.pipeline.feeds.values() {
            dirts.insert(feed.id.as_str(), dirt_of(&self.order.dirt, feed)?);
        }
        let nights = (self.world.nights(), number);
        let seed = self.order.settings.seed;
        let mut outlets = Outlets::open(self.pipeline, &names, &dirts, nights, folder, seed)?;
        let earlier = outlets.earlier();
        let truth = self.order.out.join("truth");
        let night = nights.0[number];
        let spoiler =
            |rates| errors::Spoiler::open(self.pipeline, rates, self.world, (seed, night), &truth);
        let mut spoiler = self.order.errors.as_ref().map(spoiler).transpose()?;
        self.world.plain_tables(number, &earlier, &mut |r, known| outlets.take(r, r, known));
        for county in 0..self.world.counties() {
            let code = self.world.county_code(county);
            outlets.county(code, self.divisions.name(code).unwrap_or(code))?;
            if let Some(spoiler) = &mut spoiler {
                spoiler.county(self.world, county);
            }
            self.world.county(county, number, &earlier, &mut |r, known| match &mut spoiler {
                Some(spoiler) => {
                    if let Some(spoilt) = spoiler.row(r) {
                        outlets.take(r, &spoilt, known);
                    }
                }
                None => outlets.take(r, r, known),
            });
            self.progress.step(code);
        }
        spoiler.map_or(Ok(()), errors::Spoiler::finish)?;
        for (feed, writer) in outlets.unknown()? {
            self.unknown(feed, number, writer)?;
        }
        for (feed, writer) in outlets.silent() {
            self.stranger(feed, night, writer)?;
        }
        let files = outlets.finish()?;
        Ok(files.into_iter().map(|(f, files)| (&self.pipeline.feeds[&f.id], files)).collect())
    }

    /// A feed that has nothing to tell of the world: an extract without rows is one that nobody believes, so it tells
    /// of somebody who is in no other.
    fn stranger(&self, feed: &Feed, night: NaiveDate, writer: &mut FeedWriter<'_>) -> Result<()> {
        let table = &self.pipeline.tables[&feed.table];
        let generic = Generic::new(table, feed, &self.pipeline.codes);
        let id = upgrade15(STRANGER).expect("a number");
        let mut village = String::new();
        self.world.people_truth(0, &mut |person| {
            if village.is_empty() {
                village.clone_from(&person.village);
            }
        });
        let who = Who {
            number: None,
            id: id.as_str(),
            name: "外来人员",
            birth: id.birth(),
            village: &village,
            household: "0",
        };
        let mut rng = ChaCha8Rng::seed_from_u64(self.order.settings.seed);
        writer.row(&generic.record(&who, night, &mut rng))
    }

    /// A feed whose table the world does not know: about one person in ten has a plausible row. Of events each further
    /// period has some of its own, of persons who had none.
    fn unknown(&self, feed: &Feed, number: usize, writer: &mut FeedWriter<'_>) -> Result<()> {
        let table = &self.pipeline.tables[&feed.table];
        let generic = Generic::new(table, feed, &self.pipeline.codes);
        let nights = self.world.nights();
        let mut rng = ChaCha8Rng::seed_from_u64(self.order.settings.seed);
        let mut told = 0;
        let mut before = told_until(feed, nights, number);
        while let Some(night) = before {
            told += 1;
            before = told_until(feed, nights, night);
        }
        // The numbers that do not end in 0, in their order; more than there can be nights.
        let (parts, own) = if told == 0 { (10, 0) } else { (1000, told + (told - 1) / 9) };
        let mut result = Ok(());
        for county in 0..self.world.counties() {
            self.world.people_truth(county, &mut |person| {
                if person.number % parts == own && result.is_ok() {
                    let household = person.household.to_string();
                    let who = Who {
                        number: Some(person.number),
                        id: &person.id,
                        name: &person.name,
                        birth: person.birth,
                        village: &person.village,
                        household: &household,
                    };
                    result = writer.row(&generic.record(&who, nights[number], &mut rng));
                }
            });
        }
        result
    }
}

/// Kinds of dirt that contracts rule out and that there are not.
pub fn check(pipeline: &Pipeline) -> Vec<Fault> {
    let rates = serde_json::to_value(Dirt::default()).expect("rates are JSON");
    let rates = rates.as_object().into_iter().flatten().filter(|(_, rate)| rate.is_number());
    let known: Vec<&str> = rates.map(|(kind, _)| kind.as_str()).collect();
    let mut faults = Vec::new();
    for feed in pipeline.feeds.values() {
        let source = pipeline.source("feeds", &feed.id);
        for kind in feed.fake.no_dirt.iter().filter(|kind| !known.contains(&kind.as_str())) {
            let span = source.find_value("no_dirt:", kind);
            let fault = Fault::at(source, span, format!("there is no dirt `{kind}`"));
            let fault = fault.hint(format!("kinds are {}", known.join(", ")));
            faults.push(fault.did_you_mean(kind, known.iter().copied()));
        }
    }
    faults
}

/// The dirt of a feed: what it rules out is not there.
fn dirt_of(dirt: &Dirt, feed: &Feed) -> Result<Dirt> {
    let mut rates = serde_json::to_value(dirt).expect("rates are JSON");
    for kind in &feed.fake.no_dirt {
        let rate = rates.get_mut(kind).filter(|rate| rate.is_number()).ok_or_else(|| {
            Error::pipeline(format!("feed {}: there is no dirt `{kind}`", feed.id))
        })?;
        *rate = 0.0.into();
    }
    serde_json::from_value(rates).map_err(|e| Error::bug(format!("rates of dirt: {e}")))
}

/// Names of city, county, town and village of a code; the province's for its own code.
fn names(divisions: &Divisions, code: &str) -> [String; 4] {
    let name = |code: &str| divisions.name(code).unwrap_or_default().to_owned();
    if code.ends_with("0000000000") {
        return [name(code), String::new(), String::new(), String::new()];
    }
    let part = |length: usize| {
        let padded = code.get(..length).map(|c| format!("{c:0<12}")).unwrap_or_default();
        name(&padded)
    };
    let below =
        |length: usize| code.get(length..).is_some_and(|rest| rest.bytes().any(|b| b != b'0'));
    [
        part(4),
        if below(4) { part(6) } else { String::new() },
        if below(6) { part(9) } else { String::new() },
        if below(9) { part(12) } else { String::new() },
    ]
}

/// Writes `truth/`: every planted anomaly that a rule looks for, every true person, and what was planted in each file.
fn write_truth(
    pipeline: &Pipeline,
    world: &World,
    order: &Order,
    files: &[(String, String, WrittenFile)],
) -> Result<()> {
    let dir = order.out.join("truth");
    make_dir(&dir)?;
    let nights = world.nights();
    let day = |night: usize| nights.get(night).map(ToString::to_string).unwrap_or_default();
    let mut lines = vec!["rule,cause,person,id_no,subject,night,cleared,waived".to_owned()];
    // What no rule of this pipeline looks for is not to be found.
    let judged: BTreeSet<&str> = pipeline.active_rules().map(|r| r.id.as_str()).collect();
    for plant in world.plants().into_iter().filter(|p| judged.contains(p.rule)) {
        let (number, id, subject) = match &plant.subject {
            Subject::Person { number, id } => (number.to_string(), id.as_str(), ""),
            Subject::Text(text) => (String::new(), "", text.as_str()),
        };
        let cleared = plant.cleared.map(day).unwrap_or_default();
        lines.push(format!(
            "{},{},{number},{id},{subject},{},{cleared},{}",
            plant.rule,
            csv::cell(plant.cause),
            day(plant.night),
            plant.waived
        ));
    }
    write_lines(&dir.join("plants.csv"), lines.into_iter())?;
    people(world, &dir.join("people.csv"))?;
    let mut lines = vec!["night,feed,file,rows,duplicates,broken_rows,required_null".to_owned()];
    for (night, feed, file) in files {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        let p = &file.planted;
        lines.push(format!(
            "{night},{feed},{name},{},{},{},{}",
            p.rows, p.duplicates, p.broken_rows, p.required_null
        ));
    }
    write_lines(&dir.join("files.csv"), lines.into_iter())
}

/// Streams the true persons, who may be millions.
fn people(world: &World, path: &Path) -> Result<()> {
    let fail = |e: std::io::Error| Error::io("write", path, &e);
    let mut file = BufWriter::new(std::fs::File::create(path).map_err(fail)?);
    let mut result = writeln!(file, "person,id_no,name,birth_date,household,village_code");
    for county in 0..world.counties() {
        world.people_truth(county, &mut |p| {
            if result.is_ok() {
                result = writeln!(
                    file,
                    "{},{},{},{},{},{}",
                    p.number, p.id, p.name, p.birth, p.household, p.village
                );
            }
        });
    }
    result.and_then(|()| file.flush()).map_err(fail)
}

fn write_lines(path: &Path, lines: impl Iterator<Item = String>) -> Result<()> {
    let text: String = lines.map(|l| l + "\n").collect();
    std::fs::write(path, text).map_err(|e| Error::io("write", path, &e))
}

//! Writes a batch into a folder aside: the counties' workbooks, the cities', the province's index.
//! Then the ledger is told, then the folder takes its name. A crash in between leaves a folder
//! aside, or a batch that the ledger knows and whose folder is made again with the same bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::batch::Issued;
use super::city::{self, CountyLine};
use super::county::{self, Setting};
use super::province;
use super::select::{Issuing, Row, Selection, Totals, rows};
use crate::error::{Error, Result};
use crate::lake::{durable, sound};
use crate::ledger::act::{Act, Draft};
use crate::ledger::case::Case;
use crate::pipeline::packs::Pack;

/// A file of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileLine {
    /// Path inside the batch's folder.
    pub path: String,
    pub bytes: u64,
    pub blake3: String,
    /// Code of the county or city; nothing for the index.
    pub division: String,
    pub name: String,
    /// Number of the pack; nothing for what is only read.
    pub pack: String,
    pub rows: u64,
    pub overdue: u64,
    /// Rows that this batch issues.
    pub issued: u64,
    /// Rows by the word of their state.
    pub states: BTreeMap<String, u64>,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Written {
    pub files: Vec<FileLine>,
    /// Acts of the batch, county by county.
    pub drafts: Vec<Draft>,
    pub counties: Vec<CountyLine>,
}

/// What is to be issued, and by whom.
pub struct Order<'a> {
    pub setting: &'a Setting<'a>,
    pub city: Option<&'a Pack>,
    pub selection: &'a Selection<'a>,
    pub actor: &'a str,
    pub threads: usize,
}

/// Writes all files of a batch into `staged`, which is emptied first.
///
/// # Errors
/// The disk; accounts of a county that do not close.
pub fn write(order: &Order<'_>, staged: &Path) -> Result<Written> {
    durable::remove_dir_all(staged)?;
    durable::create_dir_all(staged)?;
    let mut cities: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for county in order.selection.counties.keys() {
        cities.entry(city_of(order.setting, county)).or_default().push(county);
    }
    let jobs: Mutex<Vec<(String, Vec<&str>)>> = Mutex::new(cities.into_iter().rev().collect());
    let done: Mutex<BTreeMap<String, Result<Written>>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..order.threads.max(1) {
            scope.spawn(|| {
                loop {
                    let job = lock(&jobs).pop();
                    let Some((code, counties)) = job else { return };
                    let written = one_city(order, &code, &counties, staged);
                    lock(&done).insert(code, written);
                }
            });
        }
    });
    let mut all = Written::default();
    for written in done.into_inner().unwrap_or_default().into_values() {
        let written = written?;
        all.files.extend(written.files);
        all.drafts.extend(written.drafts);
        all.counties.extend(written.counties);
    }
    province::write(order, &mut all, staged)?;
    Ok(all)
}

fn lock<T>(shared: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// The 6-digit code of a county's city.
fn city_of(setting: &Setting<'_>, county: &str) -> String {
    let city = setting.shower.divisions.parent(county).and_then(|c| c.get(..6));
    city.map_or_else(|| format!("{}00", county.get(..4).unwrap_or("0000")), str::to_owned)
}

/// All workbooks of a city and its counties.
fn one_city(order: &Order<'_>, code: &str, counties: &[&str], staged: &Path) -> Result<Written> {
    let setting = order.setting;
    let city = setting.shower.county(code);
    let folder = format!("{code}_{city}");
    durable::create_dir_all(&staged.join(&folder))?;
    let mut written = Written::default();
    let mut all: Vec<Row> = Vec::new();
    for county in counties {
        let own = one_county(order, county, &order.selection.counties[county], &folder, staged)?;
        written.files.push(own.0);
        written.drafts.extend(own.1.iter().filter_map(|r| r.issue.clone()));
        let file = &written.files[written.files.len() - 1];
        written.drafts.push(pack_issue(order, county, file));
        all.extend(own.1);
    }
    for county in below(order, code, counties) {
        let own = all.iter().filter(|r| r.case.county == county);
        written.counties.push(CountyLine {
            totals: Totals::of(own),
            name: setting.shower.county(&county),
            flow: setting.flows.get(&county).copied().unwrap_or_default(),
            code: county,
        });
    }
    if let Some(form) = order.city {
        let rows: Vec<&Row> = all.iter().collect();
        let bytes =
            city::workbook(setting, form, &city, &written.counties, &rows, &staged.join(&folder))?;
        let name = format!("{}_{city}_汇总.xlsx", setting.batch.pack(code));
        let mut line = keep(staged, &format!("{folder}/{name}"), &bytes, &all)?;
        (line.division, line.name) = (code.to_owned(), city);
        written.files.push(line);
    }
    Ok(written)
}

/// The counties of a city that are listed: all that the register knows, when the month's first batch
/// is for all of them. Else one that is not in the batch would pass for one without cases.
fn below(order: &Order<'_>, city: &str, chosen: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = chosen.iter().map(|c| (*c).to_owned()).collect();
    if order.selection.whole && order.setting.batch.number == 1 {
        let known = order.setting.shower.divisions.children(city);
        all.extend(known.filter_map(|c| c.get(..6)).map(str::to_owned));
    }
    all.sort();
    all.dedup();
    all
}

fn one_county(
    order: &Order<'_>,
    county: &str,
    cases: &[&Case],
    folder: &str,
    staged: &Path,
) -> Result<(FileLine, Vec<Row>)> {
    let setting = order.setting;
    let pack = setting.batch.pack(county);
    let issuing = Issuing {
        pack: &pack,
        day: setting.batch.day,
        actor: order.actor,
        policy: setting.shower.policy,
        form: setting.form,
    };
    let rows = rows(cases, &issuing)?;
    let flow = setting.flows.get(county).copied().unwrap_or_default();
    let listed = rows.len() as u64;
    // A first batch lists the whole stock; of a supplement only a county without an earlier pack does.
    if !flow.closes() || (setting.batch.number == 1 && flow.stock != listed) {
        return Err(Error::gate(format!(
            "the cases of {county} do not add up: {flow:?}, {listed} in the pack"
        ))
        .hint("check the ledger with `bidui ledger verify` and `bidui ledger rebuild`"));
    }
    let bytes = county::workbook(setting, county, &rows, &staged.join(folder))?;
    let name = setting.shower.county(county);
    let path = format!("{folder}/{pack}_{name}.xlsx");
    let mut line = keep(staged, &path, &bytes, &rows)?;
    (line.division, line.name, line.pack) = (county.to_owned(), name, pack);
    Ok((line, rows))
}

/// Writes one workbook.
fn keep(staged: &Path, path: &str, bytes: &[u8], rows: &[Row]) -> Result<FileLine> {
    durable::write(&staged.join(path), bytes)?;
    let mut states: BTreeMap<String, u64> = BTreeMap::new();
    for row in rows {
        *states.entry(row.case.state.word().to_owned()).or_default() += 1;
    }
    Ok(FileLine {
        path: path.to_owned(),
        bytes: bytes.len() as u64,
        blake3: blake3::hash(bytes).to_hex().to_string(),
        division: String::new(),
        name: String::new(),
        pack: String::new(),
        rows: rows.len() as u64,
        overdue: rows.iter().filter(|r| r.overdue > 0).count() as u64,
        issued: rows.iter().filter(|r| r.issue.is_some()).count() as u64,
        states,
    })
}

fn pack_issue(order: &Order<'_>, county: &str, file: &FileLine) -> Draft {
    let batch = order.setting.batch;
    Draft {
        about: batch.pack(county),
        day: batch.day,
        actor: order.actor.to_owned(),
        act: Act::PackIssue {
            month: batch.month_word(),
            division: county.to_owned(),
            rows: file.rows,
            blake3: file.blake3.clone(),
        },
    }
}

/// Where a batch is written before it takes its name.
pub fn aside(out: &Path, folder: &str) -> PathBuf {
    out.join(format!(".staging-{folder}"))
}

/// Gives a written batch its name.
///
/// # Errors
/// The disk.
pub fn put_in_place(staged: &Path, home: &Path) -> Result<()> {
    let mut names = crate::lake::names_in(staged);
    names.sort();
    for dir in names.iter().map(|n| staged.join(n)).filter(|d| d.is_dir()) {
        durable::sync_dir(&dir)?;
    }
    durable::sync_dir(staged)?;
    durable::rename(staged, home)
}

/// Do the files of a folder aside belong to a batch that the ledger knows? Then a crash came after
/// the ledger was told, and the folder only lacks its name.
///
/// # Errors
/// The disk.
pub fn is_whole(staged: &Path, issued: &Issued) -> Result<bool> {
    let Ok(text) = std::fs::read_to_string(staged.join(province::MANIFEST)) else {
        return Ok(false);
    };
    let Ok(manifest) = serde_json::from_str::<province::Manifest>(&text) else {
        return Ok(false);
    };
    let held = sound::hold(staged, province::MANIFEST, false)?;
    Ok(held.flaws.is_empty() && same(&manifest.files, issued).is_none())
}

/// The first county whose workbook is not the one that the ledger knows.
pub fn same<'a>(files: &[FileLine], issued: &'a Issued) -> Option<&'a str> {
    let other = |(county, (blake3, rows)): &(&String, &(String, u64))| {
        !files.iter().any(|f| {
            !f.pack.is_empty() && f.division == **county && f.blake3 == *blake3 && f.rows == *rows
        })
    };
    issued.counties.iter().find(other).map(|(county, _)| county.as_str())
}

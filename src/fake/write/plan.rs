//! A feed's contract read backwards: which raw columns there are and how each value may be spelt.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::NaiveDate;

use super::encoding::Encoding;
use super::forms::DateForm;
use super::headings::levels_of;
use super::naming;
use crate::codes::CodeList;
use crate::error::{Error, Result};
use crate::pipeline::spec::{Column, ColumnType, Feed, FeedColumn, FileKind, OnBad, Table, Unit};

/// What stays the same for all files of one delivery.
pub(super) struct Plan<'a> {
    pub(super) feed: &'a Feed,
    pub(super) table: &'a Table,
    pub(super) columns: Vec<ColumnPlan<'a>>,
    pub(super) kind: FileKind,
    pub(super) encoding: Encoding,
    pub(super) delimiter: char,
    pub(super) title_rows: usize,
    /// Headings in two rows, the division path under one parent.
    pub(super) two_rows: bool,
    pub(super) dates: DateForm,
    pub(super) months: DateForm,
    /// Whether files are zips.
    pub(super) zip: bool,
    pub(super) night: NaiveDate,
    pub(super) period: NaiveDate,
}

/// One column of the contract.
pub(super) struct ColumnPlan<'a> {
    pub(super) source: &'a FeedColumn,
    pub(super) column: &'a Column,
    /// Position of its first raw column.
    pub(super) first: usize,
    /// Levels of a division path: 0 city to 3 village, `None` the province.
    pub(super) levels: Vec<Option<usize>>,
    pub(super) spellings: Spellings,
    /// Null spellings that cannot be taken for a value.
    pub(super) nulls: Vec<&'a str>,
    /// Words for yes and no that cannot be taken for null.
    pub(super) bools: Vec<[&'static str; 2]>,
}

impl ColumnPlan<'_> {
    /// How many raw columns it has.
    pub(super) fn width(&self) -> usize {
        self.levels.len().max(1)
    }

    /// Whether a bad cell in it sends the row to quarantine.
    pub(super) fn rejects(&self) -> bool {
        self.source.on_bad == OnBad::Reject && self.levels.is_empty()
    }

    /// The unit of its amounts: yuan, unless the contract says another.
    pub(super) fn unit(&self) -> Unit {
        self.source.unit.unwrap_or(Unit::Yuan)
    }
}

/// How the codes of a column may be spelt; every spelling leads back to one code only.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    pub(super) by_code: HashMap<String, Spelling>,
}

/// The spellings of one code.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    /// The contract's own spelling, else the label, else the code.
    pub(super) base: String,
    /// `1-男`.
    pub(super) both: Option<String>,
    /// Whether the code itself may be written.
    pub(super) code: bool,
    /// All spellings.
    pub(super) all: Vec<String>,
}

impl<'a> Plan<'a> {
    /// The plan of a feed's files on a night: their columns, kind, encoding, name and period.
    ///
    /// # Errors
    /// The contract asks for what cannot be written: a kind, an encoding, a delimiter, a date form,
    /// other widths than columns, a name, a column that the table does not have.
    pub(super) fn new(
        feed: &'a Feed,
        table: &'a Table,
        codes: &BTreeMap<String, CodeList>,
        night: NaiveDate,
    ) -> Result<Self> {
        let kind = file_kind(feed)?;
        let mut columns: Vec<ColumnPlan<'a>> = Vec::with_capacity(feed.columns.len());
        let mut headings = BTreeSet::new();
        let mut raw = 0;
        for source in &feed.columns {
            // Two canonical columns may rest on one raw column; it is written once.
            let heading = source.from.first().unwrap_or(&source.to);
            if source.path.is_empty() && kind != FileKind::Fixed && !headings.insert(heading) {
                continue;
            }
            let planned = column_plan(feed, source, table, codes, raw)?;
            raw += planned.width();
            columns.push(planned);
        }
        if kind == FileKind::Fixed && feed.format.widths.len() != raw {
            return Err(Error::pipeline(format!(
                "feed {}: {} widths for {raw} columns",
                feed.id,
                feed.format.widths.len()
            )));
        }
        let period = naming::period_of(feed, night);
        let (_, zip) = naming::file_name(feed, kind, period, "")?;
        let fixed_header = feed.format.header_row.parse::<usize>().ok();
        let dates = DateForm::compile(&feed.fake.date)?;
        let months = DateForm::compile(match feed.fake.date.as_str() {
            form if form.starts_with("%Y年") => "%Y年%-m月",
            form if form.starts_with("%Y-") => "%Y-%m",
            _ => "%Y%m",
        })?;
        Ok(Self {
            feed,
            table,
            kind,
            encoding: encoding(feed, kind)?,
            delimiter: delimiter(feed)?,
            title_rows: fixed_header.map_or(feed.fake.title_rows, |row| row.saturating_sub(1)),
            two_rows: kind == FileKind::Xlsx
                && feed.fake.title_rows >= 2
                && fixed_header.is_none()
                && columns.iter().any(|c| c.levels.len() > 1),
            columns,
            dates: if dates.is_whole() { dates } else { DateForm::compile("%Y-%m-%d")? },
            months,
            zip,
            night,
            period,
        })
    }
}

fn column_plan<'a>(
    feed: &'a Feed,
    source: &'a FeedColumn,
    table: &'a Table,
    codes: &BTreeMap<String, CodeList>,
    first: usize,
) -> Result<ColumnPlan<'a>> {
    let column = table.column(&source.to).ok_or_else(|| {
        Error::pipeline(format!("feed {}: table {} has no column {}", feed.id, table.id, source.to))
    })?;
    let list = column.codes.as_ref().and_then(|name| codes.get(name));
    let is_null = |text: &str| feed.format.nulls.iter().any(|n| n.trim() == text.trim());
    let spellings = match (&column.kind, list) {
        (ColumnType::Code, Some(list)) => spellings(list, &source.map, is_null),
        _ => Spellings::default(),
    };
    let taken = |text: &str| {
        source.map.contains_key(text)
            || list.is_some_and(|l| l.rows.iter().flatten().any(|cell| cell == text))
    };
    let nulls: Vec<&str> = match column.kind {
        // A missing ID has a quality of its own, so it stays plainly missing.
        ColumnType::CitizenId => Vec::new(),
        _ => feed
            .format
            .nulls
            .iter()
            .map(String::as_str)
            .filter(|n| !n.is_empty() && !taken(n))
            .collect(),
    };
    const BOOLS: [[&str; 2]; 6] =
        [["是", "否"], ["√", "×"], ["1", "0"], ["Y", "N"], ["有", "无"], ["true", "false"]];
    let bools: Vec<_> =
        BOOLS.into_iter().filter(|pair| !pair.iter().any(|word| is_null(word))).collect();
    // 无 and - can mean "no" as well as "unknown" there.
    let unclear =
        |n: &&str| column.kind == ColumnType::Bool && !n.to_ascii_uppercase().contains(['N', 'A']);
    Ok(ColumnPlan {
        source,
        column,
        first,
        levels: levels_of(&source.path),
        nulls: nulls.into_iter().filter(|n| !unclear(n)).collect(),
        spellings,
        bools,
    })
}

/// Collects the spellings of every code and drops those that a reader could take for another code
/// or for null.
fn spellings(
    list: &CodeList,
    map: &BTreeMap<String, String>,
    is_null: impl Fn(&str) -> bool,
) -> Spellings {
    let mut candidates: Vec<(String, [Option<String>; 4], Vec<String>)> = Vec::new();
    let mut readings: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut note = |spelling: &str, code: &str| {
        readings.entry(spelling.to_lowercase()).or_default().insert(code.to_owned());
    };
    for (raw, code) in map {
        note(raw, code);
    }
    let at = |name: &str| list.position(name);
    let cell = |row: &Vec<String>, at: Option<usize>| {
        at.and_then(|i| row.get(i)).filter(|s| !s.is_empty()).cloned()
    };
    for row in &list.rows {
        let Some(code) = cell(row, at("code").or(Some(0))) else { continue };
        let label = cell(row, at("label"));
        let aliases: Vec<String> = cell(row, at("aliases"))
            .map(|all| {
                all.split('|').map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect()
            })
            .unwrap_or_default();
        for spelling in aliases.iter().chain(&label).chain([&code]) {
            note(spelling, &code);
        }
        let own = map.iter().find(|(_, to)| **to == code).map(|(raw, _)| raw.clone());
        let both = label
            .as_ref()
            .filter(|l| code.is_ascii() && **l != code && !format!("{code}{l}").contains('-'))
            .map(|l| format!("{code}-{l}"));
        candidates.push((code.clone(), [own, label, Some(code), both], aliases));
    }
    // The contract's own spellings are looked up first, so they are never ambiguous.
    let clear = |spelling: &String, code: &str| {
        !is_null(spelling)
            && map.get(spelling).map_or_else(
                || readings.get(&spelling.to_lowercase()).is_some_and(|codes| codes.len() == 1),
                |to| to == code,
            )
    };
    let by_code = candidates.into_iter().map(|(code, [own, label, plain, both], aliases)| {
        let keep = |s: Option<String>| s.filter(|s| clear(s, &code));
        let (own, label, plain) = (keep(own), keep(label), keep(plain));
        let both = both.filter(|b| {
            plain.is_some() && label.is_some() && !readings.contains_key(&b.to_lowercase())
        });
        let mut all: Vec<String> =
            [&own, &label, &plain, &both].into_iter().flatten().cloned().collect();
        all.extend(
            aliases
                .into_iter()
                .filter(|a| !a.contains([',', '，', '、', '/', ' ']) && clear(a, &code)),
        );
        all.dedup();
        let base = own.or(label).unwrap_or_else(|| code.clone());
        (code, Spelling { base, both, code: plain.is_some(), all })
    });
    Spellings { by_code: by_code.collect() }
}

fn file_kind(feed: &Feed) -> Result<FileKind> {
    let kind = match (feed.format.kind, feed.fake.kind) {
        (FileKind::Auto, FileKind::Auto) => FileKind::Csv,
        (FileKind::Auto, wanted) => wanted,
        (contract, _) => contract,
    };
    match kind {
        FileKind::Xls | FileKind::Ods => {
            Err(Error::pipeline(format!("feed {}: bidui fake cannot write {kind:?}", feed.id))
                .hint("set fake.kind to xlsx and leave format.kind on auto"))
        }
        _ => Ok(kind),
    }
}

fn encoding(feed: &Feed, kind: FileKind) -> Result<Encoding> {
    let (contract, wanted) =
        (feed.format.encoding.to_lowercase(), feed.fake.encoding.to_lowercase());
    let label = match (contract.as_str(), wanted.as_str()) {
        _ if matches!(kind, FileKind::Ndjson | FileKind::Xlsx | FileKind::Parquet) => "utf-8",
        ("auto", "auto") => "utf-8",
        ("auto", wanted) => wanted,
        ("utf-8", "utf-8-bom") => "utf-8-bom",
        (contract, _) => contract,
    };
    Encoding::from_label(label).ok_or_else(|| {
        Error::pipeline(format!("feed {}: bidui fake cannot write {label}", feed.id))
            .hint("use utf-8, utf-8-bom, gb18030, utf-16le or utf-16be")
    })
}

fn delimiter(feed: &Feed) -> Result<char> {
    let given =
        if feed.format.delimiter == "auto" { &feed.fake.delimiter } else { &feed.format.delimiter };
    let mut chars = given.chars();
    match (given.as_str(), chars.next(), chars.next()) {
        ("auto", ..) => Ok(','),
        ("tab" | "\\t", ..) => Ok('\t'),
        (_, Some(one), None) if !matches!(one, '"' | '\r' | '\n') => Ok(one),
        _ => Err(Error::pipeline(format!("feed {}: the delimiter must be one character", feed.id))),
    }
}

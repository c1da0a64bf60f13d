//! Control totals: what the sender says that the rows of a file come to, held against what was read.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::inbox::opens;
use super::nulls::Nulls;
use super::read::{Header, RawRow, normal_heading};
use super::typed::trimmed;
use crate::amount::{parse_decimal, parse_int};
use crate::pipeline::spec::{
    Against, ColumnType, ControlTotal, Feed, FeedColumn, OnDifference, Table,
};

/// Decimal places in which sums are held: more than any amount has, fewer than the noise of floats.
const PLACES: u32 = 9;

/// Cells of a total row in which a bare number may be the count of rows.
const FIRST_CELLS: usize = 3;

/// A control total of a file, or of those of its sheets that have one total row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlAccount {
    /// The file, or its sheets.
    pub place: String,
    /// `sum of …` or `count of rows`.
    pub total: String,
    pub against: Against,
    /// What the sender says; nothing when it is not there or cannot be read.
    pub expected: Option<String>,
    pub found: String,
    /// Data rows whose cell could not be read.
    pub unread: u64,
    pub agrees: bool,
}

/// What is to be said of a delivery.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    pub accounts: Vec<ControlAccount>,
    /// Differences for which the contract refuses the delivery.
    pub refused: Vec<String>,
    pub warnings: Vec<String>,
}

/// The control totals of one feed while its files are read.
pub(super) struct Controls<'a> {
    feed: &'a Feed,
    running: Vec<Running<'a>>,
    /// Columns of the feed that hold numbers.
    numeric: Vec<usize>,
    /// Cells of the part being read that hold numbers.
    number_cells: Vec<usize>,
    nulls: Nulls,
    pub verdicts: Verdicts,
}

/// One control total since the last total row, or since the file began.
struct Running<'a> {
    rule: &'a ControlTotal,
    column: Option<usize>,
    cell: Option<usize>,
    found: i128,
    unread: u64,
    rows: u64,
    places: Vec<String>,
}

impl<'a> Controls<'a> {
    /// The control totals that a feed promises; nothing is counted yet.
    pub fn new(feed: &'a Feed, table: &Table) -> Self {
        let running = |rule: &'a ControlTotal| Running {
            rule,
            column: rule.column(&feed.columns).map(|(at, _)| at),
            cell: None,
            found: 0,
            unread: 0,
            rows: 0,
            places: Vec::new(),
        };
        let numeric = |c: &FeedColumn| {
            let kind = table.column(&c.to).map(|t| &t.kind);
            matches!(kind, Some(ColumnType::Decimal { .. } | ColumnType::Int))
        };
        Self {
            feed,
            running: feed.delivery.control_totals.iter().map(running).collect(),
            numeric: (0..feed.columns.len()).filter(|i| numeric(&feed.columns[*i])).collect(),
            number_cells: Vec::new(),
            nulls: Nulls::new(&feed.format.nulls),
            verdicts: Verdicts::default(),
        }
    }

    /// A file begins; what a broken one left behind is forgotten.
    pub fn begin_file(&mut self) {
        self.running.iter_mut().for_each(Running::reset);
    }

    /// A part begins whose columns stand so.
    pub fn begin_part(&mut self, header: &Header, place: &str) {
        let cells = &header.binding.source;
        self.number_cells = self.numeric.iter().filter_map(|c| cells[*c]).collect();
        for one in &mut self.running {
            one.cell = one.column.and_then(|c| cells[c]);
            one.places.push(place.to_owned());
        }
    }

    /// A data row, whatever becomes of it.
    pub fn row(&mut self, row: &RawRow) {
        for one in &mut self.running {
            one.rows += 1;
            if one.rule.count.is_some() {
                one.found += 1;
                continue;
            }
            let text = trimmed(one.cell.map_or("", |at| row.cell(at)));
            if self.nulls.contains(text) {
                one.unread += u64::from(one.cell.is_none());
                continue;
            }
            match parse_decimal(text, PLACES) {
                Some(value) => one.found = one.found.saturating_add(value),
                None => one.unread += 1,
            }
        }
    }

    /// A row whose cells cannot be trusted.
    pub fn broken_row(&mut self) {
        for one in &mut self.running {
            one.rows += 1;
            match one.rule.count {
                Some(_) => one.found += 1,
                None => one.unread += 1,
            }
        }
    }

    /// A part ends, maybe with a row of totals; it speaks of all rows since the one before.
    pub fn end_part(&mut self, total: Option<&RawRow>) {
        let Some(total) = total else { return };
        for one in self.running.iter_mut().filter(|o| o.rule.equals == Against::Trailer) {
            let said = match one.rule.count {
                Some(_) => count_of(total, &self.number_cells),
                None => one.cell.map(|at| total.cell(at).trim().to_owned()),
            };
            let said = said.filter(|t| !self.feed.format.nulls.iter().any(|n| n == t));
            if let Some(said) = said {
                one.judge(&said, &mut self.verdicts);
                one.reset();
            }
        }
    }

    /// A file ends: its manifest is read, and totals that were promised and did not come are named.
    pub fn end_file(&mut self, path: &Path) {
        let wanted = self.running.iter().any(|o| o.rule.equals == Against::Manifest);
        let manifest = if wanted { Manifest::read(path) } else { Ok(Manifest::default()) };
        for one in self.running.iter_mut().filter(|o| o.rows > 0) {
            let said = match (one.rule.equals, &manifest) {
                (Against::Trailer, _) => Err("no total row with a number for it".to_owned()),
                (Against::Manifest, Ok(manifest)) => {
                    let said = manifest.says(one.rule, &self.feed.columns);
                    said.ok_or_else(|| "its manifest does not give it".to_owned())
                }
                (Against::Manifest, Err(why)) => Err(why.clone()),
            };
            match said {
                Ok(said) => one.judge(&said, &mut self.verdicts),
                Err(why) => one.unheld(&why, &mut self.verdicts),
            }
            one.reset();
        }
    }
}

impl Running<'_> {
    fn reset(&mut self) {
        (self.found, self.unread, self.rows) = (0, 0, 0);
        self.places.clear();
    }

    /// What was read, in the words of the file's unit.
    fn found(&self) -> String {
        if self.rule.count.is_some() { self.found.to_string() } else { plain(self.found) }
    }

    fn account(&self, expected: Option<String>, agrees: bool) -> ControlAccount {
        ControlAccount {
            place: self.places.join(", "),
            total: self.rule.words(),
            against: self.rule.equals,
            expected,
            found: self.found(),
            unread: self.unread,
            agrees,
        }
    }

    /// Nothing to hold the rows against.
    fn unheld(&self, why: &str, verdicts: &mut Verdicts) {
        let account = self.account(None, false);
        verdicts.warnings.push(format!(
            "no control total: {}, {}: {why}; the {} rows come to {}",
            account.place, account.total, self.rows, account.found
        ));
        verdicts.accounts.push(account);
    }

    /// Holds what was read against what the sender says.
    fn judge(&self, said: &str, verdicts: &mut Verdicts) {
        if self.rule.sum.is_some() && self.cell.is_none() {
            return self.unheld("the file has no such column", verdicts);
        }
        let expected = match self.rule.count {
            Some(_) => parse_int(said).map(i128::from),
            None => parse_decimal(said, PLACES),
        };
        let Some(expected) = expected else {
            return self.unheld("what the sender gives is no number", verdicts);
        };
        let show = |value: i128| match self.rule.count {
            Some(_) => value.to_string(),
            None => plain(value),
        };
        let account = self.account(Some(show(expected)), expected == self.found);
        if !account.agrees {
            let source = match self.rule.equals {
                Against::Trailer => "its total row",
                Against::Manifest => "its manifest",
            };
            let unread = match self.unread {
                0 => String::new(),
                rows => format!(", {rows} rows could not be read for it"),
            };
            let (refuse, next) = match self.rule.on_difference {
                OnDifference::Refuse => (
                    true,
                    "; was the file cut or changed? Ask the sender to deliver it again, or set \
                     on_difference: report in the feed's control_totals",
                ),
                OnDifference::Report => (false, ""),
            };
            let text = format!(
                "control total: {}, {}: {source} says {}, its rows come to {}, difference \
                 {}{unread}{next}",
                account.place,
                account.total,
                show(expected),
                account.found,
                show(self.found.saturating_sub(expected)),
            );
            if refuse { &mut verdicts.refused } else { &mut verdicts.warnings }.push(text);
        }
        verdicts.accounts.push(account);
    }
}

/// What a manifest beside a file says: `{"rows": 3, "sums": {"医疗总费用": "123.45"}}`.
#[derive(Debug, Default, Deserialize)]
struct Manifest {
    rows: Option<Json>,
    #[serde(default)]
    sums: BTreeMap<String, Json>,
}

impl Manifest {
    fn read(file: &Path) -> Result<Self, String> {
        let path = manifest_path(file);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path)
            .map_err(|_| format!("there is no manifest {name} beside it"))?;
        serde_json::from_str(text.trim_start_matches('\u{FEFF}')).map_err(|_| {
            format!("{name} is no manifest such as {{\"rows\": 3, \"sums\": {{\"…\": \"12.30\"}}}}")
        })
    }

    fn says(&self, rule: &ControlTotal, columns: &[FeedColumn]) -> Option<String> {
        let text = |value: &Json| match value {
            Json::String(text) => Some(text.trim().to_owned()),
            Json::Number(number) => Some(number.to_string()),
            _ => None,
        };
        let Some((_, column)) = rule.column(columns) else {
            return self.rows.as_ref().and_then(text);
        };
        let names = column.from.iter().chain([&column.to]);
        let names: Vec<String> = names.map(|n| normal_heading(n)).collect();
        let own = self.sums.iter().find(|(name, _)| names.contains(&normal_heading(name)));
        own.and_then(|(_, value)| text(value))
    }
}

/// Where the manifest of a file lies.
fn manifest_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".json");
    name.into()
}

/// The manifests that a feed's files have, as far as its contract wants any.
pub(super) fn manifests(feed: &Feed, files: &[PathBuf]) -> Vec<PathBuf> {
    let wanted = feed.delivery.control_totals.iter().any(|t| t.equals == Against::Manifest);
    let all = files.iter().filter(|_| wanted).map(|f| manifest_path(f));
    all.filter(|m| opens(m)).collect()
}

/// The count of rows in a total row: `共12条` in any cell, or a bare number in one of the first that
/// is no amount.
fn count_of(total: &RawRow, number_cells: &[usize]) -> Option<String> {
    let counted = |cell: &str| {
        let cell = normal_heading(cell);
        let head = cell.trim_end_matches(['条', '行', '人', '户', '笔', '件', '例', ')', '。']);
        let from = head
            .rfind(|c: char| !c.is_ascii_digit() && c != ',')
            .map_or(0, |at| at + head[at..].chars().next().map_or(0, char::len_utf8));
        let number = head[from..].trim_matches(',');
        (head.len() < cell.len() && !number.is_empty()).then(|| number.to_owned())
    };
    let bare = |at: usize| {
        let cell = total.cell(at).trim();
        let free = !number_cells.contains(&at) && parse_int(cell).is_some();
        free.then(|| cell.to_owned())
    };
    total.cells().find_map(counted).or_else(|| (0..FIRST_CELLS).find_map(bare))
}

/// A sum without the zeros behind its last digit.
fn plain(value: i128) -> String {
    let one = 10_u128.pow(PLACES);
    let (whole, fraction) = (value.unsigned_abs() / one, value.unsigned_abs() % one);
    let sign = if value < 0 { "-" } else { "" };
    if fraction == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{fraction:09}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_total_rows() {
        let count = |cells: &[&str], numbers: &[usize]| {
            let mut row = RawRow::at(9);
            cells.iter().for_each(|cell| row.push(cell));
            count_of(&row, numbers)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(count(&["合计", "", "12", "345.60"], &[3]), some("12"));
        assert_eq!(count(&["合计（共1,234条）", "", "9"], &[]), some("1,234"));
        assert_eq!(count(&["合计", "", "", "共 7 户"], &[]), some("7"));
        assert_eq!(count(&["合计12", "345"], &[1]), None);
        assert_eq!(count(&["合计", "345"], &[1]), None);
        assert_eq!(count(&["合计", "", "", "", "12"], &[]), None);
    }

    #[test]
    fn sums_are_shown_exactly() {
        let show = |text: &str| plain(parse_decimal(text, PLACES).unwrap());
        assert_eq!(show("1,234.50"), "1234.5");
        assert_eq!(show("-0.07"), "-0.07");
        assert_eq!(show("0.1万"), "1000");
    }
}

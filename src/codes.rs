//! Code lists and parameters as they are asked for: by code, by prefix, by area and year.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;

/// A code list: rows of text under the columns of its header.
#[derive(Debug, Clone, Default)]
pub struct CodeList {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// BLAKE3 of the list's file: its version.
    pub version: String,
}

/// Splits a CSV line with quotes into its fields.
pub fn split(line: &str) -> Vec<String> {
    let mut fields = Vec::new();
    let mut field = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                field.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    fields
}

impl CodeList {
    /// The list of a file, none of whose lines has been read yet.
    pub fn of(text: &str) -> Self {
        let version = blake3::hash(text.as_bytes()).to_hex().to_string();
        Self { version, ..Self::default() }
    }

    /// Position of a column.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c == name)
    }

    /// Every spelling of each code: the code, its label and its aliases, each to the code.
    pub fn spellings(&self) -> HashMap<String, String> {
        let mut map = HashMap::new();
        let at = |name| self.position(name);
        let Some(code) = at("code") else { return map };
        for row in &self.rows {
            let own = row[code].clone();
            map.insert(own.clone(), own.clone());
            if let Some(label) = at("label") {
                map.entry(row[label].clone()).or_insert_with(|| own.clone());
            }
            if let Some(aliases) = at("aliases") {
                for alias in row[aliases].split('|').map(str::trim).filter(|a| !a.is_empty()) {
                    map.entry(alias.to_owned()).or_insert_with(|| own.clone());
                }
            }
        }
        map.remove("");
        map
    }
}

/// Membership in code lists, for the functions `in_list` and `has_prefix`.
#[derive(Debug, Default)]
pub struct Lists {
    codes: BTreeMap<String, Codes>,
}

/// The codes of one list.
#[derive(Debug, Default)]
pub struct Codes {
    all: HashSet<String, FixedState>,
    /// Bytes of the shortest and the longest.
    least: usize,
    most: usize,
}

impl Codes {
    fn new(all: HashSet<String, FixedState>) -> Self {
        let lengths = || all.iter().map(String::len);
        let (least, most) = (lengths().min().unwrap_or(0), lengths().max().unwrap_or(0));
        Self { all, least, most }
    }

    /// Is it one of them?
    pub fn contains(&self, value: &str) -> bool {
        (self.least..=self.most).contains(&value.len()) && self.all.contains(value)
    }
}

impl Lists {
    /// Takes the column `code` of every list.
    pub fn new(lists: &BTreeMap<String, CodeList>) -> Self {
        let codes = lists
            .iter()
            .filter_map(|(id, list)| {
                let at = list.position("code")?;
                Some((id.clone(), Codes::new(list.rows.iter().map(|r| r[at].clone()).collect())))
            })
            .collect();
        Self { codes }
    }

    /// Codes of a list; `None` when there is no such list.
    pub fn get(&self, list: &str) -> Option<&Codes> {
        self.codes.get(list)
    }
}

/// Is `value`, or a prefix of it, in the list?
pub fn has_prefix(codes: &Codes, value: &str) -> bool {
    let lengths = codes.least.max(1)..=codes.most.min(value.len());
    lengths.filter_map(|length| value.get(..length)).any(|prefix| codes.all.contains(prefix))
}

/// Years and values of one parameter in one area.
type ByYear = BTreeMap<i64, i128>;

/// Thresholds by name, area and year, in units of 0.0001.
#[derive(Debug, Default, Clone)]
pub struct Params {
    values: BTreeMap<String, HashMap<String, Arc<ByYear>>>,
}

impl Params {
    /// Scale of the values: decimal places.
    pub const SCALE: u32 = 4;

    /// Reads `codes/param.csv`; rows further up win, and those that hold no number are passed over.
    pub fn new(list: Option<&CodeList>) -> Self {
        let mut built: BTreeMap<String, HashMap<String, ByYear>> = BTreeMap::new();
        let columns = list.and_then(|l| {
            let at = |n| l.position(n);
            Some((l, at("name")?, at("area")?, at("year")?, at("value")?))
        });
        if let Some((list, name, area, year, value)) = columns {
            for row in &list.rows {
                let number = crate::amount::parse_decimal(&row[value], Self::SCALE);
                let since = if row[year].is_empty() { Some(0) } else { row[year].parse().ok() };
                let (Some(number), Some(since)) = (number, since) else { continue };
                let areas = built.entry(row[name].clone()).or_default();
                areas.entry(row[area].clone()).or_default().entry(since).or_insert(number);
            }
        }
        let share = |areas: HashMap<String, ByYear>| {
            areas.into_iter().map(|(area, years)| (area, Arc::new(years))).collect()
        };
        Self { values: built.into_iter().map(|(n, a)| (n, share(a))).collect() }
    }

    /// Names of all parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Digits of the most exact area for which a parameter has a value of its own: what follows them
    /// in a code changes nothing.
    pub fn digits(&self, name: &str) -> usize {
        let areas = self.values.get(name);
        areas.and_then(|a| a.keys().map(String::len).max()).unwrap_or(0)
    }

    /// The value for the most exact area that contains `area` (county, city, province, nation) and
    /// the latest year not after `year`.
    pub fn get(&self, name: &str, area: &str, year: i64) -> Option<i128> {
        let areas = self.values.get(name)?;
        for length in [12, 9, 6, 4, 2, 0] {
            let Some(prefix) = area.get(..length) else {
                continue;
            };
            if let Some(years) = areas.get(prefix)
                && let Some((_, value)) = years.range(..=year).next_back()
            {
                return Some(*value);
            }
        }
        None
    }
}

//! The words of a pipeline folder: what each file says, after it was read and before it was checked.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use super::delivery::{
    Against, BrokenFile, Cadence, ControlTotal, Counted, Delivery, DeliveryKind, Limits,
    OnDifference,
};

/// A title in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Title {
    pub zh: String,
    pub en: String,
}

/// The type of a canonical column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    Text,
    Code,
    CitizenId,
    Name,
    Division,
    Date,
    Month,
    Decimal { precision: u8, scale: i8 },
    Int,
    Bool,
    Set,
}

/// How near a value is to a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Privacy {
    Open,
    #[default]
    Internal,
    Personal,
    /// Names a person: never in evidence, logs or default output.
    Direct,
}

/// A column of a canonical table.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub kind: ColumnType,
    pub title: String,
    pub about: String,
    pub privacy: Privacy,
    /// The code list of a `code` column.
    pub codes: Option<String>,
}

/// Whether a table's rows are about one person each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grain {
    Person,
    Plain,
}

/// Which columns identify the person of a row.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonRoles {
    pub id: String,
    pub name: Option<String>,
    pub birth: Option<String>,
    pub village: Option<String>,
    pub household: Option<String>,
    pub sex: Option<String>,
    pub phone: Option<String>,
}

/// Where a table's rows come from when no feed fills it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum System {
    /// The cases as they stood before the night.
    Ledger,
    /// The receipts of all deliveries.
    Deliveries,
    /// The feeds, and up to when each was delivered.
    Feeds,
}

/// A canonical table.
#[derive(Debug, Clone)]
pub struct Table {
    pub id: String,
    pub source: Option<System>,
    pub title: Title,
    pub about: String,
    pub grain: Grain,
    pub key: Vec<String>,
    pub person: Option<PersonRoles>,
    /// Of a table of the feeds: one that is so many days behind another of its table has ended.
    pub ended_after_days: Option<u32>,
    pub columns: Vec<Column>,
}

impl Table {
    /// The declared column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|c| c.name == name)
    }

    /// Position of the declared column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }
}

/// The container of an extract.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileKind {
    /// By the file's extension and first bytes.
    #[default]
    Auto,
    Csv,
    Xlsx,
    Xls,
    Ods,
    Ndjson,
    Parquet,
    Fixed,
}

/// A row of `skip_rows_like` with one of these is the total row, not a title or a signature.
pub const TOTAL_WORDS: [&str; 2] = ["合计", "总计"];

/// How an extract is laid out.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Format {
    pub kind: FileKind,
    /// `auto`, or a label of the WHATWG encoding standard.
    pub encoding: String,
    pub delimiter: String,
    /// `auto`, or a row number counted from 1.
    pub header_row: String,
    pub sheets: String,
    pub skip_rows_like: Vec<String>,
    pub nulls: Vec<String>,
    /// Headings that mean nothing and are not reported as new columns.
    pub ignore: Vec<String>,
    /// Bytes of each column of a fixed-width file.
    pub widths: Vec<usize>,
}

impl Default for Format {
    fn default() -> Self {
        let texts = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        Self {
            kind: FileKind::Auto,
            encoding: "auto".into(),
            delimiter: "auto".into(),
            header_row: "auto".into(),
            sheets: "*".into(),
            skip_rows_like: texts(&[
                "合计",
                "总计",
                "小计",
                "填表人",
                "审核人",
                "制表",
                "注:",
                "注：",
            ]),
            nulls: texts(&["", "NULL", "null", "—", "－", "-", "/", "无", "不详", "#N/A", "\\N"]),
            ignore: texts(&["序号"]),
            widths: Vec::new(),
        }
    }
}

/// What becomes of a bad cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnBad {
    /// The row goes to quarantine.
    #[default]
    Reject,
    /// The cell is dropped and counted.
    Null,
}

/// The unit of money in an extract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Unit {
    #[serde(rename = "元")]
    Yuan,
    #[serde(rename = "万元")]
    WanYuan,
    #[serde(rename = "分")]
    Fen,
}

/// One column of a feed: where a canonical column comes from.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeedColumn {
    pub to: String,
    /// Headings, any of which may stand in the extract.
    pub from: Vec<String>,
    /// Headings of the names of a division, level by level; synonyms separated by `|`.
    pub path: Vec<String>,
    pub required: bool,
    pub optional: bool,
    pub on_bad: OnBad,
    pub unit: Option<Unit>,
    /// Own spellings on top of the code list.
    pub map: BTreeMap<String, String>,
}

/// How `bidui fake` writes the extract.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fake {
    pub kind: FileKind,
    pub encoding: String,
    pub delimiter: String,
    /// Put into a zip.
    pub zip: bool,
    pub split: Split,
    pub title_rows: usize,
    pub total_row: bool,
    pub date: String,
    /// Kinds of dirt that would change the meaning of this feed, such as `id_15`.
    pub no_dirt: Vec<String>,
}

/// Whether an extract comes as one file or as one for each county.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Split {
    #[default]
    Whole,
    County,
    /// One workbook, one sheet for each county.
    Sheet,
}

impl Default for Fake {
    fn default() -> Self {
        Self {
            kind: FileKind::Csv,
            encoding: "utf-8".into(),
            delimiter: ",".into(),
            zip: false,
            split: Split::Whole,
            title_rows: 0,
            total_row: false,
            date: "%Y-%m-%d".into(),
            no_dirt: Vec::new(),
        }
    }
}

/// The contract of one department's extract.
#[derive(Debug, Clone)]
pub struct Feed {
    pub id: String,
    pub title: Title,
    pub sender: String,
    pub table: String,
    pub files: String,
    pub format: Format,
    pub delivery: Delivery,
    pub limits: Limits,
    pub columns: Vec<FeedColumn>,
    pub constants: BTreeMap<String, String>,
    pub fake: Fake,
}

/// How bad an anomaly is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Red,
    Orange,
    Yellow,
    Blue,
}

impl Severity {
    /// All, worst first.
    pub const ALL: [Self; 4] = [Self::Red, Self::Orange, Self::Yellow, Self::Blue];

    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Orange => "orange",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
        }
    }

    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Red => "红",
            Self::Orange => "橙",
            Self::Yellow => "黄",
            Self::Blue => "蓝",
        }
    }
}

/// Who must act on an anomaly, and by when.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    pub to: String,
    /// `7d` calendar days or `3wd` working days.
    pub due: String,
    #[serde(default)]
    pub escalate: Vec<String>,
}

/// The text that a rule rests on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    pub text: String,
    #[serde(default)]
    pub source: Option<String>,
    #[serde(default)]
    pub effective: Vec<Option<String>>,
}

/// One value shown with an anomaly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    pub name: String,
    /// SQL over the view; a plain column is its own name.
    pub expr: String,
}

/// SQL over tables: one row per subject.
#[derive(Debug, Clone)]
pub struct View {
    pub id: String,
    pub title: Title,
    pub subject: String,
    pub division: String,
    pub name: Option<String>,
    /// It has so many subjects that some are built at a time.
    pub large: bool,
    pub trace: BTreeMap<String, Vec<String>>,
    /// Tables whose rows it counts by area, with the column whose codes begin with the subject.
    pub within: BTreeMap<String, String>,
    pub sql: String,
}

/// A predicate over a view that says what is wrong.
#[derive(Debug, Clone)]
pub struct Rule {
    pub id: String,
    pub title: Title,
    pub over: String,
    pub applies: String,
    pub needs: Vec<String>,
    /// What it compares has no day: it is not run while a feed that it needs is late.
    pub in_time: bool,
    pub severity: Severity,
    pub route: Route,
    pub evidence: Vec<Evidence>,
    pub message: String,
    pub anchor: Option<String>,
    pub waivers: Vec<String>,
    pub basis: Basis,
    pub alias: Vec<String>,
    pub sensitive: bool,
    pub predicate: String,
    /// BLAKE3 of the rule's file: its version.
    pub version: String,
}

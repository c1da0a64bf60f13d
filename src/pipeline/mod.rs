//! A folder of policy files, loaded and checked: tables, feeds, views, rules and code lists.

pub mod bulletins;
pub mod cases;
mod check;
mod constants;
mod delivery;
mod example;
mod forms;
pub mod groups;
pub mod indicators;
mod layout;
mod lists;
mod load;
mod names;
pub mod packs;
mod parse;
pub mod pattern;
mod places;
pub mod schema;
mod settings;
pub mod spec;
mod spellings;
mod yaml;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

pub use example::{Given, RuleTest, TestRow, rule_test};
pub use load::{load, read_folder};
pub use places::WrongCells;
pub use yaml::read as read_yaml;

use crate::codes::CodeList;
use crate::diagnostic::Source;
use spec::{Feed, Rule, Table, Title, View};

/// How persons are told apart.
#[derive(Debug, Clone, Default)]
pub struct IdentityPolicy {
    /// Tables whose names and births are believed, most trusted first.
    pub spine: Vec<String>,
    /// Environment variable that holds the secret of the person keys.
    pub secret_env: Option<String>,
    /// File that holds the secret.
    pub secret_file: Option<String>,
    /// A secret for sample data, said loudly when it is used.
    pub secret_demo: Option<String>,
    /// Beginnings of IDs that stand for "has none".
    pub placeholders: Vec<String>,
    pub link: LinkPolicy,
}

/// How sure a link must be that no exact step makes.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LinkPolicy {
    /// Bits for one person against all others and nobody, from which a row is linked: 6 is 64 to 1.
    pub accept: f64,
    /// Bits from which people are asked.
    pub review: f64,
    /// Code list of what people decided.
    pub decisions: Option<String>,
    /// Tables that list a person once.
    pub once: Vec<String>,
}

impl Default for LinkPolicy {
    fn default() -> Self {
        Self { accept: 6.0, review: -3.0, decisions: None, once: Vec::new() }
    }
}

/// Which columns of which table hold waivers.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverPolicy {
    pub table: String,
    pub rule: String,
    pub subject: String,
    pub reason: String,
    pub from: String,
    pub to: String,
}

/// What `pipeline.yaml` says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    pub title: Title,
    /// Code of the province, whose prefix every division has.
    pub division_root: String,
    /// Code lists with the divisions, and with the villages.
    pub divisions: Vec<String>,
    /// Code list with old and new division codes.
    pub division_history: Option<String>,
    pub input: Option<PathBuf>,
    pub lake: Option<PathBuf>,
    pub buckets: usize,
    pub identity: IdentityPolicy,
    pub retention_nights: usize,
    /// Switched-off rules with the reason.
    pub off: BTreeMap<String, String>,
    pub waivers: Option<WaiverPolicy>,
    /// Columns of the night report's table of counties, in their order.
    pub groups: Vec<groups::RuleGroup>,
    pub cases: cases::CaseSettings,
    pub publish: indicators::PublishSettings,
}

/// A checked pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// The folder's name.
    pub id: String,
    pub dir: PathBuf,
    pub settings: Settings,
    pub tables: BTreeMap<String, Table>,
    pub feeds: BTreeMap<String, Feed>,
    pub views: BTreeMap<String, View>,
    pub rules: BTreeMap<String, Rule>,
    pub codes: BTreeMap<String, CodeList>,
    pub indicators: BTreeMap<String, indicators::Indicator>,
    pub bulletins: BTreeMap<String, bulletins::Bulletin>,
    pub packs: BTreeMap<String, packs::Pack>,
    /// Text of each file by `section/stem`, for faults and for `explain`.
    pub sources: BTreeMap<String, Source>,
    /// Files that are no text, likewise.
    unread: BTreeSet<String>,
    /// BLAKE3 over every policy file: the pipeline's version.
    pub version: String,
}

impl Pipeline {
    /// The file behind `section/stem`.
    ///
    /// # Panics
    /// When the pipeline never had such a file, which the loader rules out.
    pub fn source(&self, section: &str, id: &str) -> &Source {
        &self.sources[&format!("{section}/{id}")]
    }

    /// Is there such a file, be it in order or not? Of what it says only its own faults are told.
    pub fn has(&self, section: &str, id: &str) -> bool {
        let key = format!("{section}/{id}");
        self.sources.contains_key(&key) || self.unread.contains(&key)
    }

    /// Feeds that fill a table, in the order of their ids.
    pub fn feeds_of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Feed> + 'a {
        self.feeds.values().filter(move |f| f.table == table)
    }

    /// Rules that are not switched off, in the order of their ids.
    pub fn active_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values().filter(|r| !self.settings.off.contains_key(&r.id))
    }
}

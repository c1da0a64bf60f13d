//! How a feed is delivered: what a delivery does to those before it, when it is due, and what it is held
//! against.

use serde::{Deserialize, Serialize};

use super::spec::FeedColumn;

/// What a delivery does to those before it; of a delivery in parts, to those of the same part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryKind {
    /// Replaces the last one.
    Snapshot,
    /// Adds the events of a period; a redelivery of the period supersedes.
    Append,
    /// Replaces rows of the same key.
    Upsert,
}

/// How often a feed is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cadence {
    Daily,
    Weekly,
    Monthly,
    Quarterly,
    Yearly,
    Once,
}

/// When and how a feed is delivered.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    pub kind: DeliveryKind,
    pub cadence: Cadence,
    /// Day of the month after the period by which the extract must be here.
    pub due_day: Option<u32>,
    /// Days after which the newest period is too old for rules to run on it.
    pub stale_after_days: Option<i64>,
    /// What the sender says that the rows of each file come to.
    #[serde(default)]
    pub control_totals: Vec<ControlTotal>,
}

/// A number that the sender gives beside the rows, and what it must equal.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlTotal {
    /// The column whose cells are summed: the table's name for it, or one of its headings.
    #[serde(default)]
    pub sum: Option<String>,
    #[serde(default)]
    pub count: Option<Counted>,
    pub equals: Against,
    #[serde(default)]
    pub on_difference: OnDifference,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    Rows,
}

/// Where the sender says the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// The total row below the data.
    Trailer,
    /// `<file name>.json` beside the file.
    Manifest,
}

/// What becomes of a delivery whose rows come to something else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDifference {
    #[default]
    Refuse,
    /// It is used, and the difference is said.
    Report,
}

impl ControlTotal {
    /// What is added up, as the contract calls it.
    pub fn words(&self) -> String {
        match &self.sum {
            Some(column) => format!("sum of {column}"),
            None => "count of rows".to_owned(),
        }
    }

    /// The feed's column that is summed.
    pub fn column<'a>(&self, columns: &'a [FeedColumn]) -> Option<(usize, &'a FeedColumn)> {
        let name = self.sum.as_ref()?;
        columns.iter().enumerate().find(|(_, c)| c.to == *name || c.from.contains(name))
    }
}

/// What becomes of a file that cannot be read at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BrokenFile {
    #[default]
    Report,
    Stop,
}

/// Limits that hold a delivery back.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    pub quarantine_percent: Option<f64>,
    pub row_count_change_percent: Option<f64>,
    pub broken_file: BrokenFile,
}

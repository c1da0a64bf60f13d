//! A returned workbook is taken in: each row is matched to its case by the case number, every row
//! gets a verdict with its reason, and what holds becomes acts of the ledger.
//!
//! Nothing is rejected silently, and a file can only move cases that stood in its own county's pack.

mod book;
mod fields;
mod judge;
mod merge;
mod reply;
mod rest;

#[cfg(test)]
mod tests;

use chrono::NaiveDate;

pub use book::{Returned, read};
pub use fields::Fields;
pub use judge::{Desk, judge};
pub use reply::reply;

use crate::ledger::act::Draft;

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It moved its case.
    Accepted,
    /// It says nothing new, or comes too late.
    Ignored,
    /// It cannot be used: to be filled in again.
    Invalid,
}

impl Verdict {
    /// The word in Chinese.
    pub fn zh(self) -> &'static str {
        match self {
            Self::Accepted => "采纳",
            Self::Ignored => "未采纳（没有新内容）",
            Self::Invalid => "无效（请更正后重报）",
        }
    }
}

/// One row of a returned file, or a row that it should have had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub sheet: String,
    /// Row in the sheet, from 1; 0 for a row that is missing.
    pub row: u64,
    /// The case number as it stands there.
    pub number: String,
    pub verdict: Verdict,
    /// Why, in Chinese; several are separated by `；`.
    pub reason: String,
}

/// What a returned file came to.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// The pack and the county that it belongs to, where that is known.
    pub pack: String,
    pub county: String,
    /// What is odd about the file as a whole, in Chinese.
    pub notes: Vec<String>,
    /// Why nothing of it could be used.
    pub refused: Option<String>,
    pub lines: Vec<Line>,
    /// Acts for the ledger, in their order.
    pub drafts: Vec<Draft>,
}

impl Taken {
    /// Rows by verdict.
    pub fn count(&self, verdict: Verdict) -> u64 {
        self.lines.iter().filter(|l| l.verdict == verdict).count() as u64
    }
}

/// Who took a file in, and when.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub day: NaiveDate,
    pub actor: String,
    /// The county that the operator names for files that do not say it themselves.
    pub county: Option<String>,
}

//! A batch: everything that one `pack issue` of a month sent out, and how the ledger remembers it.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use crate::calendar::{month_of, month_start, month_word};
use crate::error::{Error, Result};
use crate::ledger::act::{Act, Event};

/// One issue of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Beginning of the pack numbers.
    pub prefix: String,
    /// First day of the month.
    pub month: NaiveDate,
    /// 1 for the first issue of the month, 2 for its first supplement …
    pub number: usize,
    /// The day on which it was issued.
    pub day: NaiveDate,
}

/// A batch that the ledger has recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    pub batch: Batch,
    /// BLAKE3 and rows of each county's workbook.
    pub counties: BTreeMap<String, (String, u64)>,
    /// Number of the first event of the batch.
    pub first: i64,
}

/// Reads `2026-10` as its first day.
///
/// # Errors
/// It is no month.
pub fn month(text: &str) -> Result<NaiveDate> {
    month_of(text)
        .ok_or_else(|| Error::usage(format!("`{text}` is no month")).hint("write it like 2026-10"))
}

impl Batch {
    /// 2026-10
    pub fn month_word(&self) -> String {
        month_word(self.month)
    }

    /// 2026年10月
    pub fn month_zh(&self) -> String {
        format!("{}年{}月", self.month.year(), self.month.month())
    }

    /// Name of the folder: 2026-10, 2026-10-2 …
    pub fn folder(&self) -> String {
        format!("{}{}", self.month_word(), self.suffix())
    }

    /// Number of the pack of a division: GS-2026-10-620423, GS-2026-10-620423-2 …
    pub fn pack(&self, division: &str) -> String {
        format!("{}-{}-{division}{}", self.prefix, self.month_word(), self.suffix())
    }

    fn suffix(&self) -> String {
        if self.number > 1 { format!("-{}", self.number) } else { String::new() }
    }

    /// The number of the batch that a pack belongs to.
    fn number_of(prefix: &str, month: &str, division: &str, pack: &str) -> Option<usize> {
        match pack.strip_prefix(&format!("{prefix}-{month}-{division}"))? {
            "" => Some(1),
            rest => rest.strip_prefix('-')?.parse().ok().filter(|n| *n > 1),
        }
    }
}

/// The batches of a month, in their order.
pub fn issued(events: &[Event], prefix: &str, month: NaiveDate) -> Vec<Issued> {
    let word = month_word(month);
    let mut batches: BTreeMap<usize, Issued> = BTreeMap::new();
    let mut of_pack: BTreeMap<&str, usize> = BTreeMap::new();
    for event in events {
        let Act::PackIssue { month: own, division, rows, blake3 } = &event.draft.act else {
            continue;
        };
        let pack = &event.draft.about;
        let number = Batch::number_of(prefix, own, division, pack);
        let Some(number) = number.filter(|_| *own == word) else { continue };
        let batch = batches.entry(number).or_insert_with(|| Issued {
            batch: Batch { prefix: prefix.into(), month, number, day: event.draft.day },
            counties: BTreeMap::new(),
            first: event.seq,
        });
        batch.counties.insert(division.clone(), (blake3.clone(), *rows));
        of_pack.insert(pack, number);
    }
    for event in events {
        let Act::Issue { pack, .. } = &event.draft.act else { continue };
        if let Some(batch) = of_pack.get(pack.as_str()).and_then(|n| batches.get_mut(n)) {
            batch.first = batch.first.min(event.seq);
        }
    }
    batches.into_values().collect()
}

/// The last month of which the ledger knows a pack.
pub fn last_month(events: &[Event]) -> Option<NaiveDate> {
    let months = events.iter().rev().filter_map(|e| match &e.draft.act {
        Act::PackIssue { month, .. } => super::batch::month(month).ok(),
        _ => None,
    });
    months.max().map(month_start)
}

//! What was received: the account of one delivery.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::control::ControlAccount;
use crate::error::{Error, Result};
use crate::lake::{Lake, listed, read_json};
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{ColumnType, DeliveryKind, Feed, Table};
use crate::privacy::PersonKeys;

/// One file, or one sheet of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PartAccount {
    pub file: String,
    pub sheet: Option<String>,
    /// What the text was read as; of a file that is no text its kind.
    pub encoding: Option<String>,
    pub delimiter: Option<char>,
    /// Line of the heading; 0 when there is none.
    pub header_line: u64,
    /// Titles, headings, totals, signatures and blank rows.
    pub layout: u64,
    /// Data rows: used + quarantined + duplicate.
    pub rows: u64,
    pub used: u64,
    pub quarantined: u64,
    pub duplicate: u64,
    pub new_columns: Vec<String>,
}

/// A file that was taken in, or why it was not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FileAccount {
    pub name: String,
    pub bytes: u64,
    pub blake3: String,
    pub refused: Option<String>,
}

/// What is decided about a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Accepted,
    /// It cannot be used; `reasons` say why.
    Refused,
}

impl Verdict {
    /// The word in files.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// The receipt of a delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Receipt {
    pub delivery: String,
    pub feed: String,
    pub table: String,
    pub sender: String,
    pub kind: DeliveryKind,
    /// Hash of the contract that it was read under, code lists included; another one reads it anew.
    pub contract: String,
    /// Last day of the period that it speaks of.
    #[serde(with = "crate::calendar::iso")]
    pub period: NaiveDate,
    /// Whose share of the period it is; nothing when it is the whole.
    #[serde(default)]
    pub part: Option<String>,
    /// The night that took it in.
    #[serde(with = "crate::calendar::iso")]
    pub received: NaiveDate,
    /// The how manieth it is of its period and part that came that night.
    #[serde(default)]
    pub arrival: u32,
    /// The how manieth of its share of the period that came that night, whatever the contract: what came
    /// last is read again under the next one. 0 when an older version received it.
    #[serde(default)]
    pub turn: u32,
    /// Its files are noted in its manifest; older versions had none.
    #[serde(default)]
    pub noted: bool,
    /// BLAKE3 of the contents of its files, whatever their names.
    pub content: String,
    pub verdict: Verdict,
    pub reasons: Vec<String>,
    pub warnings: Vec<String>,
    pub files: Vec<FileAccount>,
    pub parts: Vec<PartAccount>,
    /// Data rows in its files: used + quarantined + duplicate.
    pub rows: u64,
    pub used: u64,
    pub quarantined: u64,
    pub duplicate: u64,
    /// Used rows whose ID names no person yet.
    pub pending: u64,
    /// Repairs beside the raw value and dropped cells, by kind.
    pub amendments: BTreeMap<String, u64>,
    /// Quarantined rows by reason.
    pub reject_reasons: BTreeMap<String, u64>,
    /// What the sender says that the rows come to, and what they do.
    #[serde(default)]
    pub control_totals: Vec<ControlAccount>,
}

impl Receipt {
    /// Holds the account: rows in the files = used + quarantined + duplicate, in all and by part.
    ///
    /// # Errors
    /// A gate, with the difference, which stops the night.
    pub fn close(&self, written: u64) -> Result<()> {
        let sum = |f: fn(&PartAccount) -> u64| self.parts.iter().map(f).sum::<u64>();
        let parts = self.parts.iter().all(|p| p.rows == p.used + p.quarantined + p.duplicate);
        let whole = self.rows == self.used + self.quarantined + self.duplicate
            && self.rows == sum(|p| p.rows)
            && self.used == written;
        if parts && whole {
            return Ok(());
        }
        Err(Error::gate(format!(
            "the account of {} {} does not close: {} rows in its files, {} used, {} quarantined, \
             {} duplicate, {written} written",
            self.feed, self.delivery, self.rows, self.used, self.quarantined, self.duplicate
        ))
        .hint("this is a fault of bidui; the last published night stays as it was"))
    }

    /// Reads a receipt.
    ///
    /// # Errors
    /// It is missing or damaged.
    pub fn read(dir: &Path) -> Result<Self> {
        let hint = "remove the delivery's folder and run again; it will be received anew";
        read_json(&dir.join("receipt.json"), hint)
    }
}

/// Raised whenever bidui comes to read some extract otherwise, or one at which it panicked: deliveries of
/// before are then read again from what the lake keeps of them.
const READING: u32 = 9;

/// Hash of all that decides how a feed's files are read: its contract, its table and what the cells of
/// that are held against, the buckets, the secret and the reader.
pub fn contract(pipeline: &Pipeline, feed: &Feed, keys: &PersonKeys) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(pipeline.source("feeds", &feed.id).text.as_bytes());
    hasher.update(pipeline.source("tables", &feed.table).text.as_bytes());
    for text in held_against(pipeline, &pipeline.tables[&feed.table]) {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(&READING.to_le_bytes());
    hasher.update(&pipeline.settings.buckets.to_le_bytes());
    hasher.update(&keys.derived("delivery", &[]).to_le_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

/// What the cells of a table are held against, in a fixed order: the versions of its code lists, the
/// beginnings of numbers that are none, the register of divisions. With another spelling, say, rows can
/// be used that were quarantined before.
fn held_against<'a>(pipeline: &'a Pipeline, table: &'a Table) -> Vec<&'a str> {
    let settings = &pipeline.settings;
    let version = |list: &String| pipeline.codes[list].version.as_str();
    let has = |kind: ColumnType| table.columns.iter().any(|column| column.kind == kind);
    let lists = table.columns.iter().filter_map(|column| column.codes.as_ref());
    let mut all: Vec<&str> = lists.map(version).collect();
    if has(ColumnType::CitizenId) {
        all.push("placeholders");
        all.extend(settings.identity.placeholders.iter().map(String::as_str));
    }
    if has(ColumnType::Division) {
        all.extend(["divisions", &settings.division_root]);
        all.extend(settings.divisions.iter().map(version));
        all.push("history");
        all.extend(settings.division_history.iter().map(version));
    }
    all
}

/// The hash of each feed's contract, see [`contract`]: a lake has thousands of receipts to compare.
pub fn contracts<'a>(pipeline: &'a Pipeline, keys: &PersonKeys) -> BTreeMap<&'a str, String> {
    let own = |feed: &'a Feed| (feed.id.as_str(), contract(pipeline, feed, keys));
    pipeline.feeds.values().map(own).collect()
}

/// Receipts of a pipeline's feeds that were there on a night, whatever their contract.
///
/// # Errors
/// A damaged receipt, or a folder that cannot be read.
pub fn every_receipt(lake: &Lake, pipeline: &Pipeline, night: NaiveDate) -> Result<Vec<Receipt>> {
    let mut all = Vec::new();
    for feed in pipeline.feeds.keys() {
        let home = lake.deliveries(feed);
        for name in listed(&home)? {
            let receipt = Receipt::read(&home.join(name))?;
            if receipt.received <= night {
                all.push(receipt);
            }
        }
    }
    all.sort_by(|a, b| {
        let order = |r: &Receipt| (r.period, r.received);
        (&a.feed, order(a), &a.part, a.arrival, &a.delivery).cmp(&(
            &b.feed,
            order(b),
            &b.part,
            b.arrival,
            &b.delivery,
        ))
    });
    Ok(all)
}

/// Receipts under today's contracts that were there on a night, oldest first.
///
/// # Errors
/// A damaged receipt.
pub fn receipts(
    lake: &Lake,
    pipeline: &Pipeline,
    keys: &PersonKeys,
    night: NaiveDate,
) -> Result<Vec<Receipt>> {
    let mut own = every_receipt(lake, pipeline, night)?;
    let today = contracts(pipeline, keys);
    own.retain(|r| r.contract == today[r.feed.as_str()]);
    Ok(own)
}

/// Splits a feed's accepted deliveries, oldest first, into those in force and those superseded. A
/// part supersedes only its own share; a whole delivery supersedes every part.
pub fn in_force<'a>(feed: &Feed, receipts: &'a [Receipt]) -> (Vec<&'a Receipt>, Vec<&'a Receipt>) {
    let own = receipts.iter().filter(|r| r.feed == feed.id && r.verdict == Verdict::Accepted);
    let own: Vec<&Receipt> = own.collect();
    let later_same = |i: usize| {
        own[i + 1..].iter().filter(|r| r.part.is_none() || r.part == own[i].part).any(
            |r| match feed.delivery.kind {
                DeliveryKind::Snapshot => true,
                DeliveryKind::Append => r.period == own[i].period,
                DeliveryKind::Upsert => false,
            },
        )
    };
    let (old, new): (Vec<_>, Vec<_>) = (0..own.len()).partition(|i| later_same(*i));
    let pick = |places: Vec<usize>| places.into_iter().map(|i| own[i]).collect();
    (pick(new), pick(old))
}

/// The newest period of every part of a feed since its last whole delivery. `receipts` are oldest
/// first.
pub fn parts(feed: &Feed, receipts: &[Receipt]) -> BTreeMap<String, NaiveDate> {
    let mut newest = BTreeMap::new();
    let own = receipts.iter().filter(|r| r.feed == feed.id && r.verdict == Verdict::Accepted);
    for receipt in own {
        match &receipt.part {
            Some(part) => _ = newest.insert(part.clone(), receipt.period),
            None => newest.clear(),
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> Receipt {
        let json = serde_json::json!({
            "delivery": "20261031-0", "feed": "visit", "table": "visit", "sender": "",
            "kind": "append", "contract": "", "period": "2026-10-31", "received": "2026-11-10",
            "content": "", "verdict": "accepted", "reasons": [], "warnings": [], "files": [],
            "parts": [], "rows": 10, "used": 7, "quarantined": 2, "duplicate": 1, "pending": 0,
            "amendments": {}, "reject_reasons": {},
        });
        let receipt: Receipt = serde_json::from_value(json).expect("a receipt");
        let part =
            PartAccount { rows: 10, used: 7, quarantined: 2, duplicate: 1, ..Default::default() };
        Receipt { parts: vec![part], ..receipt }
    }

    fn is_in_no_part(receipt: &mut Receipt) {
        receipt.rows += 1;
        receipt.used += 1;
    }

    fn is_in_another_part(receipt: &mut Receipt) {
        receipt.parts.push(PartAccount { used: 1, ..PartAccount::default() });
        receipt.parts[0].used -= 1;
    }

    /// R8.
    #[test]
    fn an_account_that_differs_by_one_stops_the_night() {
        type Change = fn(&mut Receipt);
        account().close(7).expect("it closes");
        let changes: [(Change, u64); 10] = [
            (|_| {}, 6),
            (|_| {}, 8),
            (|receipt| receipt.rows += 1, 7),
            (|receipt| receipt.used += 1, 8),
            (|receipt| receipt.quarantined -= 1, 7),
            (|receipt| receipt.duplicate += 1, 7),
            (|receipt| receipt.parts[0].rows += 1, 7),
            (|receipt| receipt.parts[0].used -= 1, 7),
            (is_in_no_part, 8),
            (is_in_another_part, 7),
        ];
        for (number, (change, written)) in changes.into_iter().enumerate() {
            let mut receipt = account();
            change(&mut receipt);
            let Err(error) = receipt.close(written) else { panic!("change {number} is not seen") };
            assert_eq!(error.exit_code(), 1, "{error}");
        }
    }
}

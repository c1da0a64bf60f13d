//! The bulletin (通报) of a month or a quarter: one self-contained page in the form of Chinese
//! offices that prints well on A4, and its annexes as a workbook.
//!
//! Texts are made from figures by plain rules, the same figures give the same bytes, and no number
//! stands there that is not in the data. Rose and fell are the changes of the printed values; what is
//! missing is said, never 0.

mod annex;
mod book;
mod cases;
mod charts;
mod cities;
mod facts;
mod items;
mod notes;
mod overview;
mod page;
mod period;
mod problems;
pub mod units;
mod words;

#[cfg(test)]
mod tests;

pub use book::workbook;
pub use period::Period;
pub use words::unit_zh;

use chrono::Datelike;

use crate::division::Divisions;
use crate::error::Result;
use crate::indicator::area::Figures;
use crate::indicator::figure::Reader;
use crate::indicator::table::{History, Note, Row};
use crate::ledger::act::Draft;
use crate::ledger::policy::Policy;
use crate::pipeline::Pipeline;
use crate::pipeline::bulletins::Bulletin;
use facts::Facts;
use units::UnitLine;

/// Anomalies of one rule in one county on the period's last night, waived ones left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub rule: String,
    /// 6 digits, or empty when unknown.
    pub county: String,
    pub anomalies: u64,
}

/// What a bulletin is made from.
pub struct Material<'a> {
    pub pipeline: &'a Pipeline,
    pub bulletin: &'a Bulletin,
    pub divisions: &'a Divisions,
    pub policy: &'a Policy,
    pub period: Period,
    pub reader: Reader,
    pub history: &'a History,
    /// What the period's last night says of its indicators; empty when that night is gone.
    pub notes: &'a [Note],
    /// Every act of the ledger in its order; nothing when there is no ledger.
    pub drafts: Option<&'a [Draft]>,
    /// Nothing when the period's last night is gone.
    pub found: Option<&'a [Found]>,
    /// Rules that should have been run on that night and were not, with the reason.
    pub rules_not_run: &'a [(String, String)],
    /// Feeds that were late, stale or missing on that night, with the word for it.
    pub feeds_wanting: &'a [(String, &'static str)],
    /// Counts of hospitals; nothing when that night is gone.
    pub units: Option<&'a [UnitLine]>,
    /// The sample secret was used.
    pub demo_secret: bool,
}

impl Material<'_> {
    /// A word of `publish.words`; the name in corner brackets when it is not set.
    pub fn word(&self, name: &str) -> String {
        let words = &self.pipeline.settings.publish.words;
        words.get(name).cloned().unwrap_or_else(|| format!("〔{name}〕"))
    }

    /// What the cities of the province are called: `cities` of `publish.words`.
    pub fn cities(&self) -> &str {
        let words = &self.pipeline.settings.publish.words;
        words.get("cities").map_or("市（州）", String::as_str)
    }

    /// The figures of a night's rows as far as the reader may know them.
    fn figures(&self, rows: &[Row]) -> Figures {
        Figures::of(self.pipeline, rows).veiled(self.pipeline, self.reader)
    }

    /// A text of the policy with its names in braces filled in.
    pub fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            let (name, more) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(&match name {
                "period" => self.period.zh(),
                "year" => self.period.next().year().to_string(),
                name => self.word(name),
            });
            rest = more;
        }
        filled + rest
    }
}

/// The bulletin as one self-contained HTML page.
///
/// # Errors
/// There are no figures of the period; the ledger is damaged.
pub fn html(material: &Material<'_>) -> Result<String> {
    // A line may end between a percentage and its bracket, which browsers do not see by themselves.
    Ok(page::page(&Facts::of(material)?).into_string().replace("%（", "%<wbr>（"))
}

//! What can happen to a case or a pack: the acts, and the events that record them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::state::Verb;
use crate::calendar::iso;
use crate::pipeline::spec::Severity;

/// The actor of everything that a night does by itself.
pub const SYSTEM: &str = "bidui";

/// What a county's answer comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// True, and put right.
    Fixed,
    /// True, and being put right: the case stays with the county.
    Fixing,
    /// Not true.
    NotTrue,
    /// A special case: a waiver is asked for.
    Waiver,
    /// Another office's matter.
    Elsewhere,
}

/// What a county filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    pub outcome: Outcome,
    /// The pack whose form was filled in.
    pub pack: String,
    /// BLAKE3 of the returned file.
    pub file: String,
    #[serde(with = "iso::option", default, skip_serializing_if = "Option::is_none")]
    pub checked_on: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub way: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub cause: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub measure: String,
    #[serde(with = "iso::option", default, skip_serializing_if = "Option::is_none")]
    pub done_on: Option<NaiveDate>,
    /// Number of the evidence that the county keeps.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub evidence_no: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub person: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phone: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Answer {
    /// Does it say that nothing is left to do? Only then can an extract prove it.
    pub fn is_final(&self) -> bool {
        matches!(self.outcome, Outcome::Fixed | Outcome::NotTrue)
    }
}

/// Why an answer does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// An extract that came after the answer still shows it.
    StillFound,
    /// A reviewer refused it.
    Refused,
}

/// One act. Terms are carried along, so that a fold needs no calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum Act {
    Open {
        anomaly: String,
        rule: String,
        subject_kind: String,
        subject: String,
        anchor: String,
        /// 6 digits; `000000` when unknown.
        county: String,
        division: String,
        /// The office that the rule routes to.
        owner: String,
        severity: Severity,
    },
    Issue {
        pack: String,
        #[serde(with = "iso")]
        due: NaiveDate,
        /// Days after which the second, third … letter goes out; the first goes out after `due`.
        #[serde(with = "iso::list")]
        steps: Vec<NaiveDate>,
    },
    Receive,
    Verify,
    /// An answer that says that work goes on.
    Progress(Box<Answer>),
    Answer(Box<Answer>),
    Review,
    SendBack {
        fault: Fault,
        #[serde(with = "iso")]
        due: NaiveDate,
        reason: String,
    },
    Close {
        reason: String,
    },
    Vanish,
    Waive {
        reason: String,
        approver: String,
        evidence_no: String,
        /// Last day; nothing while a row of the waiver feed holds it.
        #[serde(with = "iso::option", default, skip_serializing_if = "Option::is_none")]
        until: Option<NaiveDate>,
    },
    Lapse,
    HandOver {
        county: String,
        owner: String,
        reason: String,
    },
    Reopen {
        relapse: bool,
        reason: String,
    },
    Escalate {
        /// 1 for the first letter.
        step: usize,
    },
    Assign {
        to: String,
    },
    Note {
        text: String,
    },
    /// A pack was written for a county.
    PackIssue {
        month: String,
        division: String,
        rows: u64,
        blake3: String,
    },
    /// The county signed for its pack.
    PackReceive {
        division: String,
    },
    /// A returned file was taken in.
    PackReturn {
        division: String,
        /// Its kind and the first digits of its BLAKE3; older events have the name that it came under.
        file: String,
        blake3: String,
        accepted: u64,
        ignored: u64,
        invalid: u64,
    },
    /// People were shown unmasked.
    Reveal {
        what: String,
        reason: String,
    },
}

impl Act {
    /// What it does to a case; nothing for acts about packs and people.
    pub fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::Open { .. } => Verb::Open,
            Self::Issue { .. } => Verb::Issue,
            Self::Receive => Verb::Receive,
            Self::Verify => Verb::Verify,
            Self::Progress(_) => Verb::Progress,
            Self::Answer(_) => Verb::Answer,
            Self::Review => Verb::Review,
            Self::SendBack { .. } => Verb::SendBack,
            Self::Close { .. } => Verb::Close,
            Self::Vanish => Verb::Vanish,
            Self::Waive { .. } => Verb::Waive,
            Self::Lapse => Verb::Lapse,
            Self::HandOver { .. } => Verb::HandOver,
            Self::Reopen { .. } => Verb::Reopen,
            Self::Escalate { .. } => Verb::Escalate,
            Self::Assign { .. } => Verb::Assign,
            Self::Note { .. } => Verb::Note,
            Self::PackIssue { .. }
            | Self::PackReceive { .. }
            | Self::PackReturn { .. }
            | Self::Reveal { .. } => return None,
        })
    }
}

impl Act {
    /// The word in files, as in its JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Self::PackIssue { .. } => "pack_issue",
            Self::PackReceive { .. } => "pack_receive",
            Self::PackReturn { .. } => "pack_return",
            Self::Reveal { .. } => "reveal",
            other => other.verb().map_or("", Verb::word),
        }
    }

    /// The word in Chinese.
    pub fn zh(&self) -> &'static str {
        match self {
            Self::PackIssue { .. } => "反馈包下发",
            Self::PackReceive { .. } => "反馈包签收",
            Self::PackReturn { .. } => "反馈包收回",
            Self::Reveal { .. } => "查看明文",
            other => other.verb().map_or("", Verb::zh),
        }
    }
}

/// An act that is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// A case number, a pack's id, or the thing that was revealed.
    pub about: String,
    /// The day that it counts for.
    #[serde(with = "iso")]
    pub day: NaiveDate,
    pub actor: String,
    #[serde(flatten)]
    pub act: Act,
}

/// An act that was recorded, in its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3 …
    pub seq: i64,
    /// The night that recorded it; nothing for what people did.
    pub night: Option<String>,
    /// When it was recorded: RFC 3339, or the day for what a night did.
    pub at: String,
    pub draft: Draft,
    /// The act as JSON, as it is kept and hashed.
    pub text: String,
    /// BLAKE3 of the event before it, 64 hexadecimal digits.
    pub prev: String,
    pub hash: String,
}

#[cfg(test)]
impl Act {
    /// Opens a case about a person, for tests of what stands on the ledger.
    pub(crate) fn opening(anomaly: &str, rule: &str, division: &str) -> Self {
        Self::Open {
            anomaly: anomaly.into(),
            rule: rule.into(),
            subject_kind: "person".into(),
            subject: format!("{anomaly:0>16}"),
            anchor: String::new(),
            county: division[..6].into(),
            division: division.into(),
            owner: "county_health".into(),
            severity: Severity::Red,
        }
    }
}

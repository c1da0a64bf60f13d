//! What came into a county's stock of open cases and what left it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::act::Draft;
use super::case::Cases;
use super::state::Verb;
use crate::error::Result;

/// The flow of one county over some days: `carried + opened + reopened + handed_in - closed -
/// vanished - waived - handed_out = stock`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// 结转: open before the first day.
    pub carried: u64,
    pub opened: u64,
    /// 反弹 and waivers that ended.
    pub reopened: u64,
    pub handed_in: u64,
    /// 销号
    pub closed: u64,
    /// 系统消除
    pub vanished: u64,
    pub waived: u64,
    pub handed_out: u64,
    /// 存量: open after the last day, counted from the cases themselves.
    pub stock: u64,
}

impl Flow {
    /// Does it add up?
    pub fn closes(&self) -> bool {
        self.carried + self.opened + self.reopened + self.handed_in
            == self.closed + self.vanished + self.waived + self.handed_out + self.stock
    }

    /// The sum of two flows; what one county handed to the other stays visible in both directions.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            carried: self.carried + other.carried,
            opened: self.opened + other.opened,
            reopened: self.reopened + other.reopened,
            handed_in: self.handed_in + other.handed_in,
            closed: self.closed + other.closed,
            vanished: self.vanished + other.vanished,
            waived: self.waived + other.waived,
            handed_out: self.handed_out + other.handed_out,
            stock: self.stock + other.stock,
        }
    }
}

/// Flows by county of the days `from` to `to`, both included, from all acts in their order.
///
/// # Errors
/// An act that is not allowed: the ledger is damaged.
pub fn flows<'a>(
    drafts: impl IntoIterator<Item = &'a Draft>,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<BTreeMap<String, Flow>> {
    let mut cases = Cases::default();
    let mut flows: BTreeMap<String, Flow> = BTreeMap::new();
    for draft in drafts.into_iter().filter(|d| d.day <= to) {
        let Some(verb) = draft.act.verb() else { continue };
        let before = place(&cases, &draft.about);
        cases.apply(draft)?;
        let after = place(&cases, &draft.about);
        if before == after {
            continue;
        }
        let early = draft.day < from;
        if let Some(county) = before {
            let flow = flows.entry(county).or_default();
            match verb {
                _ if early => flow.carried -= 1,
                Verb::Close => flow.closed += 1,
                Verb::Vanish => flow.vanished += 1,
                Verb::Waive => flow.waived += 1,
                _ => flow.handed_out += 1,
            }
        }
        if let Some(county) = after {
            let flow = flows.entry(county).or_default();
            match verb {
                _ if early => flow.carried += 1,
                Verb::Open => flow.opened += 1,
                Verb::HandOver => flow.handed_in += 1,
                _ => flow.reopened += 1,
            }
        }
    }
    for case in cases.by_number.values().filter(|c| c.state.is_open()) {
        flows.entry(case.county.clone()).or_default().stock += 1;
    }
    Ok(flows)
}

/// The county in whose stock a case is.
fn place(cases: &Cases, number: &str) -> Option<String> {
    let case = cases.by_number.get(number).filter(|c| c.state.is_open())?;
    Some(case.county.clone())
}

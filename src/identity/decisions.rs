//! What the people at the identity desk decided: rows that are, or are not, of a person.
//!
//! A code list of the pipeline holds one decision a line: `mention` (the number of the row in the
//! review table), `person` (the person's key), `verdict` (`same` or `different`). Later lines win.

use std::collections::{BTreeMap, BTreeSet};

use super::mention::{Kind, Mention};
use super::seen::trace;
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::privacy::PersonKeys;

/// Decisions by the number of a mention.
pub(super) struct Decisions {
    keys: PersonKeys,
    same: BTreeMap<i64, i64>,
    different: BTreeSet<(i64, i64)>,
}

impl Decisions {
    /// Reads the pipeline's list, if it names one.
    ///
    /// # Errors
    /// A line that is no decision.
    pub fn of(pipeline: &Pipeline, keys: &PersonKeys) -> Result<Self> {
        let mut own =
            Self { keys: keys.clone(), same: BTreeMap::new(), different: BTreeSet::new() };
        let Some(id) = &pipeline.settings.identity.link.decisions else { return Ok(own) };
        let Some(list) = pipeline.codes.get(id) else { return Ok(own) };
        let wrong = |line: usize, what: &str| {
            Error::pipeline(format!("codes/{id}.csv:{}: {what}", line + 2)).hint(
                "expected mention and person with 16 hexadecimal digits and a verdict, `same` or `different`",
            )
        };
        let at = |name: &str| {
            list.position(name).ok_or_else(|| wrong(0, &format!("no column `{name}`")))
        };
        let (mention, person, verdict) = (at("mention")?, at("person")?, at("verdict")?);
        for (line, row) in list.rows.iter().enumerate() {
            let number = |text: &str| i64::from_str_radix(text.trim(), 16).ok();
            let (Some(a), Some(b)) = (number(&row[mention]), number(&row[person])) else {
                return Err(wrong(line, "not a number of a row and a key of a person"));
            };
            match row[verdict].trim() {
                "same" => {
                    own.same.insert(a, b);
                    own.different.remove(&(a, b));
                }
                "different" => {
                    own.different.insert((a, b));
                    if own.same.get(&a) == Some(&b) {
                        own.same.remove(&a);
                    }
                }
                _ => return Err(wrong(line, "neither `same` nor `different`")),
            }
        }
        Ok(own)
    }

    /// The number by which people know a mention: of what it says, not of where it stands, so that
    /// the same row has the same number every night.
    pub fn number(&self, mention: &Mention) -> i64 {
        let traits = &mention.traits;
        let kind = if mention.kind == Kind::Waiting { "waiting" } else { "id" };
        let birth = traits.birth.map(|b| b.to_string()).unwrap_or_default();
        let (place, home) = (traits.place.to_string(), traits.household.to_string());
        self.keys.derived("mention", &[kind, &traits.id, &traits.name, &birth, &place, &home])
    }

    /// The number by which the next night knows a row: see [`trace`].
    pub fn trace(&self, mention: &Mention, own: Option<i64>) -> i64 {
        trace(&self.keys, &mention.traits, own)
    }

    /// The person that a mention is of.
    pub fn accepted(&self, number: i64) -> Option<i64> {
        self.same.get(&number).copied()
    }

    /// Was it decided that a mention is not of this person?
    pub fn refused(&self, number: i64, person: i64) -> bool {
        self.different.contains(&(number, person))
    }
}

//! One to one where it must be: a list that lists a person once has no two rows of one person, unless
//! both rest on the ID. Whose evidence is weaker takes the next person, or is left to people.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::Set;
use super::compare::{Field, id};
use super::decide::{Case, Outcome, Review};
use super::mention::{Alike, Kind, Mention};
use super::model::Model;
use super::probe::Candidate;
use super::step::Step;
use super::sweep::Ground;
use crate::error::Result;
use crate::lake::rows::{PERSON_KEY, SRC_ROW};

/// Lists that list a person once, and whom of those that are asked for they have under a plain ID.
#[derive(Default)]
pub(super) struct Lists {
    /// Places in the order of trust.
    tables: BTreeSet<u16>,
    has: Set<(u16, i64)>,
}

impl Lists {
    /// Reads the keys of these lists; kept are those that a mention may come to.
    ///
    /// # Errors
    /// What the disk says.
    pub fn read(
        ground: &Ground<'_>,
        mentions: &[Mention],
        candidates: &[Candidate],
    ) -> Result<Self> {
        let once = &ground.pipeline.settings.identity.link.once;
        let named = ground.order.iter().enumerate().filter(|(_, t)| once.contains(&t.id));
        // The master's rows are the persons themselves.
        let tables: BTreeSet<u16> = named.map(|(at, _)| at as u16).filter(|at| *at > 0).collect();
        if tables.is_empty() {
            return Ok(Self::default());
        }
        // Rows of the spine may lead others on to their person.
        let spine = ground.spine() as u16;
        let asked =
            |m: &Mention| m.table < spine || m.rows.iter().any(|row| tables.contains(&row.table));
        let asked = |c: &&Candidate| asked(&mentions[c.mention as usize]);
        let wanted: Set<i64> = candidates.iter().filter(asked).map(|c| c.key).collect();
        let rows = mentions.iter().flat_map(|m| &m.rows).filter(|r| tables.contains(&r.table));
        let apart: Set<(u16, u32, i64)> = rows.map(|r| (r.table, r.delivery, r.src_row)).collect();
        let columns = [PERSON_KEY.to_owned(), SRC_ROW.to_owned()];
        let piles = ground.each_range(|range, cursors, has: &mut Set<_>| {
            for table in &tables {
                for (at, batch) in ground.rows(cursors, usize::from(*table), &columns, range)? {
                    let keys = batch.column(0).as_primitive::<Int64Type>();
                    let rows = batch.column(1).as_primitive::<Int64Type>();
                    for (key, row) in keys.values().iter().zip(rows.values()) {
                        if wanted.contains(key) && !apart.contains(&(*table, at as u32, *row)) {
                            has.insert((*table, *key));
                        }
                    }
                }
            }
            Ok(())
        })?;
        Ok(Self { tables, has: piles.into_iter().flatten().collect() })
    }

    /// The lists that have a row of a mention.
    fn of<'a>(&'a self, mention: &'a Mention) -> BTreeSet<u16> {
        let tables = mention.rows.iter().map(|row| row.table);
        tables.filter(|table| self.tables.contains(table)).collect()
    }
}

/// How strong evidence is, the least being the best: the step, and tenths of bits.
type Strength = (Step, i64);

/// Those who claim one person in one list, those with one number and name together: the mentions, and
/// the best of their evidence unless it rests on the ID.
type Claims<'a> = BTreeMap<Alike<'a>, (Vec<u32>, Option<Strength>)>;

impl Case<'_> {
    /// Lets no list have two rows of one person, unless their evidence is the ID.
    pub(super) fn one_to_one(
        &self,
        candidates: &[Candidate],
        model: &Model,
        outcome: &mut Outcome,
    ) {
        if self.lists.tables.is_empty() {
            return;
        }
        // Whoever loses a person never asks for it again, so this comes to an end.
        loop {
            let losers = self.losers(model, outcome);
            if losers.is_empty() {
                return;
            }
            outcome.lost.extend(&losers);
            for (at, _) in losers {
                let first = candidates.partition_point(|c| c.mention < at);
                let last = candidates.partition_point(|c| c.mention <= at);
                self.again(at, &candidates[first..last], model, outcome);
            }
        }
    }

    /// Who must give up which person.
    fn losers(&self, model: &Model, outcome: &Outcome) -> BTreeSet<(u32, i64)> {
        let mut lists: BTreeMap<(u16, i64), Claims<'_>> = BTreeMap::new();
        for (at, mention) in self.mentions.iter().enumerate() {
            let Some(decided) = outcome.decided[at].filter(|d| d.step != Step::Clash) else {
                continue;
            };
            let Some(key) = decided.key else { continue };
            let gamma = decided.gamma;
            let bits = gamma.map_or(0.0, |g| model.bits(self.census, mention, g));
            let differs = mention.kind != Kind::Waiting
                || gamma.is_some_and(|g| matches!(g.get(Field::Id), id::OTHER | id::FAR));
            let strength = match decided.step {
                Step::Town | Step::Phone | Step::Model | Step::Follow => true,
                // Two valid numbers are two people more often than one who is listed twice.
                Step::Roster => differs,
                _ => false,
            }
            .then_some((decided.step, -(bits * 10.0).round() as i64));
            let alike = mention.alike().unwrap_or((Kind::Waiting, "", at as i64 + 1));
            for table in self.lists.of(mention) {
                let claims = lists.entry((table, key)).or_default();
                let own = claims.entry(alike).or_insert((Vec::new(), strength));
                own.0.push(at as u32);
                own.1 = own.1.min(strength);
            }
        }
        let mut losers = BTreeSet::new();
        for ((table, key), claims) in lists {
            let taken = self.lists.has.contains(&(table, key))
                || claims.values().any(|(_, strength)| strength.is_none());
            let mut weak: Vec<_> = claims.into_values().filter(|(_, s)| s.is_some()).collect();
            weak.sort_by_key(|(_, strength)| *strength);
            let first =
                weak.first().is_some_and(|(_, best)| weak.get(1).is_none_or(|w| w.1 > *best));
            let stays = usize::from(!taken && first);
            losers
                .extend(weak.into_iter().skip(stays).flat_map(|(all, _)| all).map(|at| (at, key)));
        }
        losers
    }

    /// Decides a mention anew without the persons that it lost; nobody else being sure, it is left to
    /// people, the lost ones among those that they are shown.
    fn again(&self, at: u32, of_one: &[Candidate], model: &Model, outcome: &mut Outcome) {
        let left = |c: &&Candidate| !outcome.lost.contains(&(at, c.key));
        let rest: Vec<Candidate> = of_one.iter().filter(left).copied().collect();
        let decided = if rest.is_empty() { None } else { self.one(&rest, model, outcome) };
        outcome.decided[at as usize] = decided;
        if decided.is_some() || of_one.is_empty() {
            return;
        }
        outcome.reviews.retain(|review| review.mention != at);
        let shares = model.shares(self.census, &self.mentions[at as usize], of_one);
        let mut candidates: Vec<(Candidate, f64)> = of_one.iter().copied().zip(shares).collect();
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        candidates.truncate(3);
        outcome.reviews.push(Review { mention: at, candidates });
    }
}

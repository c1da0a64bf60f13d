//! Rows about somebody whom no table of the spine has: those without a usable ID are offered to those
//! with a valid one, by exact steps alone.

use super::block::{Index, person_keys};
use super::compare::{self, Field};
use super::decide::{Case, Decided, Outcome};
use super::mention::{Kind, Mention};
use super::probe::{Candidate, merge};
use super::step::by_exact_steps;

impl Case<'_> {
    /// Lets rows that found nobody find each other.
    pub(super) fn pair(&self, outcome: &mut Outcome) {
        let open = |at: usize, kind: Kind| {
            let mention = &self.mentions[at];
            mention.kind == kind
                && usize::from(mention.table) >= self.spine
                && outcome.decided[at].is_none()
        };
        let all = 0..self.mentions.len();
        let waiting: Vec<usize> = all.clone().filter(|at| open(*at, Kind::Waiting)).collect();
        if waiting.is_empty() {
            return;
        }
        let mentions: Vec<Mention> = waiting.iter().map(|at| self.mentions[*at].clone()).collect();
        let index = Index::of(&mentions);
        let mut candidates = Vec::new();
        let (mut keys, mut bytes, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for at in all.filter(|at| open(*at, Kind::Orphan)) {
            let person = &self.mentions[at];
            // Somebody else under the number is not the one whose number it is.
            if person.rows[0].own != person.key {
                continue;
            }
            person_keys(person.key, &person.traits, &mut keys, &mut bytes);
            index.find(&keys, &mut places);
            for place in &places {
                let mention = &mentions[*place as usize];
                let mut gamma = compare::compare(&mention.traits, &person.traits);
                if self.census.is_shared(mention.traits.phone) {
                    gamma.set(Field::Phone, 0);
                }
                let home = mention.traits.household;
                if home != 0 && home == person.traits.household {
                    gamma.set(Field::Household, compare::YES);
                }
                let (key, rank) = (person.key, person.table);
                candidates.push(Candidate { mention: *place, key, gamma, rank });
            }
        }
        candidates.retain(|c| {
            let mention = &mentions[c.mention as usize];
            !self.decisions.refuse(mention, |person| person == c.key)
        });
        merge(&mut candidates);
        let asked: std::collections::BTreeSet<u32> =
            outcome.reviews.iter().map(|review| review.mention).collect();
        for of_one in candidates.chunk_by(|a, b| a.mention == b.mention) {
            let at = waiting[of_one[0].mention as usize];
            // Where somebody of the spine is likely too, only the ID can say.
            let by_id = asked.contains(&(at as u32));
            let Some((key, step)) = by_exact_steps(of_one, by_id) else { continue };
            let gamma = of_one.iter().find(|c| c.key == key).map(|c| c.gamma);
            outcome.decided[at] =
                Some(Decided { key: Some(key), step, bits: None, gamma, second: None });
        }
    }
}

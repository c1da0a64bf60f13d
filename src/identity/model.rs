//! Fellegi and Sunter's weights: what each level of agreement says, learned without labels.
//!
//! How rows of one person agree (m) is counted, field by field, where another field says that they are
//! of one person: names where ID and birth agree, births and places where ID and name do, IDs where an
//! exact step without the ID has settled a row. It is not learned over all candidates: those of a
//! household are relatives, and what is learned from them is how relatives agree. Only the share of
//! rows whose person the spine has at all is learned by expectation and maximisation. How strangers
//! agree (u) is counted too: names and places by the census, all else by what is known of IDs and
//! birthdays.

use super::compare::{Field, Gamma, birth, id, name, place};
use super::mention::{Kind, Mention};
use super::probe::{Candidate, Census};
use super::step::Step;

/// Levels of a field, with room for more.
const LEVELS: usize = 10;
const ROUNDS: usize = 6;
/// One key of so many is a sample of how rows of one person agree.
pub(super) const SAMPLED: u64 = 4;
/// Where births are typed one in thirty is not that of the ID: so many without any are chance once in a hundred
/// tables. A table of a small county must not be believed for want of rows: its copies would make every row that
/// is under the number of somebody else theirs.
const COPIED: u64 = 150;
/// One in a hundred is a twin, and one in 25 000 is born on a given day: among those of one birth, as
/// many live with a twin as if a village had no fewer people than this.
const TWINS: u64 = 250;
/// How many rows the first guess of m counts for.
const GUESS: f64 = 60.0;

/// How the rows of one person agree with their ID's owner, counted where the ID is good.
#[derive(Debug, Clone, Default)]
pub(super) struct Sample {
    rows: u64,
    counts: [[u64; LEVELS]; 7],
    /// By table: rows with a typed birth, and those where it is that of the row's own ID.
    births: std::collections::BTreeMap<usize, (u64, u64)>,
}

impl Sample {
    /// Counts a row of a table, the place of which is given, that is its ID's owner's. `own`: its
    /// typed birth is that of its own ID.
    pub fn same(&mut self, table: usize, gamma: Gamma, own: bool) {
        self.rows += 1;
        let named = matches!(gamma.get(Field::Name), name::SAME | name::SOUND);
        let born = gamma.get(Field::Birth) == birth::SAME;
        for field in super::compare::FIELDS {
            // What a field is counted on is another one.
            if if field == Field::Name { born } else { named } {
                self.counts[field as usize][usize::from(gamma.get(field))] += 1;
            }
        }
        if gamma.get(Field::Birth) != 0 {
            let (all, same) = self.births.entry(table).or_default();
            *all += 1;
            *same += u64::from(own);
        }
    }

    /// Adds the counts of another sample.
    pub fn add(&mut self, other: &Self) {
        self.rows += other.rows;
        for (sums, counts) in self.counts.iter_mut().zip(&other.counts) {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        for (table, (all, same)) in &other.births {
            let own = self.births.entry(*table).or_default();
            *own = (own.0 + all, own.1 + same);
        }
    }

    /// Does a table take its births from its IDs, so that they say nothing more?
    pub fn copies_births(&self, table: usize) -> bool {
        self.births.get(&table).is_some_and(|(all, same)| *all >= COPIED && same == all)
    }
}

/// What kinds of mentions have weights of their own.
fn group(kind: Kind) -> usize {
    match kind {
        Kind::Clash | Kind::Doubtful => 0,
        Kind::Orphan => 1,
        Kind::Waiting => 2,
    }
}

type Levels = [f64; LEVELS];

/// The first guess of m for IDs: owned, orphans, waiting.
const IDS: [Levels; 3] = [
    [0.0, 0.98, 0.0, 0.0, 0.0, 0.0, 0.01, 0.004, 0.0, 0.0],
    [0.0, 0.01, 0.02, 0.02, 0.25, 0.25, 0.0, 0.0, 0.30, 0.15],
    [0.0, 0.02, 0.25, 0.55, 0.06, 0.04, 0.0, 0.0, 0.08, 0.0],
];
const NAMES: Levels = [0.0, 0.95, 0.015, 0.015, 0.005, 0.003, 0.003, 0.002, 0.0, 0.0];
const BIRTHS: Levels = [0.0, 0.92, 0.01, 0.012, 0.004, 0.012, 0.008, 0.01, 0.008, 0.016];
const SEXES: Levels = [0.0, 0.99, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
const PLACES: Levels = [0.0, 0.90, 0.035, 0.035, 0.03, 0.0, 0.0, 0.0, 0.0, 0.0];
const PHONES: Levels = [0.0, 0.80, 0.20, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
const HOUSEHOLDS: Levels = [0.0, 0.95, 0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];

/// What one field says about a pair, for people to read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Weight {
    pub field: Field,
    pub level: u8,
    pub bits: f64,
}

/// The weights of a night.
#[derive(Debug, Clone)]
pub(super) struct Model {
    m: [[Levels; 7]; 3],
    /// Share of mentions whose person the spine has.
    known: [f64; 3],
    persons: f64,
}

impl Model {
    /// Before anything is learned.
    fn guess(census: &Census) -> Self {
        let own = |ids: Levels| [ids, NAMES, BIRTHS, SEXES, PLACES, PHONES, HOUSEHOLDS];
        Self { m: IDS.map(own), known: [0.9, 0.5, 0.8], persons: (census.persons as f64).max(2.0) }
    }

    /// Counts and learns from all candidates, those of one mention in a row. `settled` has the person
    /// of the mentions that a step settled.
    pub fn learn(
        census: &Census,
        sample: &Sample,
        mentions: &[Mention],
        candidates: &[Candidate],
        settled: &dyn Fn(u32) -> Option<(i64, Step)>,
    ) -> Self {
        let mut model = Self::guess(census);
        for group in 0..3 {
            for field in super::compare::FIELDS.into_iter().filter(|f| *f != Field::Id) {
                let counts = sample.counts[field as usize].map(|c| c as f64);
                model.mix(group, field, counts);
            }
        }
        let (mut ids, mut names) = ([[0.0; LEVELS]; 3], [0.0; LEVELS]);
        for of_one in candidates.chunk_by(|a, b| a.mention == b.mention) {
            let mention = &mentions[of_one[0].mention as usize];
            let Some((key, step)) = settled(of_one[0].mention) else { continue };
            let Some(found) = of_one.iter().find(|c| c.key == key) else { continue };
            let rows = mention.rows.len() as f64;
            let by_others = matches!(step, Step::Roster | Step::Town | Step::Phone);
            if group(mention.kind) == 0 || by_others {
                ids[group(mention.kind)][usize::from(found.gamma.get(Field::Id))] += rows;
            }
            if step == Step::Alias {
                names[usize::from(found.gamma.get(Field::Name))] += rows;
            }
        }
        // Rows whose ID is their owner's beyond doubt are no mentions; the sample is a part of them.
        ids[0][usize::from(id::SAME)] += (sample.rows * SAMPLED) as f64;
        for (group, counts) in ids.into_iter().enumerate() {
            model.mix(group, Field::Id, counts);
        }
        let all = (sample.rows * SAMPLED) as f64 + GUESS;
        let member = names[usize::from(name::MEMBER)] + GUESS * NAMES[usize::from(name::MEMBER)];
        for group in 0..3 {
            model.m[group][Field::Name as usize][usize::from(name::MEMBER)] = member / all;
        }
        model.learn_known(census, mentions, candidates, settled);
        model
    }

    /// Replaces the guess of a field's m by counts, as far as there are any.
    fn mix(&mut self, group: usize, field: Field, counts: Levels) {
        let own = &mut self.m[group][field as usize];
        let seen: f64 = counts[1..].iter().sum();
        for (level, guess) in own.iter_mut().enumerate().skip(1) {
            *guess = (counts[level] + *guess * GUESS) / (seen + GUESS);
        }
    }

    /// The share of mentions whose person the spine has, by expectation and maximisation.
    fn learn_known(
        &mut self,
        census: &Census,
        mentions: &[Mention],
        candidates: &[Candidate],
        settled: &dyn Fn(u32) -> Option<(i64, Step)>,
    ) {
        let first = self.known;
        let mut all = [0.0; 3];
        for mention in mentions.iter().filter(|m| m.table > 0) {
            all[group(mention.kind)] += 1.0;
        }
        for _ in 0..ROUNDS {
            let mut found = [0.0; 3];
            for of_one in candidates.chunk_by(|a, b| a.mention == b.mention) {
                let mention = &mentions[of_one[0].mention as usize];
                found[group(mention.kind)] += match settled(of_one[0].mention) {
                    Some(_) => 1.0,
                    None => self.shares(census, mention, of_one).iter().sum(),
                };
            }
            for group in 0..3 {
                let share = (found[group] + 10.0 * first[group]) / (all[group] + 10.0);
                self.known[group] = share.clamp(0.02, 0.98);
            }
        }
    }

    /// What every field says about a candidate; fields that cannot be compared are left out.
    pub fn weights(&self, census: &Census, mention: &Mention, gamma: Gamma) -> Vec<Weight> {
        let m = &self.m[group(mention.kind)];
        let fields = super::compare::FIELDS.into_iter().filter(|f| gamma.get(*f) != 0);
        fields
            .map(|field| {
                let level = gamma.get(field);
                let same = m[field as usize][usize::from(level)].max(1e-6);
                let strangers = self.strangers(census, mention, gamma, field);
                Weight { field, level, bits: (same / strangers).log2() }
            })
            .collect()
    }

    /// What is said against every candidate before its row is looked at.
    pub fn prior(&self, mention: &Mention) -> f64 {
        let known = self.known[group(mention.kind)];
        (known / (1.0 - known) / self.persons).log2()
    }

    /// Bits for a candidate against "nobody of the spine".
    pub fn bits(&self, census: &Census, mention: &Mention, gamma: Gamma) -> f64 {
        let weights = self.weights(census, mention, gamma);
        self.prior(mention) + weights.iter().map(|w| w.bits).sum::<f64>()
    }

    /// The share of belief that each candidate has; what is left is nobody's.
    pub fn shares(&self, census: &Census, mention: &Mention, of_one: &[Candidate]) -> Vec<f64> {
        let odds: Vec<f64> = of_one
            .iter()
            .map(|c| self.bits(census, mention, c.gamma).clamp(-60.0, 60.0).exp2())
            .collect();
        let all: f64 = 1.0 + odds.iter().sum::<f64>();
        odds.into_iter().map(|o| o / all).collect()
    }

    /// How often somebody else is born so. `said`: by what is left of the ID it is so already; `home`: of one household.
    fn born_so(&self, mention: &Mention, level: u8, said: bool, home: bool) -> f64 {
        // One in 365 has a first of January for their birth, unless for many it stands for the year.
        let births = &self.m[group(mention.kind)][Field::Birth as usize];
        let firsts = births[usize::from(birth::NEW_YEAR)].max(1.0 / 365.0);
        match level {
            birth::SAME if said => 0.9,
            birth::SAME if home => 0.01,
            birth::NEW_YEAR if said => firsts,
            birth::NEW_YEAR if home => 0.01 * firsts,
            birth::NEW_YEAR => 1.4e-2 * firsts * firsts,
            birth::SAME | birth::LUNAR => 4e-5,
            birth::SWAPPED => 2e-5,
            birth::YEAR => 8e-5,
            birth::JANUARY => 2e-4,
            birth::PARTS => 2.5e-3,
            birth::SAME_YEAR => 1.4e-2,
            _ => 0.98,
        }
    }

    /// How often somebody else agrees so.
    fn strangers(&self, census: &Census, mention: &Mention, gamma: Gamma, field: Field) -> f64 {
        let one = 1.0 / self.persons;
        let level = gamma.get(field);
        let home = gamma.get(Field::Id) == id::HOUSEHOLD
            || gamma.get(Field::Household) == super::compare::YES;
        // Twins share birth and village, mostly the surname, often half of the given name.
        let born = (birth::SAME..=birth::NEW_YEAR).contains(&gamma.get(Field::Birth));
        let twin = born && gamma.get(Field::Place) == place::VILLAGE;
        let near = home || twin;
        // A damaged ID that is nearly the same has the birth in it already.
        let said = mention.kind == Kind::Waiting
            && matches!(gamma.get(Field::Id), id::PREFIX..=id::SEGMENTS);
        match field {
            Field::Id => match (mention.kind, level) {
                (Kind::Clash | Kind::Doubtful, id::SAME) => one,
                (_, id::HOUSEHOLD) => 4.0 * one,
                (_, id::SAME | id::EDIT) => 1e-7_f64.max(one / 100.0),
                (_, id::PREFIX) => 3e-6,
                (Kind::Waiting, id::EDITS) => 1e-6,
                // Births are weighed by themselves: only the sequence is left.
                (_, id::EDITS) => 1e-4,
                (_, id::SEGMENTS) => 1e-3,
                (_, id::NEIGHBOUR) if near => 0.5,
                (_, id::NEIGHBOUR) => 0.02,
                _ => 1.0,
            },
            Field::Name => {
                let county = mention.traits.place / 1_000_000;
                let here = matches!(gamma.get(Field::Place), place::VILLAGE..=place::COUNTY);
                let (named, living) = if here {
                    (census.named(&mention.traits.name, county), census.living(county))
                } else {
                    (census.named(&mention.traits.name, 0), census.persons)
                };
                let same = (named.max(1) as f64) / (living.max(1) as f64);
                match (level, near) {
                    (name::SAME, _) => same.min(1.0),
                    (name::SOUND, _) => (3.0 * same).min(1.0),
                    (name::MEMBER, _) => (4.0 * same).min(1.0),
                    // Brothers have a generation's character in common.
                    (name::NEAR, true) => 0.05,
                    (name::NEAR, false) => 2e-3,
                    (name::PART, true) => 0.03,
                    (name::PART, false) => 2e-3,
                    (name::SURNAME, true) => 0.5,
                    (name::SURNAME, false) => 0.08,
                    _ => 0.9,
                }
            }
            Field::Birth => self.born_so(mention, level, said, home),
            Field::Sex => 0.5,
            Field::Place => {
                let size = match level {
                    place::VILLAGE => 1,
                    place::TOWN => 1000,
                    place::COUNTY => 1_000_000,
                    _ => return 1.0,
                };
                // Of all who are born on one day, some are twins, who live together.
                let fewest = if twin { TWINS } else { 1 };
                (census.living(mention.traits.place / size).max(fewest) as f64 * one).min(1.0)
            }
            Field::Phone | Field::Household if level == super::compare::YES => 4.0 * one,
            Field::Phone | Field::Household => 1.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_without_any_other_birth_copies_its_ids() {
        let mut gamma = Gamma::default();
        gamma.set(Field::Birth, birth::SAME);
        for (rows, others, copies) in [(100, 0, false), (200, 0, true), (1000, 1, false)] {
            let mut sample = Sample::default();
            (0..rows).for_each(|_| sample.same(2, gamma, true));
            (0..others).for_each(|_| sample.same(2, gamma, false));
            assert_eq!(sample.copies_births(2), copies, "{rows} {others}");
            assert!(!sample.copies_births(3));
        }
    }
}

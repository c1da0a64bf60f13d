//! Which person every mention is of: people's decisions, then steps, then the model, then its like.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::compare::{self, Field, Gamma, birth, name};
use super::decisions::Decisions;
use super::mention::{Alike, Kind, Mention};
use super::model::{Model, Sample};
use super::once::Lists;
use super::probe::{Candidate, Census, merge};
use super::step::{Step, by_steps};
use super::sweep::by_id_alone;
use crate::pipeline::LinkPolicy;

/// What was decided about a mention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Decided {
    /// Nothing: every row keeps its own key.
    pub key: Option<i64>,
    pub step: Step,
    /// How sure, where it was weighed: bits against all else.
    pub bits: Option<f64>,
    /// How it agrees with its person, and how with the next best.
    pub gamma: Option<Gamma>,
    pub second: Option<(i64, Gamma)>,
}

impl Decided {
    fn by(key: i64, step: Step) -> Self {
        Self { key: Some(key), step, bits: None, gamma: None, second: None }
    }
}

/// A mention that is left to people, with the best of its candidates.
#[derive(Debug, Clone)]
pub(super) struct Review {
    pub mention: u32,
    pub candidates: Vec<(Candidate, f64)>,
}

/// All that was decided.
#[derive(Default)]
pub(super) struct Outcome {
    /// For each mention.
    pub decided: Vec<Option<Decided>>,
    pub reviews: Vec<Review>,
    /// Persons whom a mention may not have, because a list lists them once: see [`super::once`].
    pub lost: BTreeSet<(u32, i64)>,
}

/// What the decisions rest on.
pub(super) struct Case<'a> {
    pub policy: &'a LinkPolicy,
    pub census: &'a Census,
    pub sample: &'a Sample,
    pub mentions: &'a [Mention],
    pub decisions: &'a Decisions,
    /// How many tables are the spine.
    pub spine: usize,
    pub lists: &'a Lists,
}

impl Case<'_> {
    /// Decides all mentions: those of the spine first, table by table, for they may be the persons of
    /// those that come after.
    pub fn decide(&self, mut candidates: Vec<Candidate>) -> (Outcome, Model) {
        candidates.retain(|c| {
            let mention = &self.mentions[c.mention as usize];
            !self.decisions.refuse(mention, |person| person == c.key)
        });
        self.members(&mut candidates);
        for candidate in &mut candidates {
            if self.census.is_shared(self.mentions[candidate.mention as usize].traits.phone) {
                candidate.gamma.set(Field::Phone, 0);
            }
        }
        let stepped: HashMap<u32, (i64, Step)> = candidates
            .chunk_by(|a, b| a.mention == b.mention)
            .filter_map(|of_one| {
                let at = of_one[0].mention;
                by_steps(&self.mentions[at as usize], of_one).map(|found| (at, found))
            })
            .collect();
        let settled = |at: u32| stepped.get(&at).copied();
        let model = Model::learn(self.census, self.sample, self.mentions, &candidates, &settled);
        let decided = vec![None; self.mentions.len()];
        let mut outcome = Outcome { decided, ..Outcome::default() };
        let place = |at: u32| usize::from(self.mentions[at as usize].table).min(self.spine);
        for table in 0..=self.spine {
            let forward = self.forward(&outcome);
            self.lead_on(&mut candidates, &forward);
            self.round(&candidates, &|at| place(at) == table, &forward, &model, &mut outcome);
            self.one_to_one(&candidates, &model, &mut outcome);
        }
        self.pair(&mut outcome);
        self.follow(&mut outcome);
        self.one_to_one(&candidates, &model, &mut outcome);
        outcome.reviews.retain(|r| outcome.decided[r.mention as usize].is_none());
        (outcome, model)
    }

    /// Notes where the name under somebody's ID is that of another one of the household: then it may
    /// be the name that slipped as well as the ID.
    fn members(&self, candidates: &mut [Candidate]) {
        for of_one in candidates.chunk_by_mut(|a, b| a.mention == b.mention) {
            let mention = &self.mentions[of_one[0].mention as usize];
            let owned = matches!(mention.kind, Kind::Clash | Kind::Doubtful);
            let of_home = |c: &Candidate| {
                c.gamma.get(Field::Id) == compare::id::HOUSEHOLD
                    && matches!(c.gamma.get(Field::Name), name::SAME | name::SOUND)
            };
            if owned
                && of_one.iter().any(of_home)
                && let Some(owner) = of_one.iter_mut().find(|c| c.key == mention.key)
                && owner.gamma.get(Field::Name) > name::NEAR
            {
                owner.gamma.set(Field::Name, name::MEMBER);
            }
        }
    }

    /// Where rows of the spine went that are persons to other mentions.
    fn forward(&self, outcome: &Outcome) -> BTreeMap<i64, i64> {
        let mut forward = BTreeMap::new();
        for (mention, decided) in self.mentions.iter().zip(&outcome.decided) {
            let Some(Decided { key: Some(key), .. }) = decided else { continue };
            let of_spine = usize::from(mention.table) < self.spine;
            for row in mention.rows.iter().filter(|_| of_spine) {
                if row.own != *key {
                    forward.insert(row.own, *key);
                }
            }
        }
        forward
    }

    /// Lets candidates that are rows of the spine be the persons that these turned out to be. Who was
    /// refused as either is refused as both.
    fn lead_on(&self, candidates: &mut Vec<Candidate>, forward: &BTreeMap<i64, i64>) {
        if forward.is_empty() {
            return;
        }
        for candidate in candidates.iter_mut() {
            candidate.key = forward.get(&candidate.key).copied().unwrap_or(candidate.key);
        }
        candidates.retain(|c| {
            let mention = &self.mentions[c.mention as usize];
            let is = |person| person == c.key || forward.get(&person) == Some(&c.key);
            !self.decisions.refuse(mention, is)
        });
        merge(candidates);
    }

    fn round(
        &self,
        candidates: &[Candidate],
        wanted: &dyn Fn(u32) -> bool,
        forward: &BTreeMap<i64, i64>,
        model: &Model,
        outcome: &mut Outcome,
    ) {
        for (at, mention) in self.mentions.iter().enumerate().filter(|(at, _)| wanted(*at as u32)) {
            if let Some(key) = self.decisions.accepted(mention) {
                let now = |person: i64| forward.get(&person).copied().unwrap_or(person);
                let key = now(key);
                // Where two of whom people said otherwise turn out to be one, what parts is believed.
                if !self.decisions.refuse(mention, |person| person == key || now(person) == key) {
                    outcome.decided[at] = Some(Decided::by(key, Step::Decision));
                }
            }
        }
        for of_one in candidates.chunk_by(|a, b| a.mention == b.mention) {
            let at = of_one[0].mention;
            if wanted(at) && outcome.decided[at as usize].is_none() {
                let decided = self.one(of_one, model, outcome);
                outcome.decided[at as usize] = decided;
            }
        }
    }

    /// The person of a mention among its candidates: by the strictest step that names one, else by
    /// the model. Nothing when neither is sure; what people are to look at is then put into the
    /// outcome.
    pub(super) fn one(
        &self,
        of_one: &[Candidate],
        model: &Model,
        outcome: &mut Outcome,
    ) -> Option<Decided> {
        let at = of_one[0].mention;
        let mention = &self.mentions[at as usize];
        // Somebody of the register has the row's very ID and name, beside the ID's first owner.
        let own = mention.rows[0].own;
        if mention.kind == Kind::Clash && of_one.iter().any(|c| c.key == own) {
            return Some(Decided::by(own, Step::Clash));
        }
        let shares = model.shares(self.census, mention, of_one);
        let mut ranked: Vec<(Candidate, f64)> = of_one.iter().copied().zip(shares).collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let found = by_steps(mention, of_one);
        let (best, share) = match found {
            Some((key, _)) => *ranked.iter().find(|(c, _)| c.key == key)?,
            None => *ranked.first()?,
        };
        let second = ranked.iter().find(|(c, _)| c.key != best.key);
        let decided = |step, bits| Decided {
            key: Some(best.key),
            step,
            bits,
            gamma: Some(best.gamma),
            second: second.map(|(c, _)| (c.key, c.gamma)),
        };
        if let Some((_, step)) = found {
            return Some(decided(step, None));
        }
        let bits = (share / (1.0 - share).max(1e-12)).log2();
        if bits >= self.policy.accept && !by_id_alone(best.gamma) {
            return Some(decided(Step::Model, Some(bits)));
        }
        if bits >= self.policy.review {
            ranked.truncate(3);
            outcome.reviews.push(Review { mention: at, candidates: ranked });
        }
        None
    }

    /// A row with the number and name of one that found its person is of that person too.
    fn follow(&self, outcome: &mut Outcome) {
        let mut groups: BTreeMap<Alike<'_>, Vec<usize>> = BTreeMap::new();
        for (at, mention) in self.mentions.iter().enumerate() {
            if let Some(alike) = mention.alike() {
                groups.entry(alike).or_default().push(at);
            }
        }
        for members in groups.into_values().filter(|m| m.len() > 1) {
            let found: Vec<(usize, i64)> = members
                .iter()
                .filter_map(|at| outcome.decided[*at]?.key.map(|key| (*at, key)))
                .collect();
            for at in &members {
                if outcome.decided[*at].is_some() {
                    continue;
                }
                let alike = |other: &usize| follows(&self.mentions[*at], &self.mentions[*other]);
                let mut keys: Vec<i64> =
                    found.iter().filter(|(other, _)| alike(other)).map(|(_, key)| *key).collect();
                keys.sort_unstable();
                keys.dedup();
                keys.retain(|key| {
                    let refused = self.decisions.refuse(&self.mentions[*at], |one| one == *key);
                    !refused && !outcome.lost.contains(&(*at as u32, *key))
                });
                if let [key] = keys[..] {
                    let decided = Decided::by(key, Step::Follow);
                    outcome.decided[*at] = Some(decided);
                }
            }
        }
    }
}

/// Is a row of the person of another one with its number? A damaged number may be that of two people of one name.
fn follows(row: &Mention, found: &Mention) -> bool {
    let gamma = compare::compare(&row.traits, &found.traits);
    let named = matches!(gamma.get(Field::Name), name::SAME | name::SOUND);
    named && (row.kind != Kind::Waiting || gamma.get(Field::Birth) < birth::SAME_YEAR)
}

/// Persons of the master and the keys that they take: see [`adopt`]. A decision names the key that a person has in
/// the end, so who was refused under it says nothing for it either.
pub(super) fn settle(
    mentions: &[Mention],
    decided: &mut [Option<Decided>],
    nameless: &BTreeMap<i64, u32>,
    decisions: &Decisions,
) -> BTreeMap<i64, i64> {
    loop {
        let adopted = adopt(mentions, decided, nameless);
        let mut refused = false;
        for (mention, decided) in mentions.iter().zip(decided.iter_mut()) {
            let person = decided.and_then(|d| adopted.get(&d.key?).copied());
            if person.is_some_and(|person| decisions.refuse(mention, |one| one == person)) {
                (*decided, refused) = (None, true);
            }
        }
        if !refused {
            return adopted;
        }
    }
}

/// Persons of the master that have no usable ID take the key of an ID that other departments have
/// of them, no two the same one: their own key first, and that key.
fn adopt(
    mentions: &[Mention],
    decided: &[Option<Decided>],
    nameless: &BTreeMap<i64, u32>,
) -> BTreeMap<i64, i64> {
    let mut claims: BTreeMap<i64, BTreeMap<i64, (u8, usize)>> = BTreeMap::new();
    for (mention, decided) in mentions.iter().zip(decided) {
        let Some(Decided { key: Some(key), .. }) = decided else { continue };
        // Rows of another name under the ID do not speak for it.
        let speaks = mention.kind == Kind::Orphan && mention.rows[0].own == mention.key;
        let Some(master) = nameless.get(key).filter(|_| speaks) else { continue };
        let master = &mentions[*master as usize].traits;
        let near = compare::compare(&mention.traits, master).get(compare::Field::Id);
        let claim = claims.entry(*key).or_default().entry(mention.key).or_insert((u8::MAX, 0));
        claim.0 = claim.0.min(if near == 0 { u8::MAX } else { near });
        claim.1 += mention.rows.len();
    }
    // An ID is one person's: whoever is nearest to it and has the most of its rows.
    let mut wishes: Vec<(u8, usize, i64, i64)> = Vec::new();
    for (master, ids) in claims {
        wishes.extend(
            ids.into_iter().map(|(id, (near, rows))| (near, usize::MAX - rows, id, master)),
        );
    }
    wishes.sort_unstable();
    let (mut adopted, mut taken) = (BTreeMap::new(), BTreeSet::new());
    for (_, _, id, master) in wishes {
        if !adopted.contains_key(&master) && taken.insert(id) {
            adopted.insert(master, id);
        }
    }
    adopted
}

//! The second pass: every person of the spine is offered to the mentions that share a key with it.

use std::collections::BTreeMap;

use super::block::{Index, person_keys};
use super::compare::{self, Field, Gamma, id};
use super::mention::{Kind, Mention};
use super::sweep::{Cursors, Ground};
use super::traits::{Traits, Who, columns};
use super::{Map, Set};
use crate::error::Result;
use crate::lake::bucket::KeyRange;

/// A person that a mention may be of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub mention: u32,
    pub key: i64,
    pub gamma: Gamma,
    /// The place of the most trusted table that has this person.
    pub rank: u16,
}

/// How many persons have a name, live in a place, are there at all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Census {
    pub persons: u64,
    /// By division: the code without its trailing zeros of village, town and county.
    pub places: BTreeMap<u64, u64>,
    /// Names of mentions alone, by hash: in all, and with the county.
    pub names: Map<u64, u64>,
    /// Telephones of mentions alone: rows of the spine that have them.
    pub phones: Map<u64, u64>,
}

/// More people than live in a household and in another one: a telephone of a village doctor or a village office.
const SHARED: u64 = 20;

impl Census {
    fn add(&mut self, other: Self) {
        self.persons += other.persons;
        for (place, count) in other.places {
            *self.places.entry(place).or_default() += count;
        }
        for (name, count) in other.names {
            *self.names.entry(name).or_default() += count;
        }
        for (phone, count) in other.phones {
            *self.phones.entry(phone).or_default() += count;
        }
    }

    /// Persons of a division.
    pub fn living(&self, place: u64) -> u64 {
        self.places.get(&place).copied().unwrap_or(0)
    }

    /// Is a telephone that of so many that it says nothing of anybody?
    pub fn is_shared(&self, phone: u64) -> bool {
        self.phones.get(&phone).is_some_and(|rows| *rows > SHARED)
    }

    /// Persons with this name in a county; in county 0 of everywhere.
    pub fn named(&self, name: &str, county: u64) -> u64 {
        self.names.get(&name_key(name, county)).copied().unwrap_or(0)
    }
}

fn name_key(name: &str, county: u64) -> u64 {
    xxhash_rust::xxh3::xxh3_64_with_seed(name.as_bytes(), county)
}

/// What the probe found.
#[derive(Default)]
pub(super) struct Probed {
    pub candidates: Vec<Candidate>,
    pub census: Census,
}

impl Probed {
    /// Takes what was found of other persons.
    fn add(&mut self, other: Self) {
        self.candidates.extend(other.candidates);
        self.census.add(other.census);
    }
}

/// A person that is no row with a plain ID of the spine.
pub(super) struct Extra {
    pub key: i64,
    pub rank: u16,
    pub traits: Traits,
    /// The mention that it is itself.
    pub mention: u32,
}

/// Offers all persons. `apart` are rows of the spine that are not their ID's owner's, by table and
/// delivery; `extras` are persons beside the rows with a plain ID.
///
/// # Errors
/// What the disk says.
pub(super) fn probe(
    ground: &Ground<'_>,
    mentions: &[Mention],
    apart: &Set<(u16, u32, i64)>,
    extras: &[Extra],
) -> Result<Probed> {
    let index = Index::of(mentions);
    let wanted: Set<u64> = mentions.iter().map(|m| name_key(&m.traits.name, 0)).collect();
    let phones: Set<u64> = mentions.iter().map(|m| m.traits.phone).filter(|p| *p != 0).collect();
    let start = || {
        let (found, scratch) = (Probed::default(), Scratch::default());
        let (index, wanted, phones) = (&index, &wanted, &phones);
        Probe { ground, mentions, index, wanted, phones, apart, found, scratch }
    };
    let piles = ground.each_range(|range, cursors, pile: &mut Probed| {
        let mut one = start();
        one.range(range, cursors)?;
        // All rows of a person are in one range.
        merge(&mut one.found.candidates);
        pile.add(one.found);
        Ok(())
    })?;
    let mut rest = start();
    for extra in extras {
        rest.person(extra.key, extra.rank, &extra.traits);
    }
    let mut probed = rest.found;
    piles.into_iter().for_each(|pile| probed.add(pile));
    merge(&mut probed.candidates);
    Ok(probed)
}

/// One candidate for each mention and person: the best of all its views.
pub(super) fn merge(candidates: &mut Vec<Candidate>) {
    candidates.sort_unstable();
    candidates.dedup_by(|later, first| {
        let same = (later.mention, later.key) == (first.mention, first.key);
        if same {
            first.gamma = first.gamma.best(later.gamma);
            first.rank = first.rank.min(later.rank);
        }
        same
    });
    candidates.shrink_to_fit();
}

struct Probe<'a> {
    ground: &'a Ground<'a>,
    mentions: &'a [Mention],
    index: &'a Index,
    wanted: &'a Set<u64>,
    phones: &'a Set<u64>,
    apart: &'a Set<(u16, u32, i64)>,
    found: Probed,
    scratch: Scratch,
}

/// Room that is used again for each person.
#[derive(Default)]
struct Scratch {
    keys: Vec<u64>,
    bytes: Vec<u8>,
    places: Vec<u32>,
}

impl Probe<'_> {
    fn range(&mut self, range: KeyRange, cursors: &mut Cursors) -> Result<()> {
        let ground = self.ground;
        for number in 0..ground.spine() {
            let table = ground.order[number];
            for (at, batch) in ground.rows(cursors, number, &columns(table), range)? {
                let who = Who::of(&batch, table, ground.placeholders());
                for row in 0..batch.num_rows() {
                    let Some(key) = who.key(row) else { continue };
                    if self.apart.contains(&(number as u16, at as u32, who.src_row(row)?)) {
                        continue;
                    }
                    let traits = who.traits(row);
                    self.person(key, number as u16, &traits);
                }
            }
        }
        Ok(())
    }

    fn person(&mut self, key: i64, rank: u16, traits: &Traits) {
        if rank == 0 {
            self.count(traits);
        }
        if self.phones.contains(&traits.phone) {
            *self.found.census.phones.entry(traits.phone).or_default() += 1;
        }
        let Scratch { keys, bytes, places } = &mut self.scratch;
        person_keys(key, traits, keys, bytes);
        self.index.find(keys, places);
        for at in places.iter() {
            let mention = &self.mentions[*at as usize];
            // A register lists a person once: its own rows are of different people.
            if mention.table <= rank || (mention.kind == Kind::Orphan && mention.key == key) {
                continue;
            }
            let mut gamma = compare::compare(&mention.traits, traits);
            borrowed(mention, key, traits, &mut gamma);
            self.found.candidates.push(Candidate { mention: *at, key, gamma, rank });
        }
    }

    fn count(&mut self, traits: &Traits) {
        let census = &mut self.found.census;
        census.persons += 1;
        for size in [1, 1000, 1_000_000] {
            let place = traits.place / size;
            if !place.is_multiple_of(1000) {
                *census.places.entry(place).or_default() += 1;
            }
        }
        let everywhere = name_key(&traits.name, 0);
        if self.wanted.contains(&everywhere) {
            *census.names.entry(everywhere).or_default() += 1;
            let county = traits.place / 1_000_000;
            *census.names.entry(name_key(&traits.name, county)).or_default() += 1;
        }
    }
}

/// What is known of the row's ID and household beyond the two texts.
fn borrowed(mention: &Mention, key: i64, traits: &Traits, gamma: &mut Gamma) {
    let home = traits.household != 0 && mention.households.contains(&traits.household);
    let same = traits.household != 0 && traits.household == mention.traits.household;
    let owned = matches!(mention.kind, Kind::Clash | Kind::Doubtful);
    if owned {
        let level = match (mention.key == key, home) {
            (true, _) => id::SAME,
            (_, true) => id::HOUSEHOLD,
            _ => id::OTHER,
        };
        gamma.set(Field::Id, level);
    }
    let companions = !owned && !mention.households.is_empty() && traits.household != 0;
    if home && !owned || same {
        gamma.set(Field::Household, compare::YES);
    } else if companions {
        gamma.set(Field::Household, compare::NO);
    }
}

//! What a row and a person must share to be compared at all: keys of thirteen kinds, each of which few share.

use std::collections::BTreeSet;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::lunar;
use super::mention::{Kind, Mention};
use super::traits::{IdKind, Traits, date_of, day_of, days_of};
use crate::person_name;

/// A key that more mentions share says nothing.
pub(super) const CROWD: usize = 400;

/// Mentions by their keys.
pub(super) struct Index {
    /// One bit or more for each key, by the key's low bits: most persons share no key with anybody.
    filter: Vec<u64>,
    /// Keys in order, and the mention that has each: one line for each key of each mention.
    keys: Vec<u64>,
    mentions: Vec<u32>,
    /// Where the lines with the same high bits of a key begin, and with the next ones.
    begins: Vec<u32>,
    /// How many low bits are left out for that.
    low: u32,
}

impl Index {
    /// An index of mentions by their places. A key of a crowd is left out.
    pub fn of(mentions: &[Mention]) -> Self {
        let mut lines = Vec::new();
        let (mut keys, mut bytes) = (Vec::new(), Vec::new());
        for (at, mention) in mentions.iter().enumerate() {
            keys.clear();
            mention_keys(mention, &mut keys, &mut bytes);
            keys.sort_unstable();
            keys.dedup();
            lines.extend(keys.iter().map(|key| (*key, at as u32)));
        }
        lines.sort_unstable();
        let few = |group: &&[(u64, u32)]| group.len() <= CROWD;
        let groups = || lines.chunk_by(|a, b| a.0 == b.0).filter(few);
        let count: usize = groups().map(<[_]>::len).sum();
        let parts = (count / 4).next_power_of_two();
        let mut index = Self {
            filter: vec![0; parts],
            keys: Vec::with_capacity(count),
            mentions: Vec::with_capacity(count),
            begins: vec![0; parts + 1],
            low: u64::BITS - parts.trailing_zeros(),
        };
        for (key, mention) in groups().flatten() {
            index.keys.push(*key);
            index.mentions.push(*mention);
            let (word, bit) = index.bit(*key);
            index.filter[word] |= bit;
            let high = index.high(*key);
            index.begins[high + 1] = index.keys.len() as u32;
        }
        // Where no key has these bits, the lines of the next ones begin at once.
        for at in 1..index.begins.len() {
            index.begins[at] = index.begins[at].max(index.begins[at - 1]);
        }
        index
    }

    /// Word and bit of a key in the filter.
    fn bit(&self, key: u64) -> (usize, u64) {
        ((key >> 6) as usize & (self.filter.len() - 1), 1 << (key & 63))
    }

    /// The high bits of a key.
    fn high(&self, key: u64) -> usize {
        key.checked_shr(self.low).unwrap_or(0) as usize
    }

    /// Mentions that share a key with a person, in order, each once.
    pub fn find(&self, keys: &[u64], found: &mut Vec<u32>) {
        found.clear();
        for key in keys {
            let (word, bit) = self.bit(*key);
            if self.filter[word] & bit == 0 {
                continue;
            }
            let high = self.high(*key);
            for line in self.begins[high] as usize..self.begins[high + 1] as usize {
                if self.keys[line] == *key {
                    found.push(self.mentions[line]);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
    }
}

/// A key of a kind over some texts.
struct Keys<'a> {
    out: &'a mut Vec<u64>,
    bytes: &'a mut Vec<u8>,
}

impl Keys<'_> {
    fn push(&mut self, kind: u64, parts: &[&[u8]]) {
        self.bytes.clear();
        for part in parts {
            self.bytes.extend_from_slice(part);
            self.bytes.push(0xff);
        }
        self.out.push(xxh3_64_with_seed(self.bytes, kind));
    }
}

const OWNER: u64 = 1;
const DAMAGED: u64 = 2;
const PREFIX: u64 = 3;
const TAIL: u64 = 4;
const HEAD: u64 = 5;
const NAME_TAIL: u64 = 6;
const NAME_BIRTH: u64 = 7;
const NAME_TOWN: u64 = 8;
const NAME_YEAR: u64 = 9;
const BIRTH_TOWN: u64 = 10;
const BIRTH_COUNTY: u64 = 11;
const PHONE: u64 = 12;
const HOUSEHOLD: u64 = 13;

/// Keys of a person: of its ID's key and of everything that it says.
pub(super) fn person_keys(key: i64, traits: &Traits, out: &mut Vec<u64>, bytes: &mut Vec<u8>) {
    out.clear();
    let mut keys = Keys { out, bytes };
    keys.push(OWNER, &[&key.to_le_bytes()]);
    let by_id = traits.id_birth().filter(|by_id| traits.birth != Some(*by_id));
    let births = traits.birth.into_iter().chain(by_id);
    shared(traits, births, &[traits.gender()], &mut keys);
    if traits.kind == IdKind::Valid {
        keys.push(PREFIX, &[&traits.id.as_bytes()[..15]]);
    }
    if traits.household != 0 {
        keys.push(HOUSEHOLD, &[&traits.household.to_le_bytes()]);
    }
}

fn mention_keys(mention: &Mention, out: &mut Vec<u64>, bytes: &mut Vec<u8>) {
    let traits = &mention.traits;
    let mut keys = Keys { out, bytes };
    if matches!(mention.kind, Kind::Clash | Kind::Doubtful) {
        keys.push(OWNER, &[&mention.key.to_le_bytes()]);
    }
    let mut births: BTreeSet<i32> = traits.birth.into_iter().collect();
    if let IdKind::Damaged | IdKind::Prefix = traits.kind {
        births.extend(traits.id.get(6..14).and_then(date_of));
    }
    // The ID of a row that is somebody else's says nothing about its person.
    if mention.kind == Kind::Orphan {
        births.extend(traits.id_birth());
    }
    // Its sex is that of the row alone; when it says none, both are looked for.
    let sexes: &[u8] = match traits.sex {
        0 => &[1, 2],
        1 => &[1],
        _ => &[2],
    };
    // A slip of the birth that no ID makes good is looked for by the name.
    let typed = traits.birth.and_then(day_of);
    let slips = typed.map(lunar::slips).unwrap_or_default();
    for day in slips.iter().filter(|_| !traits.name.is_empty()) {
        keys.push(NAME_BIRTH, &[traits.name.as_bytes(), &days_of(*day).to_le_bytes()]);
    }
    let sound = person_name::pinyin(&traits.name);
    let county = traits.place / 1_000_000;
    for birth in traits.birth.iter().filter(|_| county != 0 && !sound.is_empty()) {
        for year in [-1, 1].map(|more| birth.div_euclid(365) + more) {
            keys.push(NAME_YEAR, &[sound.as_bytes(), &county.to_le_bytes(), &year.to_le_bytes()]);
        }
    }
    shared(traits, births.into_iter(), sexes, &mut keys);
    for home in mention.households.iter().chain([&traits.household]).filter(|h| **h != 0) {
        keys.push(HOUSEHOLD, &[&home.to_le_bytes()]);
    }
}

/// Keys that both sides have.
fn shared(traits: &Traits, births: impl Iterator<Item = i32>, sexes: &[u8], keys: &mut Keys<'_>) {
    let id = traits.id.as_bytes();
    let sound = person_name::pinyin(&traits.name);
    let surname = sound.split(' ').next().unwrap_or_default().as_bytes();
    let sound = sound.as_bytes();
    match traits.kind {
        IdKind::Damaged => keys.push(DAMAGED, &[id]),
        IdKind::Prefix => keys.push(PREFIX, &[id]),
        IdKind::Valid | IdKind::None => {}
    }
    if matches!(traits.kind, IdKind::Valid | IdKind::Damaged) && id.len() >= 14 {
        if id.len() >= 17 {
            keys.push(TAIL, &[&id[id.len() - 12..]]);
        }
        keys.push(HEAD, &[&id[..14], surname]);
        if !sound.is_empty() {
            keys.push(NAME_TAIL, &[sound, &id[id.len() - 4..]]);
        }
        // A damaged number of before 1999 has no century: its year and sequence are held to the name.
        if (14..=16).contains(&id.len()) {
            keys.push(NAME_TAIL, &[sound, b"old", &id[id.len() - 3..]]);
        } else if id.len() == 18 {
            keys.push(NAME_TAIL, &[sound, b"old", &id[14..17]]);
        }
    }
    let (town, county) = (traits.place / 1000, traits.place / 1_000_000);
    let has_town = town % 1000 != 0;
    for birth in births {
        let day = birth.to_le_bytes();
        if !traits.name.is_empty() {
            keys.push(NAME_BIRTH, &[traits.name.as_bytes(), &day]);
        }
        if has_town {
            for sex in sexes {
                keys.push(BIRTH_TOWN, &[&day, &town.to_le_bytes(), &[*sex]]);
            }
        }
        if county != 0 && !surname.is_empty() {
            keys.push(BIRTH_COUNTY, &[&day, &county.to_le_bytes(), surname]);
        }
        let year = (birth.div_euclid(365)).to_le_bytes();
        if county != 0 && !sound.is_empty() {
            keys.push(NAME_YEAR, &[sound, &county.to_le_bytes(), &year]);
        }
    }
    if has_town && !sound.is_empty() {
        keys.push(NAME_TOWN, &[sound, &town.to_le_bytes()]);
    }
    if traits.phone != 0 {
        keys.push(PHONE, &[&traits.phone.to_le_bytes()]);
    }
}

#[cfg(test)]
mod tests {
    use super::super::mention::RowRef;
    use super::*;

    fn mention(phone: u64) -> Mention {
        let traits = Traits { phone, ..Traits::default() };
        let rows = vec![RowRef { table: 1, delivery: 0, src_row: 0, own: 0 }];
        let (quality, households) = ("missing".into(), Vec::new());
        let (kind, variant) = (Kind::Waiting, false);
        Mention { kind, table: 1, key: 0, traits, variant, quality, households, rows }
    }

    /// Mentions that share the telephone of a person.
    fn found(index: &Index, phone: u64) -> Vec<u32> {
        let (mut keys, mut found) = (Vec::new(), Vec::new());
        person_keys(7, &Traits { phone, ..Traits::default() }, &mut keys, &mut Vec::new());
        index.find(&keys, &mut found);
        found
    }

    #[test]
    fn those_who_share_a_key_are_found_but_no_crowd() {
        for count in [0, 1, 3, 5, 1000] {
            // Two for each telephone, and one telephone of a crowd.
            let of = |at: u64| mention(if at < CROWD as u64 + 1 { u64::MAX } else { at / 2 + 1 });
            let all: Vec<Mention> = (0..count).map(of).collect();
            let index = Index::of(&all);
            for (at, one) in all.iter().enumerate() {
                let like = |(_, other): &(usize, &Mention)| other.traits.phone == one.traits.phone;
                let same: Vec<u32> =
                    all.iter().enumerate().filter(like).map(|(n, _)| n as u32).collect();
                let expected = if same.len() > CROWD { Vec::new() } else { same };
                assert_eq!(found(&index, one.traits.phone), expected, "{at} of {count}");
            }
            assert!(found(&index, 1 << 40).is_empty());
        }
    }
}

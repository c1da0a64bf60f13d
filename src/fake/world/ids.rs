//! Citizen IDs that no real person can have and no two persons share.
//!
//! The prefix 629xxx was never assigned. Household `h` is moved by a bijection to another number `k`, which is read as
//! three digits of mixed radix: a birthday class (of 128, of 192 where there are more than 7.9 million households), a
//! prefix (of 998) and a block of the sequence (of 62). A member's birth date lies in the household's class (its day
//! number modulo the classes) and its sequence number in the household's block of 16, at `2 * slot` plus the sex. Two
//! persons with one ID would need the same class, prefix and
//! block, so the same household, and there the same slot: the same person.

use chrono::{Datelike, NaiveDate};

use super::draw::plus;

const CLASSES: [u64; 2] = [128, 192];
const PREFIXES: u64 = 998;
const BLOCKS: u64 = 62;
/// Prime to 2, 3, 31 and 499, so that multiplying by it permutes the households.
const STEP: u64 = 5_000_011;

/// Members of a household that can have IDs.
pub const SLOTS: u64 = 8;

/// The IDs of all households.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    seed: u64,
    classes: u64,
}

impl Ids {
    /// IDs for so many households; nothing when there are not as many.
    pub(super) fn new(seed: u64, households: u64) -> Option<Self> {
        let enough = |classes: &u64| households < classes * PREFIXES * BLOCKS;
        Some(Self { seed, classes: CLASSES.into_iter().find(enough)? })
    }

    /// The IDs of household `number`.
    pub(super) fn of(self, number: u64) -> IdSpace {
        let all = self.classes * PREFIXES * BLOCKS;
        let k = ((number % all) * STEP + self.seed % all) % all;
        IdSpace {
            classes: self.classes as i64,
            class: (k % self.classes) as i64,
            prefix: 629_001 + ((k / self.classes) % PREFIXES) as u32,
            block: (k / self.classes / PREFIXES) as u32,
        }
    }
}

/// The IDs of one household.
#[derive(Debug, Clone, Copy)]
pub(super) struct IdSpace {
    classes: i64,
    class: i64,
    prefix: u32,
    block: u32,
}

impl IdSpace {
    /// The last day not after `day` on which a member of this household may be born.
    pub(super) fn birth(self, day: NaiveDate) -> NaiveDate {
        let back = (i64::from(day.num_days_from_ce()) - self.class).rem_euclid(self.classes);
        plus(day, -back)
    }

    /// The ID of the member in `slot`.
    pub(super) fn id(self, slot: u64, male: bool, birth: NaiveDate) -> String {
        let seq = self.block * 16 + (slot % SLOTS) as u32 * 2 + if male { 1 } else { 2 };
        citizen_id(self.prefix, birth, seq)
    }
}

/// The ID of a health worker; their prefix 629000 is no household's.
pub(super) fn staff_id(number: u64, male: bool, youngest: NaiveDate) -> (NaiveDate, String) {
    let birth = plus(youngest, -((number / 499) as i64));
    let seq = (number % 499) as u32 * 2 + if male { 1 } else { 2 };
    (birth, citizen_id(629_000, birth, seq.min(998)))
}

/// Eighteen characters from prefix, birth date and sequence, with the ISO 7064 MOD 11-2 check character.
pub(super) fn citizen_id(prefix: u32, birth: NaiveDate, seq: u32) -> String {
    let day =
        birth.year() as u64 * 10_000 + u64::from(birth.month()) * 100 + u64::from(birth.day());
    let body = u64::from(prefix) * 100_000_000_000 + day * 1000 + u64::from(seq);
    let mut text = String::with_capacity(18);
    super::draw::digits(&mut text, body, 17);
    text.push(check_char(text.as_bytes()));
    text
}

/// The check character of the first seventeen digits.
pub(super) fn check_char(digits: &[u8]) -> char {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        digits.iter().zip(WEIGHTS).map(|(d, w)| u32::from(d.wrapping_sub(b'0')) * w).sum();
    char::from(b"10X98765432"[(sum % 11) as usize])
}

/// The same ID with another check character: a typing error that every check finds. Never `0`, because an ID that ends
/// in three zeros looks cut by Excel.
pub(super) fn wrong_check(id: &str) -> String {
    let wrong = match id.as_bytes().last() {
        Some(b'X') => '3',
        Some(b'6') => '5',
        Some(right) => char::from(b'0' + (right.wrapping_sub(b'0') + 4) % 10),
        None => '1',
    };
    let mut text: String = id.chars().take(17).collect();
    text.push(wrong);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_check_character() {
        // The example printed in GB 11643-1999.
        assert_eq!(check_char(b"11010519491231002"), 'X');
    }

    #[test]
    fn households_never_share_a_space() {
        for (households, classes) in [(7_000_000, 128), (10_000_000, 192)] {
            let ids = Ids::new(7, households).unwrap();
            let all = classes * PREFIXES * BLOCKS;
            let mut seen = std::collections::HashSet::new();
            for h in (0..200_000).chain(all - 1000..all) {
                let s = ids.of(h);
                assert!(seen.insert((s.class, s.prefix, s.block)));
                assert!(s.prefix <= 629_998 && s.block < 62);
            }
        }
        assert!(Ids::new(7, 20_000_000).is_none());
    }

    #[test]
    fn birth_keeps_its_class() {
        for households in [1_000_000, 10_000_000] {
            let s = Ids::new(1, households).unwrap().of(12345);
            let day = super::super::draw::date(1960, 5, 7);
            let b = s.birth(day);
            assert!(b <= day && (day - b).num_days() < s.classes);
            assert_eq!(s.birth(b), b);
            assert_eq!(s.id(3, true, b).len(), 18);
        }
    }
}

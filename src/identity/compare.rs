//! How a row and a person agree, field by field: one level for each, four bits each.

use chrono::Datelike;

use super::lunar;
use super::traits::{IdKind, Traits, day_of};
use crate::person_name::{self, NameMatch};

/// Fields that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Field {
    Id,
    Name,
    Birth,
    Sex,
    Place,
    Phone,
    Household,
}

pub(super) const FIELDS: [Field; 7] = [
    Field::Id,
    Field::Name,
    Field::Birth,
    Field::Sex,
    Field::Place,
    Field::Phone,
    Field::Household,
];

/// Levels of the ID. 0 is "cannot be compared", here and in every field.
pub(super) mod id {
    pub const SAME: u8 = 1;
    /// The fifteen digits that a number cell leaves.
    pub const PREFIX: u8 = 2;
    /// One character more, less, other, or swapped with its neighbour.
    pub const EDIT: u8 = 3;
    pub const EDITS: u8 = 4;
    /// Two of area, birth and sequence are equal.
    pub const SEGMENTS: u8 = 5;
    /// The number of somebody who lives with the person.
    pub const HOUSEHOLD: u8 = 6;
    /// The number of somebody else.
    pub const OTHER: u8 = 7;
    pub const FAR: u8 = 8;
    /// Only the sequence differs: born there on that day, a twin perhaps.
    pub const NEIGHBOUR: u8 = 9;
}

/// Levels of the name.
pub(super) mod name {
    pub const SAME: u8 = 1;
    pub const SOUND: u8 = 2;
    pub const NEAR: u8 = 3;
    /// About half of it, or its last character behind 小 or 阿.
    pub const PART: u8 = 4;
    pub const SURNAME: u8 = 5;
    pub const ELSE: u8 = 6;
    /// That of somebody else of the household of the ID's owner.
    pub const MEMBER: u8 = 7;
}

/// Levels of the birth.
pub(super) mod birth {
    pub const SAME: u8 = 1;
    /// Both are the first of January of one year, as many have it of whom only the year is known.
    pub const NEW_YEAR: u8 = 2;
    pub const LUNAR: u8 = 3;
    pub const SWAPPED: u8 = 4;
    /// A year more or less.
    pub const YEAR: u8 = 5;
    /// One of them is the first of January of the same year.
    pub const JANUARY: u8 = 6;
    /// Two of year, month and day.
    pub const PARTS: u8 = 7;
    pub const SAME_YEAR: u8 = 8;
    pub const ELSE: u8 = 9;
}

/// Levels of the place.
pub(super) mod place {
    pub const VILLAGE: u8 = 1;
    pub const TOWN: u8 = 2;
    pub const COUNTY: u8 = 3;
    pub const ELSE: u8 = 4;
}

/// Levels of sex, phone and household.
pub(super) const YES: u8 = 1;
pub(super) const NO: u8 = 2;

/// Levels of all fields of one pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) struct Gamma(u32);

impl Gamma {
    /// The level of a field; 0 where it cannot be compared.
    pub fn get(self, field: Field) -> u8 {
        ((self.0 >> (field as u32 * 4)) & 15) as u8
    }

    /// Sets the level of a field; it is below 16.
    pub fn set(&mut self, field: Field, level: u8) {
        let shift = field as u32 * 4;
        self.0 = (self.0 & !(15 << shift)) | (u32::from(level) << shift);
    }

    /// The better level of two views of one person, field by field: levels come best first.
    pub fn best(self, other: Self) -> Self {
        let mut out = self;
        for field in FIELDS {
            let (a, b) = (self.get(field), other.get(field));
            out.set(
                field,
                if a == 0 {
                    b
                } else if b == 0 {
                    a
                } else {
                    a.min(b)
                },
            );
        }
        out
    }
}

/// Compares a row with a view of a person. Who owns the row's ID, and its household, are put in by
/// the caller, who knows them.
pub(super) fn compare(row: &Traits, person: &Traits) -> Gamma {
    let mut gamma = Gamma::default();
    gamma.set(Field::Id, ids(row, person));
    gamma.set(Field::Name, names(&row.name, &person.name));
    gamma.set(Field::Birth, births(row, person));
    let (a, b) = (row.sex, person.gender());
    gamma.set(Field::Sex, yes_no(a != 0 && b != 0, a == b));
    gamma.set(Field::Place, places(row.place, person.place));
    gamma.set(Field::Phone, yes_no(row.phone != 0 && person.phone != 0, row.phone == person.phone));
    gamma
}

fn yes_no(known: bool, yes: bool) -> u8 {
    match (known, yes) {
        (false, _) => 0,
        (_, true) => YES,
        _ => NO,
    }
}

fn ids(row: &Traits, person: &Traits) -> u8 {
    use IdKind::{Damaged, None, Prefix, Valid};
    match (row.kind, person.kind) {
        (None, _) | (_, None) => 0,
        _ if row.id == person.id => id::SAME,
        (Prefix, Valid | Damaged) | (Valid | Damaged, Prefix) => {
            if row.id.get(..15) == person.id.get(..15) { id::PREFIX } else { id::FAR }
        }
        (Valid, Valid) if row.id.get(..14) == person.id.get(..14) => id::NEIGHBOUR,
        _ => texts(row.id.as_bytes(), person.id.as_bytes()),
    }
}

fn texts(a: &[u8], b: &[u8]) -> u8 {
    // A damaged number of before 1999 is held against the old form of the other.
    let old = |text: &[u8]| (text.len() == 18).then(|| [&text[..6], &text[8..17]].concat());
    let edits = match (a.len(), b.len()) {
        (14..=16, 18) => old(b).map_or(3, |b| osa(a, &b)),
        (18, 14..=16) => old(a).map_or(3, |a| osa(&a, b)),
        _ => osa(a, b),
    };
    match edits {
        0 | 1 => return id::EDIT,
        2 => return id::EDITS,
        _ => {}
    }
    if a.len() == 18 && b.len() == 18 {
        let equal = [0..6, 6..14, 14..17].into_iter().filter(|r| a[r.clone()] == b[r.clone()]);
        if equal.count() >= 2 {
            return id::SEGMENTS;
        }
    }
    id::FAR
}

/// Edits from one text to the other, swaps of neighbours among them; 3 for more than two.
fn osa(a: &[u8], b: &[u8]) -> usize {
    if a.len().abs_diff(b.len()) > 2 {
        return 3;
    }
    let front = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[front..], &b[front..]);
    let back = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[..a.len() - back], &b[..b.len() - back]);
    if a.len().max(b.len()) > 14 || unlike(a, b) > 2 {
        return 3;
    }
    let text = |bytes| String::from_utf8_lossy(bytes);
    strsim::osa_distance(&text(a), &text(b)).min(3)
}

/// Characters of one text that the other has not: fewer edits cannot make them equal.
fn unlike(a: &[u8], b: &[u8]) -> usize {
    let mut surplus = [0_i8; 256];
    a.iter().for_each(|c| surplus[usize::from(*c)] += 1);
    b.iter().for_each(|c| surplus[usize::from(*c)] -= 1);
    let of = |sign: i8| surplus.iter().map(|n| usize::from((n * sign).max(0).unsigned_abs())).sum();
    usize::max(of(1), of(-1))
}

/// The level of two folded names.
pub(super) fn names(a: &str, b: &str) -> u8 {
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    match person_name::compare(a, b) {
        NameMatch::Same => name::SAME,
        NameMatch::Homophone => name::SOUND,
        NameMatch::Near => name::NEAR,
        NameMatch::Clash => apart(a, b),
    }
}

fn apart(a: &str, b: &str) -> u8 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let small = |c: char| matches!(c, '小' | '阿' | '老' | '大');
    let nick = |a: &[char], b: &[char]| {
        a.len() == 2 && b.len() >= 2 && small(a[0]) && a[1] == b[b.len() - 1]
    };
    if nick(&a, &b) || nick(&b, &a) {
        return name::PART;
    }
    // What has no syllable sounds like itself alone.
    let sound = |c: &char| person_name::syllable(*c).ok_or(*c);
    let sounds = |c: &[char]| c.iter().map(sound).collect::<Vec<_>>();
    let (x, y) = (sounds(&a), sounds(&b));
    let longest = a.len().max(b.len());
    if longest >= 4 {
        let equal = strsim::generic_levenshtein(&x, &y);
        if equal * 2 <= longest {
            return name::PART;
        }
    }
    // Latin letters have no sound and no surname of one character.
    if x[0] == y[0] { name::SURNAME } else { name::ELSE }
}

fn births(row: &Traits, person: &Traits) -> u8 {
    let Some(own) = row.birth else { return 0 };
    let typed = person.birth.map_or(0, |b| days(own, b));
    // Of two rows with one ID, what the ID says speaks for both and for neither.
    if typed != 0 && row.kind == IdKind::Valid && row.id == person.id {
        return typed;
    }
    // The master's own typing errors: its ID says the birth too.
    let by_id = person.id_birth().map_or(0, |b| days(own, b));
    match (typed, by_id) {
        (0, level) | (level, 0) => level,
        (a, b) => a.min(b),
    }
}

fn days(a: i32, b: i32) -> u8 {
    let (Some(x), Some(y)) = (day_of(a), day_of(b)) else { return 0 };
    let year = x.year() == y.year();
    let (month, day) = (x.month() == y.month(), x.day() == y.day());
    let first = |d: chrono::NaiveDate| d.month() == 1 && d.day() == 1;
    if a == b {
        if first(x) { birth::NEW_YEAR } else { birth::SAME }
    } else if year && x.month() == y.day() && x.day() == y.month() {
        birth::SWAPPED
    } else if lunar::lunar_twin(x, y) {
        birth::LUNAR
    } else if month && day && (x.year() - y.year()).abs() == 1 {
        birth::YEAR
    } else if year && (first(x) || first(y)) {
        birth::JANUARY
    } else if [year, month, day].into_iter().filter(|same| *same).count() == 2 {
        birth::PARTS
    } else if year {
        birth::SAME_YEAR
    } else {
        birth::ELSE
    }
}

/// The finest division that two places share. One that is known to the town only can be no nearer.
pub(super) fn places(a: u64, b: u64) -> u8 {
    if a == 0 || b == 0 {
        0
    } else if a == b && !a.is_multiple_of(1000) {
        place::VILLAGE
    } else if a / 1000 == b / 1000 && !(a / 1000).is_multiple_of(1000) {
        place::TOWN
    } else if a / 1_000_000 == b / 1_000_000 {
        place::COUNTY
    } else {
        place::ELSE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::traits::date_of;

    fn valid(id: &str) -> Traits {
        Traits { kind: IdKind::Valid, id: id.into(), ..Traits::default() }
    }

    #[test]
    fn ids_by_edits() {
        let person = valid("629401195603140024");
        for (text, level) in [
            ("629401195603140024", id::SAME),
            ("629401195603140025", id::EDIT),
            ("62940119560314002", id::EDIT),
            ("6294011956031400024", id::EDIT),
            ("629401195603410024", id::EDIT),
            ("629411195603140025", id::EDITS),
            ("629401560314003", id::EDIT),
            ("629777195603140024", id::SEGMENTS),
            ("629401195603149993", id::SEGMENTS),
            ("629401196711129993", id::FAR),
        ] {
            let row = Traits { kind: IdKind::Damaged, ..valid(text) };
            assert_eq!(ids(&row, &person), level, "{text}");
            assert_eq!(ids(&person, &row), level, "{text}");
        }
        assert_eq!(ids(&valid("629401195603140032"), &person), id::NEIGHBOUR);
        let prefix = Traits { kind: IdKind::Prefix, ..valid("629401195603140") };
        assert_eq!(ids(&prefix, &person), id::PREFIX);
        assert_eq!(ids(&Traits::default(), &person), 0);
    }

    #[test]
    fn names_by_sound_and_form() {
        for (a, b, level) in [
            ("张建国", "张建国", name::SAME),
            ("张建国", "张剑国", name::SOUND),
            ("张建国", "张建军", name::NEAR),
            ("小国", "张建国", name::PART),
            ("扎西次仁", "札西才仁", name::PART),
            ("尤素夫马明", "优素福马鸣", name::SOUND),
            ("张建国", "章丽华", name::SURNAME),
            ("张建国", "李丽华", name::ELSE),
            ("", "李丽华", 0),
        ] {
            assert_eq!(names(a, b), level, "{a} {b}");
            assert_eq!(names(b, a), level, "{b} {a}");
        }
    }

    #[test]
    fn births_by_how_they_go_wrong() {
        let day = |text: &str| date_of(text).unwrap();
        for (a, b, level) in [
            ("19560314", "19560314", birth::SAME),
            ("19560101", "19560101", birth::NEW_YEAR),
            ("19560424", "19560314", birth::LUNAR),
            ("19560308", "19560803", birth::SWAPPED),
            ("19560314", "19570314", birth::YEAR),
            ("19560314", "19560101", birth::JANUARY),
            ("19560314", "19560315", birth::PARTS),
            ("19560314", "19561125", birth::SAME_YEAR),
            ("19560314", "19711125", birth::ELSE),
        ] {
            assert_eq!(days(day(a), day(b)), level, "{a} {b}");
            assert_eq!(days(day(b), day(a)), level, "{b} {a}");
        }
    }

    #[test]
    fn places_by_their_finest_level() {
        assert_eq!(places(620123104002, 620123104002), place::VILLAGE);
        assert_eq!(places(620123104002, 620123104005), place::TOWN);
        assert_eq!(places(620123104002, 620123104000), place::TOWN);
        assert_eq!(places(620123000000, 620123104000), place::COUNTY);
        assert_eq!(places(620123000000, 620123000000), place::COUNTY);
        assert_eq!(places(620123104002, 620521104002), place::ELSE);
        assert_eq!(places(0, 620521104002), 0);
    }
}

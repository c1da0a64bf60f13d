//! What the people at the identity desk decided: rows that are, or are not, of a person.
//!
//! A code list of the pipeline holds one decision a line: `mention` (the number of the row in the
//! review table), `person` (the person's key), `verdict` (`same` or `different`). Later lines win. A
//! person who is no more is the one that they turned out to be; a decision about somebody of whom
//! nothing is known any more is passed over, for it would take its row away from everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::events::Forward;
use super::mention::{Kind, Mention};
use super::seen::trace;
use super::sweep::other;
use crate::diagnostic::Fault;
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::privacy::PersonKeys;

/// What a decision is tonight, in [`super::Funnel::decisions`]: it counts; no row says any more what it is about, or its
/// ID links it plainly; or its person has no row any more.
pub const IN_FORCE: &str = "in_force";
pub const NO_ROW: &str = "no_row";
pub const NO_PERSON: &str = "no_person";
const FATES: [&str; 3] = [IN_FORCE, NO_ROW, NO_PERSON];

/// Decisions by the number of a mention.
pub(super) struct Decisions {
    keys: PersonKeys,
    same: BTreeMap<i64, i64>,
    different: BTreeSet<(i64, i64)>,
}

/// One line of the list.
struct Line {
    mention: i64,
    person: i64,
    same: bool,
}

/// Faults of the pipeline's list of decisions. None shows its line: it may have a column for notes.
pub fn check(pipeline: &Pipeline) -> Vec<Fault> {
    read(pipeline).err().unwrap_or_default()
}

fn read(pipeline: &Pipeline) -> Result<Vec<Line>, Vec<Fault>> {
    let named = pipeline.settings.identity.link.decisions.as_ref();
    let Some((id, list)) = named.and_then(|id| Some((id, pipeline.codes.get(id)?))) else {
        return Ok(Vec::new());
    };
    let source = pipeline.source("codes", id);
    let fault = |line: usize, what: &str| {
        let place = PathBuf::from(format!("{}:{line}", source.path.display()));
        Fault::of(&place, what).hint(
            "expected mention and person with 16 hexadecimal digits and a verdict, `same` or `different`",
        )
    };
    let written = source.text.lines().zip(1..);
    let mut written = written.filter(|(l, _)| !l.trim().is_empty() && !l.starts_with('#'));
    let heading = written.next().map_or(1, |(_, line)| line);
    let columns = ["mention", "person", "verdict"].map(|name| list.position(name).ok_or(name));
    let [Ok(mention), Ok(person), Ok(verdict)] = columns else {
        let missing = columns.into_iter().filter_map(std::result::Result::err);
        return Err(missing.map(|n| fault(heading, &format!("no column `{n}`"))).collect());
    };
    let (mut lines, mut faults) = (Vec::new(), Vec::new());
    for (row, (_, line)) in list.rows.iter().zip(written) {
        let same = match row[verdict].trim() {
            "same" => Some(true),
            "different" => Some(false),
            _ => None,
        };
        match (number(&row[mention]), number(&row[person]), same) {
            (Some(mention), Some(person), Some(same)) => {
                lines.push(Line { mention, person, same });
            }
            (Some(_), Some(_), None) => {
                faults.push(fault(line, "neither `same` nor `different`"));
            }
            _ => faults.push(fault(line, "not a number of a row and a key of a person")),
        }
    }
    if faults.is_empty() { Ok(lines) } else { Err(faults) }
}

/// Hexadecimal digits; a sign would be read too, and no key has one.
fn number(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    i64::from_str_radix(text, 16).ok().filter(|_| digits)
}

impl Decisions {
    /// Reads the pipeline's list, if it names one.
    ///
    /// # Errors
    /// A line that is no decision.
    pub fn of(pipeline: &Pipeline, keys: &PersonKeys) -> Result<Self> {
        let lines = read(pipeline).map_err(|faults| {
            let told = faults.iter().map(|f| format!("{}: {}", f.path.display(), f.message));
            Error::pipeline(told.collect::<Vec<_>>().join("\n"))
        })?;
        let mut own =
            Self { keys: keys.clone(), same: BTreeMap::new(), different: BTreeSet::new() };
        for Line { mention, person, same } in lines {
            if same {
                own.same.insert(mention, person);
                own.different.remove(&(mention, person));
            } else {
                own.different.insert((mention, person));
                if own.same.get(&mention) == Some(&person) {
                    own.same.remove(&mention);
                }
            }
        }
        Ok(own)
    }

    /// The persons that people spoke of, and those that they are now if they are no more.
    pub fn persons(&self, forward: &Forward) -> BTreeSet<i64> {
        let spoken = self.same.values().chain(self.different.iter().map(|(_, person)| person));
        spoken.flat_map(|person| [Some(*person), forward.to(*person)]).flatten().collect()
    }

    /// Holds the decisions against those who are there tonight, of [`Self::persons`], and against what
    /// tonight's rows say. Gives how many are in force, and how many say nothing for want of a row or of a person.
    pub fn settle(
        &mut self,
        there: &BTreeSet<i64>,
        forward: &Forward,
        mentions: &[Mention],
    ) -> BTreeMap<String, u64> {
        let now = |person: i64| {
            let mut known = [Some(person), forward.to(person)].into_iter().flatten();
            known.find(|key| there.contains(key))
        };
        let same = self.same.iter().map(|(mention, person)| (*mention, *person));
        let all: Vec<(i64, i64)> = same.chain(self.different.iter().copied()).collect();
        let mut counts = BTreeMap::new();
        if !all.is_empty() {
            let said: BTreeSet<i64> = mentions.iter().map(|one| self.number(one)).collect();
            counts.extend(FATES.map(|fate| (fate.to_owned(), 0)));
            for (mention, person) in all {
                let fate = match (said.contains(&mention), now(person)) {
                    (false, _) => NO_ROW,
                    (true, None) => NO_PERSON,
                    (true, Some(_)) => IN_FORCE,
                };
                *counts.entry(fate.to_owned()).or_default() += 1;
            }
        }
        let same = self.same.iter();
        self.same = same.filter_map(|(mention, person)| Some((*mention, now(*person)?))).collect();
        let different = self.different.iter();
        let different = different.filter_map(|(mention, person)| Some((*mention, now(*person)?)));
        self.different = different.collect();
        counts
    }

    /// The number by which people know a mention: of what it says, not of where it stands, so that
    /// the same row has the same number every night, whatever the register says of its ID.
    pub fn number(&self, mention: &Mention) -> i64 {
        let traits = &mention.traits;
        let kind = if mention.kind == Kind::Waiting { "waiting" } else { "id" };
        // One that only repeats the ID is put in and taken away as the register goes.
        let birth = traits.birth.filter(|birth| Some(*birth) != traits.id_birth());
        let birth = birth.map(|b| b.to_string()).unwrap_or_default();
        let (place, home) = (traits.place.to_string(), traits.household.to_string());
        // Without an ID namesakes of one village may differ in these alone.
        let more = match mention.kind {
            Kind::Waiting => format!("{} {}", traits.sex, traits.phone),
            _ => String::new(),
        };
        let mut parts = vec![kind, &*traits.id, &*traits.name, &*birth, &*place, &*home];
        parts.extend((!more.is_empty()).then_some(more.as_str()));
        self.keys.derived("mention", &parts)
    }

    /// The number by which the next night knows a row: see [`trace`].
    pub fn trace(&self, mention: &Mention, own: Option<i64>) -> i64 {
        trace(&self.keys, &mention.traits, own)
    }

    /// The person that a mention is of.
    pub fn accepted(&self, mention: &Mention) -> Option<i64> {
        if self.same.is_empty() {
            return None;
        }
        self.same.get(&self.number(mention)).copied()
    }

    /// The key of a mention whose ID came to be that of a person whom it was refused: somebody else uses it.
    pub fn apart(&self, mention: &Mention, adopter: i64) -> Option<i64> {
        let traits = &mention.traits;
        let refused = self.refuse(mention, |one| one == adopter || one == mention.key);
        refused.then(|| other(&self.keys, mention.key, &traits.id, &traits.name))
    }

    /// Was it decided that a mention is not of the person who `is` meant?
    pub fn refuse(&self, mention: &Mention, is: impl Fn(i64) -> bool) -> bool {
        if self.different.is_empty() {
            return false;
        }
        let number = self.number(mention);
        self.different.range((number, i64::MIN)..=(number, i64::MAX)).any(|(_, one)| is(*one))
    }
}

#[cfg(test)]
mod tests {
    use super::super::mention::RowRef;
    use super::super::traits::{IdKind, Traits, date_of};
    use super::*;

    fn decisions(same: &[(i64, i64)], different: &[(i64, i64)]) -> Decisions {
        let keys = PersonKeys::new(b"secret of a test");
        let (same, different) = (same.iter().copied(), different.iter().copied());
        Decisions { keys, same: same.collect(), different: different.collect() }
    }

    fn mention(kind: Kind, birth: Option<i32>) -> Mention {
        let id = "629401195603140024".into();
        let traits = Traits { kind: IdKind::Valid, id, birth, ..Traits::default() };
        let rows = vec![RowRef { table: 1, delivery: 0, src_row: 0, own: 0 }];
        let (quality, households) = ("valid".into(), Vec::new());
        Mention { kind, table: 1, key: 7, traits, variant: false, quality, households, rows }
    }

    #[test]
    fn a_row_has_its_number_whatever_the_register_says_of_its_id() {
        let own = decisions(&[], &[]);
        let number = |kind, birth| own.number(&mention(kind, birth));
        let by_id = date_of("19560314");
        // The birth of an orphan is that of its ID; a clash of a table that copies them has none.
        assert_eq!(number(Kind::Orphan, by_id), number(Kind::Clash, None));
        assert_ne!(number(Kind::Clash, date_of("19560315")), number(Kind::Clash, None));
    }

    #[test]
    fn namesakes_without_an_id_are_told_apart_by_sex_and_telephone() {
        let own = decisions(&[], &[]);
        let number = |kind, sex, phone| {
            let mut one = mention(kind, None);
            (one.traits.sex, one.traits.phone) = (sex, phone);
            own.number(&one)
        };
        let woman = number(Kind::Waiting, 2, 7);
        assert_eq!(woman, number(Kind::Waiting, 2, 7));
        assert_ne!(woman, number(Kind::Waiting, 1, 7));
        assert_ne!(woman, number(Kind::Waiting, 2, 8));
        assert_eq!(number(Kind::Orphan, 2, 7), number(Kind::Clash, 1, 8), "the ID says who it is");
    }

    #[test]
    fn decisions_that_say_nothing_tonight_are_counted() {
        assert!(decisions(&[], &[]).settle(&BTreeSet::new(), &Forward::default(), &[]).is_empty());
        let row = mention(Kind::Orphan, None);
        let number = decisions(&[], &[]).number(&row);
        let mut own = decisions(&[(number, 1)], &[(number, 2), (8, 1), (9, 3)]);
        let counts = own.settle(&BTreeSet::from([1]), &Forward::default(), &[row]);
        let expected = [(IN_FORCE, 1), (NO_PERSON, 1), (NO_ROW, 2)];
        assert_eq!(counts, BTreeMap::from(expected.map(|(fate, lines)| (fate.to_owned(), lines))));
        assert_eq!((own.same.len(), own.different.len()), (1, 1), "(8, 1) does no harm");
    }

    #[test]
    fn only_digits_are_a_number() {
        assert_eq!(number(" 00ff "), Some(255));
        for text in ["", "-1", "+1", "8000000000000000", "1.2E+15", "一"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn decisions_follow_persons_and_end_with_them() {
        let day = chrono::NaiveDate::from_ymd_opt(2026, 11, 10).unwrap();
        let forward = Forward(BTreeMap::from([(1, (2, day)), (3, (4, day))]));
        let mut own = decisions(&[(10, 1), (11, 3), (12, 5)], &[(13, 1), (14, 6)]);
        assert_eq!(own.persons(&forward), BTreeSet::from([1, 2, 3, 4, 5, 6]));
        // 1 is 2 now; 3 is back, and nobody knows of 5.
        let counts = own.settle(&BTreeSet::from([2, 3, 4, 6]), &forward, &[]);
        assert_eq!(counts[NO_ROW], 5, "nobody says what they are about");
        assert_eq!(own.same, BTreeMap::from([(10, 2), (11, 3)]));
        assert_eq!(own.different, BTreeSet::from([(13, 2), (14, 6)]));
    }
}

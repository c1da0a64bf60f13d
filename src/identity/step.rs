//! The steps by which a mention finds its person, strictest first, each with its guards.

use super::compare::{self, Field, Gamma, birth, id, name, place};
use super::mention::{Kind, Mention};
use super::probe::Candidate;

/// Whoever is born so many days after somebody may be their child.
pub(super) const GROWN: i32 = 15 * 365;

/// By what evidence a row has its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// The people at the identity desk said so.
    Decision,
    /// The first fifteen digits of the ID, and the name.
    Prefix,
    /// The same damaged number in both, and the name.
    SameText,
    /// The ID but for one slip, and the name.
    Edit,
    /// The ID of somebody of the person's household, the person's name and birth.
    Household,
    /// A child of less than two years under its mother's ID.
    Newborn,
    /// The ID, and nearly the name.
    Variant,
    /// The ID, birth and sex; the name is another one.
    Alias,
    /// Name, birth and village.
    Roster,
    /// Name, birth and town.
    Town,
    /// Name and telephone.
    Phone,
    /// Another row with the same number and name has found its person.
    Follow,
    /// All evidence weighed.
    Model,
    /// Nobody; the row keeps the key of its ID.
    Own,
    /// Nobody; its ID is somebody else's.
    Clash,
    /// Nobody.
    Unlinked,
}

impl Step {
    pub const ALL: [Self; 16] = [
        Self::Decision,
        Self::Prefix,
        Self::SameText,
        Self::Edit,
        Self::Household,
        Self::Newborn,
        Self::Variant,
        Self::Alias,
        Self::Roster,
        Self::Town,
        Self::Phone,
        Self::Follow,
        Self::Model,
        Self::Own,
        Self::Clash,
        Self::Unlinked,
    ];

    /// The word in tables, and its Chinese title.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Decision => ("decision", "人工确认"),
            Self::Prefix => ("prefix15", "前15位＋姓名"),
            Self::SameText => ("same_text", "同一错号＋姓名"),
            Self::Edit => ("edit", "证件号差一处＋姓名"),
            Self::Household => ("household", "户内他人证件号＋姓名＋出生日期"),
            Self::Newborn => ("newborn", "用母亲证件号的新生儿"),
            Self::Variant => ("variant", "证件号（姓名异写）"),
            Self::Alias => ("alias", "证件号＋出生日期＋性别"),
            Self::Roster => ("roster", "姓名＋出生日期＋村"),
            Self::Town => ("town", "姓名＋出生日期＋乡镇"),
            Self::Phone => ("phone", "姓名＋电话"),
            Self::Follow => ("follow", "同号同名"),
            Self::Model => ("model", "综合比对"),
            Self::Own => ("own", "证件号（主索引无此人）"),
            Self::Clash => ("clash", "一证多人"),
            Self::Unlinked => ("unlinked", "未归并"),
        }
    }

    /// The word in tables.
    pub fn word(self) -> &'static str {
        self.words().0
    }
}

/// The person of a mention by the strictest step that names exactly one.
pub(super) fn by_steps(mention: &Mention, of_one: &[Candidate]) -> Option<(i64, Step)> {
    let free = || first(free_steps(mention.kind).iter(), of_one);
    if !matches!(mention.kind, Kind::Clash | Kind::Doubtful) {
        return free();
    }
    // The ID and the birth are one person's, the name and the birth another's: twins, and no step
    // can say which of the two slipped.
    let owner = of_one.iter().find(|c| c.key == mention.key);
    let born = owner.is_some_and(|c| c.gamma.get(Field::Birth) == birth::SAME);
    owned_steps(mention, of_one).or_else(|| if born { None } else { free() })
}

/// The person of a row without a usable ID among those whom no table of the spine has; `by_id` leaves
/// out steps that do not rest on what is left of the ID.
pub(super) fn by_exact_steps(of_one: &[Candidate], by_id: bool) -> Option<(i64, Step)> {
    let exact = |step: Step| match step {
        Step::Prefix | Step::Edit => true,
        Step::Roster | Step::Phone => !by_id,
        _ => false,
    };
    first(free_steps(Kind::Waiting).iter().filter(|(step, _)| exact(*step)), of_one)
}

/// The person whom the first of some steps names that names one. Where the name only sounds the same, and
/// somebody else has the very name, no step can say which of the two it is: twins have such names.
fn first<'s>(
    mut steps: impl Iterator<Item = &'s (Step, Fits)>,
    of_one: &[Candidate],
) -> Option<(i64, Step)> {
    let (key, step) = steps.find_map(|(step, fits)| only(of_one, fits).map(|key| (key, *step)))?;
    let sounds = |c: &Candidate| c.key == key && c.gamma.get(Field::Name) == name::SOUND;
    let namesake = |c: &Candidate| {
        c.key != key
            && c.gamma.get(Field::Name) == name::SAME
            && c.gamma.get(Field::Birth) <= birth::PARTS
            && c.gamma.get(Field::Place) != place::ELSE
    };
    let open = of_one.iter().any(sounds) && of_one.iter().any(namesake);
    (!open).then_some((key, step))
}

type Fits = fn(Gamma) -> bool;

fn free_steps(kind: Kind) -> &'static [(Step, Fits)] {
    const ALL: [(Step, Fits); 6] = [
        (Step::Prefix, |g| g.get(Field::Id) == id::PREFIX && named(g) && !against(g)),
        (Step::SameText, |g| g.get(Field::Id) == id::SAME && named(g) && !against(g)),
        (Step::Edit, |g| g.get(Field::Id) == id::EDIT && named(g) && !against(g)),
        (Step::Roster, |g| {
            exact(g) && g.get(Field::Place) == place::VILLAGE && g.get(Field::Sex) != compare::NO
        }),
        (Step::Town, |g| {
            exact(g)
                && matches!(g.get(Field::Place), place::VILLAGE | place::TOWN)
                && g.get(Field::Sex) != compare::NO
        }),
        (Step::Phone, |g| named(g) && g.get(Field::Phone) == compare::YES && !against(g)),
    ];
    // A valid ID of nobody's has no prefix that counts.
    if kind == Kind::Waiting { &ALL } else { &ALL[3..] }
}

/// Steps of a row whose ID is somebody's: theirs, or that of somebody of their household?
fn owned_steps(mention: &Mention, of_one: &[Candidate]) -> Option<(i64, Step)> {
    let owner = of_one.iter().find(|c| c.key == mention.key)?;
    let others: Vec<&Candidate> = of_one.iter().filter(|c| c.key != mention.key).collect();
    let home = |g: Gamma| g.get(Field::Id) == id::HOUSEHOLD;
    let born = |g: Gamma| (birth::SAME..=birth::JANUARY).contains(&g.get(Field::Birth));
    // Whoever has the row's name, or its birth: a reason to think of them.
    let rival = others.iter().any(|c| {
        named(c.gamma) && c.gamma.get(Field::Birth) <= birth::PARTS || home(c.gamma) && day(c.gamma)
    });
    let of_owner = owner.gamma;
    if born(of_owner) && of_owner.get(Field::Sex) != compare::NO && !rival {
        let near = (name::NEAR..=name::PART).contains(&of_owner.get(Field::Name));
        return Some((mention.key, if near { Step::Variant } else { Step::Alias }))
            .filter(|_| near || of_owner.get(Field::Birth) == birth::SAME);
    }
    if mention.kind == Kind::Doubtful && !rival {
        return Some((mention.key, Step::Variant));
    }
    if born(of_owner) {
        return None;
    }
    let fits = |g: Gamma| home(g) && named(g) && born(g) && g.get(Field::Sex) != compare::NO;
    if let Some(key) = only(of_one, &fits) {
        return Some((key, Step::Household));
    }
    let child = |g: Gamma| {
        home(g)
            && day(g)
            && g.get(Field::Sex) != compare::NO
            && of_owner.get(Field::Birth) == birth::ELSE
    };
    let young = mention.traits.birth.zip(mention.traits.id_birth());
    if young.is_some_and(|(child, mother)| child - mother > GROWN) {
        return only(of_one, &child).map(|key| (key, Step::Newborn));
    }
    None
}

/// The name is the same, or sounds so.
fn named(gamma: Gamma) -> bool {
    matches!(gamma.get(Field::Name), name::SAME | name::SOUND)
}

/// The day of birth is the same.
fn day(gamma: Gamma) -> bool {
    (birth::SAME..=birth::NEW_YEAR).contains(&gamma.get(Field::Birth))
}

/// Name and birth are the same. That of a first of January may be its year alone.
fn exact(gamma: Gamma) -> bool {
    gamma.get(Field::Name) == name::SAME && gamma.get(Field::Birth) == birth::SAME
}

/// Sex and birth speak against it.
fn against(gamma: Gamma) -> bool {
    let birth = gamma.get(Field::Birth) >= birth::SAME_YEAR;
    let sex = gamma.get(Field::Sex) == compare::NO;
    birth && sex || (birth || sex) && gamma.get(Field::Place) == place::ELSE
}

/// The only person among the candidates that fit.
fn only(of_one: &[Candidate], fits: &dyn Fn(Gamma) -> bool) -> Option<i64> {
    let mut found = of_one.iter().filter(|c| fits(c.gamma));
    let key = found.next()?.key;
    found.next().is_none().then_some(key)
}

#[cfg(test)]
mod tests {
    use super::super::mention::RowRef;
    use super::super::traits::Traits;
    use super::*;

    fn candidate(key: i64, levels: [u8; 4]) -> Candidate {
        let mut gamma = Gamma::default();
        let fields = [Field::Id, Field::Name, Field::Birth, Field::Place];
        fields.into_iter().zip(levels).for_each(|(field, level)| gamma.set(field, level));
        Candidate { mention: 0, key, gamma, rank: 0 }
    }

    /// A row without a usable ID.
    fn waiting() -> Mention {
        let rows = vec![RowRef { table: 1, delivery: 0, src_row: 0, own: 0 }];
        let (quality, households) = ("checksum".into(), Vec::new());
        let (kind, traits, variant) = (Kind::Waiting, Traits::default(), false);
        Mention { kind, table: 1, key: 0, traits, variant, quality, households, rows }
    }

    #[test]
    fn the_number_of_one_twin_and_the_name_of_the_other_are_no_step() {
        let row = waiting();
        let one = candidate(1, [id::EDIT, name::SOUND, birth::SAME, place::VILLAGE]);
        assert_eq!(by_steps(&row, &[one]), Some((1, Step::Edit)));
        for (levels, step) in [
            ([id::EDITS, name::SAME, birth::SAME, place::VILLAGE], None),
            ([id::EDITS, name::NEAR, birth::SAME, place::VILLAGE], Some((1, Step::Edit))),
            ([id::FAR, name::SAME, birth::ELSE, place::VILLAGE], Some((1, Step::Edit))),
            ([id::FAR, name::SAME, birth::SAME, place::ELSE], Some((1, Step::Edit))),
        ] {
            assert_eq!(by_steps(&row, &[one, candidate(2, levels)]), step, "{levels:?}");
        }
    }

    #[test]
    fn a_first_of_january_is_no_day() {
        let row = waiting();
        let step = |level| by_steps(&row, &[candidate(1, [0, name::SAME, level, place::VILLAGE])]);
        assert_eq!(step(birth::SAME), Some((1, Step::Roster)));
        assert_eq!(step(birth::NEW_YEAR), None);
    }
}

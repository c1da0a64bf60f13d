//! Rows under one ID that are not one person's.

use std::collections::BTreeMap;

use super::other;
use crate::identity::compare::{self, Field, birth};
use crate::identity::mention::{Kind, Mention};
use crate::identity::step::GROWN;
use crate::identity::traits::Traits;
use crate::person_name::{self, NameMatch};
use crate::privacy::PersonKeys;

/// Is a row its ID's owner's without a further look? `told` is how far its name is from theirs, if it says one,
/// and `birth` its own. Relatives have names that sound the same, and a child without a name yet is under its
/// mother's number: what else such a row says must not be somebody else's.
pub(super) fn is_owners(
    told: Option<NameMatch>,
    birth: Option<i32>,
    row: &dyn Fn() -> Traits,
    owner: &Traits,
) -> bool {
    match told {
        Some(NameMatch::Same) => true,
        Some(NameMatch::Homophone) => !against(&row(), owner),
        Some(NameMatch::Near | NameMatch::Clash) => false,
        None => birth.zip(owner.id_birth()).is_none_or(|(own, by_id)| own - by_id <= GROWN),
    }
}

/// Do birth or sex say that a row is not of the person whose ID it has?
pub(super) fn against(row: &Traits, owner: &Traits) -> bool {
    let gamma = compare::compare(row, owner);
    gamma.get(Field::Birth) >= birth::SAME_YEAR || gamma.get(Field::Sex) == compare::NO
}

/// Are birth and sex of a row others than its own ID says? What it does not say is no other one.
pub(super) fn misfit(row: &Traits) -> (bool, bool) {
    let by_id = Traits { birth: None, sex: 0, ..row.clone() };
    let born = row.birth.is_some() && row.birth != by_id.id_birth();
    (born, row.sex != 0 && row.sex != by_id.gender())
}

/// Parts the people under an ID that the master does not have: the most trusted table is believed, then who
/// has the ID's birth and sex, then what most rows say.
pub(super) fn part_orphans(keys: &PersonKeys, mentions: &mut [Mention]) {
    let mut of_key: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, mention) in mentions.iter().enumerate().filter(|(_, m)| m.kind == Kind::Orphan) {
        of_key.entry(mention.key).or_default().push(at);
    }
    for places in of_key.into_values().filter(|p| p.len() > 1) {
        let named = places.iter().filter(|at| !mentions[**at].traits.name.is_empty());
        let order = |at: &&usize| {
            let mention = &mentions[**at];
            (
                mention.table,
                misfit(&mention.traits),
                usize::MAX - mention.rows.len(),
                &mention.traits,
            )
        };
        let Some(known) = named.min_by_key(order).map(|at| mentions[*at].traits.clone()) else {
            continue;
        };
        for at in places {
            let Mention { key, traits, variant, rows, .. } = &mut mentions[at];
            let told =
                (!traits.name.is_empty()).then(|| person_name::compare(&known.name, &traits.name));
            if is_owners(told, traits.birth, &|| traits.clone(), &known) {
                continue;
            }
            // Brothers under their father's number have nearly one name.
            if told == Some(NameMatch::Near) && !against(traits, &known) {
                *variant = true;
                continue;
            }
            let birth = || traits.birth.map_or_else(String::new, |birth| birth.to_string());
            let name = told.map_or_else(birth, |_| traits.name.to_string());
            let own = other(keys, *key, &traits.id, &name);
            rows.iter_mut().for_each(|row| row.own = own);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::mention::RowRef;
    use crate::identity::traits::{IdKind, date_of};

    const ID: &str = "629401195603140024";

    fn traits(name: &str, birth: &str, sex: u8) -> Traits {
        let (id, name) = (ID.into(), name.into());
        Traits { kind: IdKind::Valid, id, name, birth: date_of(birth), sex, ..Traits::default() }
    }

    #[test]
    fn what_sounds_like_the_owner_may_be_a_relative() {
        let owner = traits("马丽", "19560314", 2);
        for (name, birth, sex, expected) in [
            ("马丽", "19850101", 1, true),
            ("马莉", "19560314", 2, true),
            ("马莉", "", 0, true),
            ("马莉", "19560315", 2, true),
            ("马莉", "19850101", 2, false),
            ("马莉", "19560314", 1, false),
            ("", "19560315", 1, true),
            ("", "19700313", 0, true),
            ("", "19850101", 0, false),
        ] {
            let row = traits(name, birth, sex);
            let told = (!name.is_empty()).then(|| person_name::compare("马丽", name));
            let found = is_owners(told, row.birth, &|| row.clone(), &owner);
            assert_eq!(found, expected, "{name} {birth} {sex}");
        }
    }

    #[test]
    fn brothers_under_a_number_that_the_master_lacks_are_two() {
        let mention = |(name, birth, rows): (&str, &str, i64)| Mention {
            kind: Kind::Orphan,
            table: 1,
            key: 7,
            traits: traits(name, birth, 0),
            variant: false,
            quality: "valid".into(),
            households: Vec::new(),
            rows: (0..rows)
                .map(|src_row| RowRef { table: 1, delivery: 0, src_row, own: 7 })
                .collect(),
        };
        let mut all: Vec<Mention> = [
            ("马建国", "19560314", 2),
            ("马建军", "20120708", 3),
            ("马建军", "19560314", 1),
            ("马建", "", 1),
            ("马剑国", "20150203", 1),
            ("", "19990203", 1),
            ("", "19560315", 1),
        ]
        .map(mention)
        .into();
        part_orphans(&PersonKeys::new(b"secret of a test"), &mut all);
        let told: Vec<(bool, bool)> =
            all.iter().map(|m| (m.variant, m.rows.iter().all(|r| r.own == 7))).collect();
        let (his, others, variant) = ((false, true), (false, false), (true, true));
        assert_eq!(told, [his, others, variant, variant, others, others, his]);
    }
}

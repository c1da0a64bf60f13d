//! Several rows of the register under one ID: one person written twice, or several people.

use super::{Owner, Sweep, apart};
use crate::identity::traits::Traits;
use crate::person_name::{self, NameMatch};

impl Sweep<'_> {
    /// Of the people whom the register has under one ID, it is theirs whom it describes, and the others
    /// are held against them: when all rows of the register are known, so that their order says nothing.
    pub(super) fn register(&mut self) {
        let mut rest = std::mem::take(&mut self.rest);
        rest.sort_by(|(key, a), (other, b)| key.cmp(other).then_with(|| fit(a).cmp(&fit(b))));
        for (key, row) in &mut rest {
            if let Some(owner) = self.owners.get_mut(&*key)
                && fit(row) < fit(owner)
            {
                std::mem::swap(owner, row);
            }
        }
        for (key, row) in rest {
            let Owner { traits, child, place, quality, .. } = row;
            let Some(owner) = self.owners.get_mut(&key) else { continue };
            let told = match (&*child, &*traits.name) {
                ("", "") => None,
                ("", name) => Some(person_name::compare(&owner.traits.name, name)),
                _ => Some(NameMatch::Clash),
            };
            let plain = owner.traits.name.is_empty()
                || apart::is_owners(told, traits.birth, &|| traits.clone(), &owner.traits);
            if !plain {
                let near = told == Some(NameMatch::Near);
                let name = if child.is_empty() { traits.name.clone() } else { child };
                self.unlike((traits, &name), &quality, key, place, near);
                continue;
            }
            if owner.traits.name.is_empty() {
                owner.traits.name = traits.name;
            }
            let homes = owner.households.iter();
            self.found.together.extend(homes.map(|home| (traits.household, *home)));
            owner.lives_in(traits.household);
        }
    }
}

/// How well a row of the register fits its own ID; less is better, and only rows that say the same are
/// equal.
fn fit(row: &Owner) -> (bool, bool, &Traits, &str) {
    let (born, sex) = apart::misfit(&row.traits);
    (born, sex, &row.traits, &row.child)
}

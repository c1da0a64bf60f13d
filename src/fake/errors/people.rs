//! The people of one county as they truly are, and who lives with whom.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};

use super::{Groups, Rates, birth_of, ids, put, set};
use crate::fake::world::{Record, SLOTS, Value, World};
use crate::fake::write::Dice;
use crate::pipeline::spec::PersonRoles;

/// Age in years from which a person is one of the old.
const OLD: i64 = 65;

/// A person.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) number: u64,
    /// The ID that the world writes; `id` differs for twins and for who shares another's ID.
    pub(super) world_id: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) male: bool,
    pub(super) birth: NaiveDate,
}

impl Person {
    /// Writes who the person truly is over what the world wrote.
    pub(super) fn become_true(&self, record: &mut Record<'_>, roles: &PersonRoles) {
        if self.id != self.world_id {
            set(record, Some(&roles.id), Some(self.id.clone()));
        }
        if let Some(column) = &roles.birth {
            put(record, column, Value::Date(self.birth));
        }
    }
}

/// The people of a county.
#[derive(Debug, Default)]
pub(super) struct People {
    all: BTreeMap<u64, Person>,
    numbers: Vec<u64>,
    groups: Groups,
}

impl People {
    /// The people of a county, with twins and shared IDs as the rates say; newborns and the old are
    /// so on `night`. The same seed gives the same people.
    pub(super) fn of(
        world: &World,
        county: usize,
        rates: &Rates,
        seed: u64,
        night: NaiveDate,
    ) -> Self {
        let mut people = Self::default();
        world.people_truth(county, &mut |p| {
            let (id, name) = (p.id.clone(), p.name.clone());
            let person = Person {
                number: p.number,
                world_id: id.clone(),
                id,
                name,
                male: p.male,
                birth: p.birth,
            };
            people.all.insert(p.number, person);
        });
        people.numbers = people.all.keys().copied().collect();
        people.twins(rates, seed, night);
        people.shared(rates, seed);
        for (number, person) in &people.all {
            let days = (night - person.birth).num_days();
            let groups = people.groups.entry(*number).or_default();
            if days < 365 {
                groups.push("newborn".into());
            }
            if days > OLD * 365 {
                groups.push("old".into());
            }
            if person.name.contains('·') {
                groups.push("dotted".into());
            }
        }
        people
    }

    /// Some neighbouring children become twins.
    fn twins(&mut self, rates: &Rates, seed: u64, night: NaiveDate) {
        for at in 1..self.numbers.len() {
            let (a, b) = (self.numbers[at - 1], self.numbers[at]);
            let (elder, younger) = (&self.all[&a], &self.all[&b]);
            let child = |p: &Person| (night - p.birth).num_days() < 18 * 365 && p.birth <= night;
            let mut dice = Dice::new(seed, &["twins", &b.to_string()]);
            if a / SLOTS != b / SLOTS
                || !child(elder)
                || !child(younger)
                || !dice.hit(rates.rate("twins", 0))
            {
                continue;
            }
            let birth = elder.birth;
            let day = format!("{:04}{:02}{:02}", birth.year(), birth.month(), birth.day());
            let first17 = format!("{}{day}{}", &younger.id[..6], &younger.id[14..17]);
            if let Some(id) = ids::valid(&first17)
                && let Some(twin) = self.all.get_mut(&b)
            {
                debug_assert_eq!(birth_of(&id), Some(birth), "the twin's ID has its birth");
                (twin.id, twin.birth) = (id, birth);
                for number in [a, b] {
                    self.groups.entry(number).or_default().push("twin".into());
                }
            }
        }
    }

    /// Some people truly use another's ID.
    fn shared(&mut self, rates: &Rates, seed: u64) {
        for number in self.numbers.clone() {
            let mut dice = Dice::new(seed, &["shared", &number.to_string()]);
            if dice.hit(rates.rate("shared", 0)) {
                let other = self.numbers[dice.below(self.numbers.len())];
                let id = self.all[&other].id.clone();
                if let Some(person) = self.all.get_mut(&number) {
                    person.id = id;
                    self.groups.entry(number).or_default().push("shared".into());
                }
            }
        }
    }

    /// The person of a number; nothing when nobody of the county has it.
    pub(super) fn get(&self, number: u64) -> Option<&Person> {
        self.all.get(&number)
    }

    /// Notes that a person is one of a group.
    pub(super) fn note(&mut self, number: u64, group: &str) {
        let groups = self.groups.entry(number).or_default();
        if !groups.iter().any(|g| g == group) {
            groups.push(group.to_owned());
        }
    }

    /// The groups of a person, such as `twin` or `old`, in the order in which they were noted.
    pub(super) fn groups(&self, number: u64) -> Vec<String> {
        self.groups.get(&number).cloned().unwrap_or_default()
    }

    fn household(&self, person: &Person) -> impl Iterator<Item = &Person> {
        let first = person.number / SLOTS * SLOTS;
        let own = person.number;
        self.all.range(first..first + SLOTS).map(|(_, p)| p).filter(move |p| p.number != own)
    }

    /// The head of a person's household; nothing for the head.
    pub(super) fn head(&self, person: &Person) -> Option<&Person> {
        self.household(person).next().filter(|p| p.number < person.number)
    }

    /// Somebody of a person's household.
    pub(super) fn member(&self, person: &Person, dice: &mut Dice) -> Option<&Person> {
        let all: Vec<&Person> = self.household(person).collect();
        (!all.is_empty()).then(|| *dice.pick(&all))
    }

    /// Anybody of the county.
    pub(super) fn stranger(&self, person: &Person, dice: &mut Dice) -> Option<&Person> {
        let number = dice.pick(&self.numbers);
        self.all.get(number).filter(|p| p.number / SLOTS != person.number / SLOTS)
    }

    /// The youngest woman of the household who can be the mother.
    pub(super) fn mother(&self, child: &Person) -> Option<&Person> {
        let fits = |p: &&Person| {
            let years = (child.birth - p.birth).num_days() / 365;
            !p.male && (16..=50).contains(&years)
        };
        self.household(child).filter(fits).max_by_key(|p| (p.birth, p.number))
    }
}

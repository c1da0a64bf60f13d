//! One pass over all rows with a usable ID, bucket by bucket: each is held against its ID's owner.

mod apart;
mod register;

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;

use super::Map;
use super::block::CROWD;
use super::compare::{self, Field, Gamma, birth, id, name};
use super::mention::{Kind, Mentions, RowRef};
use super::model::{SAMPLED, Sample};
use super::seen::{Watch, Watched, trace};
use super::traits::{Traits, Who, columns};
use crate::engine::TableRows;
use crate::error::{Error, Result};
use crate::lake::bucket::{KeyRange, finest};
use crate::lake::rows::Cursor;
use crate::person_name::{self, NameMatch};
use crate::pipeline::Pipeline;
use crate::pipeline::spec::Table;
use crate::privacy::PersonKeys;

/// One worker's cursors over the deliveries of each table, by the tables' places.
pub(super) type Cursors = Map<usize, Vec<Cursor>>;

/// What a night knows while it resolves.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub pipeline: &'a Pipeline,
    /// Tables in the order of trust; the first is the master.
    pub order: &'a [&'a Table],
    pub keys: &'a PersonKeys,
    pub tables: &'a BTreeMap<String, TableRows>,
    pub ranges: &'a [KeyRange],
    pub threads: usize,
    /// What is looked for on behalf of the night before.
    pub watch: &'a Watch,
}

impl Ground<'_> {
    /// How many of the tables are the spine.
    pub fn spine(&self) -> usize {
        let spine = &self.pipeline.settings.identity.spine;
        self.order.iter().filter(|t| spine.contains(&t.id)).count()
    }

    /// What stands in the place of an ID and is none, by the pipeline's own list.
    pub fn placeholders(&self) -> &[String] {
        &self.pipeline.settings.identity.placeholders
    }

    /// Rows of a table of some persons, with the places of their deliveries. The columns are those
    /// of the first call for the table with these cursors.
    ///
    /// # Errors
    /// A column that the table does not have; what the disk says.
    pub fn rows(
        &self,
        cursors: &mut Cursors,
        table: usize,
        columns: &[String],
        range: KeyRange,
    ) -> Result<Vec<(usize, RecordBatch)>> {
        let mut rows = Vec::new();
        let cursors = match cursors.entry(table) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                entry.insert(self.tables[&self.order[table].id].cursors(columns)?)
            }
        };
        for (at, cursor) in cursors.iter_mut().enumerate() {
            rows.extend(cursor.keys(range)?.into_iter().map(|batch| (at, batch)));
        }
        Ok(rows)
    }

    /// Runs one part for each range, some at a time. Each worker adds what it finds to its own pile;
    /// which ranges a pile holds, and in which order, is chance.
    ///
    /// # Errors
    /// What a part says, or that it panicked.
    pub fn each_range<T: Default + Send>(
        &self,
        part: impl Fn(KeyRange, &mut Cursors, &mut T) -> Result<()> + Sync,
    ) -> Result<Vec<T>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let (mut cursors, mut pile) = (Cursors::default(), T::default());
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(range) = self.ranges.get(at) else { return Ok(pile) };
                part(*range, &mut cursors, &mut pile)?;
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads.max(1)).map(|_| scope.spawn(work)).collect();
            let join = |w: std::thread::ScopedJoinHandle<'_, Result<T>>| {
                w.join().unwrap_or_else(|_| Err(Error::bug("identity panicked")))
            };
            workers.into_iter().map(join).collect()
        })
    }
}

/// What the sweep found.
#[derive(Default)]
pub(super) struct Swept {
    pub mentions: Mentions,
    /// Rows with a usable ID, by table in the order of trust.
    pub rows: Vec<u64>,
    /// A household of another table, and that of the master in which one of its members lives.
    pub together: BTreeSet<(u64, u64)>,
    pub sample: Sample,
    pub watched: Watched,
}

impl Swept {
    /// Takes what was found of other persons.
    fn add(&mut self, other: Self) {
        self.mentions.append(other.mentions);
        self.together.extend(other.together);
        self.sample.add(&other.sample);
        self.watched.add(other.watched);
        self.rows.resize(self.rows.len().max(other.rows.len()), 0);
        for (sum, rows) in self.rows.iter_mut().zip(other.rows) {
            *sum += rows;
        }
    }
}

/// Sweeps all ranges of keys.
///
/// # Errors
/// What the disk says; two IDs with one key, which only another secret can mend.
pub(super) fn sweep(ground: &Ground<'_>) -> Result<Swept> {
    let piles = ground.each_range(|range, cursors, pile: &mut Swept| {
        let rows = vec![0; ground.order.len()];
        let found = Swept { rows, ..Swept::default() };
        let (owners, rest) = (Map::default(), Vec::new());
        let mut one = Sweep { ground, spine: ground.spine(), owners, rest, found };
        one.range(range, cursors)?;
        pile.add(one.finish());
        Ok(())
    })?;
    let mut swept = Swept { rows: vec![0; ground.order.len()], ..Swept::default() };
    piles.into_iter().for_each(|pile| swept.add(pile));
    Ok(swept)
}

/// Whom an ID belongs to.
struct Owner {
    traits: Traits,
    /// The name of a child that is called after its mother, which its traits leave out.
    child: Box<str>,
    /// Is it a person of the master?
    master: bool,
    /// The row, and the quality of its ID.
    place: RowRef,
    quality: Box<str>,
    /// Each once.
    households: Vec<u64>,
}

impl Owner {
    /// What a row says of the one whose ID it has.
    fn of(who: &Who<'_>, row: usize, place: RowRef) -> Self {
        let traits = who.traits(row);
        let child = who.name(row).filter(|_| traits.name.is_empty());
        Self {
            child: child.map(person_name::fold).unwrap_or_default().into(),
            master: place.table == 0,
            place,
            quality: who.quality(row).into(),
            households: vec![traits.household],
            traits,
        }
    }

    /// Where a crowd has the ID, its households say nothing, and need not all be known.
    fn lives_in(&mut self, household: u64) {
        if self.households.len() <= CROWD && !self.households.contains(&household) {
            self.households.push(household);
        }
    }
}

/// The sweep of one range of keys.
struct Sweep<'a> {
    ground: &'a Ground<'a>,
    spine: usize,
    owners: Map<i64, Owner>,
    /// Further rows of the register under an ID, by its key.
    rest: Vec<(i64, Owner)>,
    found: Swept,
}

impl Sweep<'_> {
    fn range(&mut self, range: KeyRange, cursors: &mut Cursors) -> Result<()> {
        let ground = self.ground;
        for (number, table) in ground.order.iter().enumerate() {
            for (at, batch) in ground.rows(cursors, number, &columns(table), range)? {
                self.batch(number, at, table, &batch)?;
            }
            if number == 0 {
                self.register();
            }
        }
        Ok(())
    }

    fn batch(
        &mut self,
        number: usize,
        held: usize,
        table: &Table,
        batch: &RecordBatch,
    ) -> Result<()> {
        if table.person.is_none() {
            return Ok(());
        }
        let who = Who::of(batch, table, self.ground.placeholders());
        for row in 0..batch.num_rows() {
            let (Some(key), Some(id)) = (who.key(row), who.id(row)) else { continue };
            self.found.rows[number] += 1;
            let place = RowRef {
                table: number as u16,
                delivery: held as u32,
                src_row: who.src_row(row)?,
                own: key,
            };
            if self.ground.watch.owners.contains(&key) {
                let what = trace(self.ground.keys, &who.traits(row), None);
                self.found.watched.row(what, key, place.table);
            }
            self.row(&who, row, key, id, place)?;
        }
        Ok(())
    }

    fn row(&mut self, who: &Who<'_>, row: usize, key: i64, id: &str, place: RowRef) -> Result<()> {
        let number = usize::from(place.table);
        let Some(owner) = self.owners.get_mut(&key) else {
            if number > 0 {
                let (traits, place) = (who.traits(row), place.clone());
                self.found.mentions.add(Kind::Orphan, key, traits, who.quality(row), place);
            }
            self.owners.insert(key, Owner::of(who, row, place));
            return Ok(());
        };
        if *owner.traits.id != *id {
            return Err(Error::environment("two citizen IDs have the same person key").hint(
                "the 63-bit keyed hash collided; choose another secret and receive everything anew",
            ));
        }
        if number == 0 {
            self.rest.push((key, Owner::of(who, row, place)));
            return Ok(());
        }
        if !owner.master {
            let traits = who.traits(row);
            owner.lives_in(traits.household);
            self.found.mentions.add(Kind::Orphan, key, traits, who.quality(row), place);
            return Ok(());
        }
        let told = who.name(row).map(|name| match person_name::child_of(name) {
            Some(_) => NameMatch::Clash,
            None => person_name::compare(&owner.traits.name, name),
        });
        let plain = owner.traits.name.is_empty()
            || apart::is_owners(told, who.birth(row), &|| who.traits(row), &owner.traits);
        // A child's name that says its mother's only is nobody's.
        if owner.traits.name.is_empty()
            && let Some(name) = who.name(row).filter(|name| person_name::child_of(name).is_none())
        {
            owner.traits.name = person_name::fold(name).into();
        }
        if number < self.spine && plain {
            let household = who.household(row);
            let homes = &owner.households;
            self.found.together.extend(homes.iter().map(|home| (household, *home)));
            owner.lives_in(household);
        }
        let sampled = key.unsigned_abs().is_multiple_of(SAMPLED);
        if plain && !sampled {
            return Ok(());
        }
        let traits = who.traits(row);
        if sampled {
            self.sample(number, key, &traits);
        }
        if !plain {
            // Children without a name under one number are told apart by their births.
            let birth = || traits.birth.map_or_else(String::new, |birth| birth.to_string());
            let name = who.name(row).map_or_else(birth, person_name::fold);
            let near = told == Some(NameMatch::Near);
            self.unlike((traits, &name), who.quality(row), key, place, near);
        }
        Ok(())
    }

    /// A row whose name is not its ID's owner's.
    fn unlike(
        &mut self,
        (traits, name): (Traits, &str),
        quality: &str,
        key: i64,
        mut place: RowRef,
        near: bool,
    ) {
        let against = apart::against(&traits, &self.owners[&key].traits);
        let kind = if near && !against { Kind::Doubtful } else { Kind::Clash };
        // The register's own row of nearly the same name is a correction, not somebody else.
        if kind == Kind::Clash || place.table > 0 {
            place.own = other(self.ground.keys, key, &traits.id, name);
        }
        self.found.mentions.add(kind, key, traits, quality, place);
    }

    /// Notes how a row agrees with its owner.
    fn sample(&mut self, table: usize, key: i64, traits: &Traits) {
        let owner = &self.owners[&key];
        let gamma = compare::compare(traits, &owner.traits);
        let own = traits.birth.is_some() && traits.birth == traits.id_birth();
        self.found.sample.same(table, gamma, own);
    }

    fn finish(mut self) -> Swept {
        apart::part_orphans(self.ground.keys, &mut self.found.mentions.all);
        for mention in &mut self.found.mentions.all {
            let owner = self.owners.get(&mention.key).filter(|o| o.households.len() <= CROWD);
            let homes = owner.into_iter().flat_map(|owner| &owner.households).copied();
            mention.households.extend(homes.filter(|home| *home != 0));
        }
        self.found.together.retain(|(a, b)| *a != 0 && *b != 0 && a != b);
        let living = self.owners.iter().filter(|(_, owner)| owner.master).map(|(key, _)| *key);
        let living = living.filter(|key| self.ground.watch.keys.contains(key));
        self.found.watched.living.extend(living);
        self.found
    }
}

/// The key of somebody else who uses an ID: of that ID and name, in the finest bucket of its owner.
pub(super) fn other(keys: &PersonKeys, owner: i64, id: &str, name: &str) -> i64 {
    let KeyRange { first, last } = finest(owner);
    first | (keys.derived("clash", &[id, name]) & (last - first))
}

/// Is the ID, or what is left of it, alone what a row and a person share? A name that is only like theirs says
/// nothing beside another birth: that is how relatives are named.
pub(super) fn by_id_alone(gamma: Gamma) -> bool {
    let (name, birth) = (gamma.get(Field::Name), gamma.get(Field::Birth));
    let alike = (name::SOUND..=name::PART).contains(&name) && birth <= birth::PARTS;
    (id::SAME..=id::EDITS).contains(&gamma.get(Field::Id))
        && name != name::SAME
        && !alike
        && !(birth::SAME..=birth::PARTS).contains(&birth)
}

/// Deliveries by their places, for the rows of a table.
pub(super) fn delivery_of(tables: &TableRows, place: u32) -> Arc<str> {
    tables.held.get(place as usize).map_or_else(|| "".into(), |h| h.delivery.as_str().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_id_must_agree() {
        for (levels, alone) in [
            ([id::SAME, name::SAME, birth::ELSE], false),
            ([id::SAME, name::SOUND, 0], false),
            ([id::SAME, name::SOUND, birth::ELSE], true),
            ([id::SAME, name::NEAR, birth::SAME_YEAR], true),
            ([id::SAME, name::ELSE, birth::SAME], false),
            ([id::SAME, name::ELSE, 0], true),
            ([id::EDIT, 0, 0], true),
            ([id::EDIT, name::ELSE, birth::ELSE], true),
            ([id::PREFIX, name::SURNAME, 0], true),
            ([id::PREFIX, 0, birth::JANUARY], false),
            ([id::HOUSEHOLD, 0, 0], false),
            ([0, 0, 0], false),
        ] {
            let mut gamma = Gamma::default();
            for (field, level) in [Field::Id, Field::Name, Field::Birth].into_iter().zip(levels) {
                gamma.set(field, level);
            }
            assert_eq!(by_id_alone(gamma), alone, "{levels:?}");
        }
    }
}

//! Identify: a person key for every row of a person table, and the evidence of each link that is
//! not a plain ID.
//!
//! A row with a usable ID got its key when it was received. For the night three kinds of rows are
//! left: those without a usable ID, those whose ID belongs to somebody with another name, and those
//! whose ID the master does not know. What they say is a *mention*. Every person of the spine is
//! offered to the mentions that share a key with it; steps of exact evidence decide first, and what
//! they leave is weighed. See docs/identity.md.

mod block;
mod changes;
mod compare;
mod decide;
mod decisions;
mod events;
mod evidence;
mod links;
mod lookup;
pub mod lunar;
mod mention;
mod model;
mod numbered;
mod once;
mod pairs;
mod probe;
mod recall;
mod seen;
mod step;
mod sweep;
mod traits;
mod waiting;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use chrono::NaiveDate;
use foldhash::fast::FixedState;
use serde::{Deserialize, Serialize};

pub use decisions::{IN_FORCE, NO_PERSON, NO_ROW, check};
pub use events::{Event, EventKind, Forward, events, no_events};
pub use evidence::{Evidence, Part, evidence, reviews};
pub use lookup::{Linked, Wanted, linked, step_title};
pub use recall::{carry, recall};
pub use seen::Past;

use crate::engine::TableRows;
use crate::error::Result;
use crate::lake::bucket::KeyRange;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::{Grain, Table};
use crate::privacy::PersonKeys;
use decide::Case;
use decisions::Decisions;
use mention::{Kind, Mention};
use once::Lists;
use probe::Extra;
use step::Step;
use sweep::{Ground, Swept};
use traits::IdKind;

/// Tables that are asked for every row.
type Map<K, V> = HashMap<K, V, FixedState>;
type Set<K> = HashSet<K, FixedState>;

/// Few households have more people than so many.
const HOUSEHOLD: usize = 8;

/// How rows of each table were linked, by tier and by step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funnel {
    /// Table, then tier (`id`, `variant`, `prefix15`, `roster`, `clash`, `unlinked`), then rows.
    /// `variant` rows are linked by ID under another spelling of the name and count as `id` too.
    pub tables: BTreeMap<String, BTreeMap<String, u64>>,
    /// Table, then step (see [`steps`]), then rows: each row once.
    #[serde(default)]
    pub steps: BTreeMap<String, BTreeMap<String, u64>>,
    /// Changes since the night before (`merge`, `move`, `split`): see [`Event`].
    #[serde(default)]
    pub events: BTreeMap<String, u64>,
    /// People's decisions by what they are tonight ([`IN_FORCE`], [`NO_ROW`], [`NO_PERSON`]); empty where
    /// nothing was decided.
    #[serde(default)]
    pub decisions: BTreeMap<String, u64>,
}

impl Funnel {
    /// Rows of a table in a tier.
    pub fn get(&self, table: &str, tier: &str) -> u64 {
        self.tables.get(table).and_then(|t| t.get(tier)).copied().unwrap_or(0)
    }

    /// Rows of all tables in a tier.
    pub fn total(&self, tier: &str) -> u64 {
        self.tables.values().filter_map(|t| t.get(tier)).sum()
    }
}

/// The words of all steps with their Chinese titles, the plain ID first.
pub fn steps() -> Vec<(&'static str, &'static str)> {
    let others = Step::ALL.into_iter().map(Step::words);
    std::iter::once(("id", "证件号")).chain(others).collect()
}

/// The order in which tables are believed about a person: the spine, then by id.
fn by_trust(pipeline: &Pipeline) -> Vec<&Table> {
    let spine = &pipeline.settings.identity.spine;
    let place = |t: &Table| spine.iter().position(|s| *s == t.id).unwrap_or(spine.len());
    let mut tables: Vec<&Table> =
        pipeline.tables.values().filter(|t| t.grain == Grain::Person).collect();
    tables.sort_by_key(|t| (place(t), t.id.clone()));
    tables
}

/// The night whose rows are given their persons.
pub struct Night<'a> {
    /// Where it is staged.
    pub folder: &'a Path,
    pub date: NaiveDate,
    /// What the night before knew.
    pub past: &'a Past,
}

/// Gives every row of the person tables its person: `tables` then hold the moved rows and the
/// edits. The table `link`, and what changed since the night before, are written into the night.
///
/// # Errors
/// The disk; two IDs with one key, which only another secret can mend; a decision that is none.
pub fn resolve(
    pipeline: &Pipeline,
    keys: &PersonKeys,
    tables: &mut BTreeMap<String, TableRows>,
    night: &Night<'_>,
    ranges: &[KeyRange],
    threads: usize,
) -> Result<Funnel> {
    let order = by_trust(pipeline);
    let mut decisions = Decisions::of(pipeline, keys)?;
    let forward = &night.past.forward;
    let spoken = decisions.persons(forward);
    let mut watch = night.past.watch();
    watch.keys.extend(&spoken);
    let ground = Ground { pipeline, order: &order, keys, tables, ranges, threads, watch: &watch };
    let mut swept = sweep::sweep(&ground)?;
    waiting::gather(&ground, &mut swept.mentions)?;
    swept.mentions.settle();
    complete(&mut swept);
    stand_ins(&mut swept.mentions.all);
    let mentions = std::mem::take(&mut swept.mentions.all);
    let there = there(&spoken, &swept.watched.living, &mentions);
    let fates = decisions.settle(&there, forward, &mentions);
    let spine = ground.spine();
    let (apart, extras) = persons(&mentions, spine);
    swept.watched.numbered = numbered::numbered(&ground, night.past, &apart)?;
    let probed = probe::probe(&ground, &mentions, &apart, &extras)?;
    let lists = &Lists::read(&ground, &mentions, &probed.candidates)?;
    let policy = &pipeline.settings.identity.link;
    let (census, sample) = (&probed.census, &swept.sample);
    let (mentions, decisions) = (&mentions[..], &decisions);
    let case = Case { policy, census, sample, mentions, decisions, spine, lists };
    let (mut outcome, model) = case.decide(probed.candidates);
    let nameless = extras.iter().filter(|e| e.rank == 0).map(|e| (e.key, e.mention)).collect();
    let adopted = decide::settle(mentions, &mut outcome.decided, &nameless, decisions);
    let home = (night.folder, pipeline.settings.buckets);
    evidence::write(&case, &order, tables, night.folder, &outcome, &model, &adopted)?;
    let (found, rows) = ((&adopted, decisions), (&swept.rows[..], &night.past.deliveries));
    let (mut funnel, now) =
        links::write(&order, tables, home, mentions, &outcome.decided, found, rows)?;
    seen::write(night.folder, &now)?;
    let at = (night.folder, night.date);
    funnel.decisions = fates;
    funnel.events = events::write(&order, at, night.past, &now, &swept.watched)?;
    Ok(funnel)
}

/// Those of some persons who have a row tonight. `living` are those of the master.
fn there(wanted: &BTreeSet<i64>, living: &BTreeSet<i64>, mentions: &[Mention]) -> BTreeSet<i64> {
    // A row without a usable ID has no key but its own.
    let by_id = |m: &Mention| (m.kind != Kind::Waiting).then_some(m.key);
    let keys =
        mentions.iter().flat_map(|m| by_id(m).into_iter().chain(m.rows.iter().map(|r| r.own)));
    keys.chain(living.iter().copied()).filter(|key| wanted.contains(key)).collect()
}

/// Puts in what only the whole sweep knows: companions' households, and births that are copies.
fn complete(swept: &mut Swept) {
    for mention in &mut swept.mentions.all {
        let own = mention.traits.household;
        let homes = swept.together.range((own, 0)..=(own, u64::MAX)).map(|(_, home)| *home);
        if own != 0 {
            mention.households.extend(homes);
        }
        mention.households.sort_unstable();
        mention.households.dedup();
        // A valid number that nobody else has is the person's own more often than not.
        if mention.kind == Kind::Orphan {
            mention.traits.birth = mention.traits.born();
        }
        let copied = matches!(mention.kind, Kind::Clash | Kind::Doubtful)
            && mention.traits.birth == mention.traits.id_birth()
            && swept.sample.copies_births(usize::from(mention.table));
        if copied {
            mention.traits.birth = None;
        }
    }
}

/// A damaged number that people of more names have than live in a household only stands in for one, though no
/// list says so: rows that have it and one name are not one person's for that. What they say stays as it is, and
/// so do their numbers.
fn stand_ins(mentions: &mut [Mention]) {
    let mut names: Map<&str, BTreeSet<&str>> = Map::default();
    for traits in mentions.iter().map(|m| &m.traits).filter(|t| t.kind == IdKind::Damaged) {
        let own = names.entry(&*traits.id).or_default();
        if own.len() <= HOUSEHOLD {
            own.insert(&*traits.name);
        }
    }
    let many = names.into_iter().filter(|(_, names)| names.len() > HOUSEHOLD);
    let many: Set<Box<str>> = many.map(|(id, _)| id.into()).collect();
    for traits in mentions.iter_mut().map(|m| &mut m.traits) {
        if traits.kind == IdKind::Damaged && many.contains(&traits.id) {
            traits.kind = IdKind::None;
        }
    }
}

/// Rows of the spine that are not their ID's owner's, and the persons that are no such owners.
fn persons(mentions: &[Mention], spine: usize) -> (Set<(u16, u32, i64)>, Vec<Extra>) {
    let mut apart = Set::default();
    let mut extras = Vec::new();
    for (at, mention) in mentions.iter().enumerate() {
        for row in mention.rows.iter().filter(|r| usize::from(r.table) < spine) {
            apart.insert((row.table, row.delivery, row.src_row));
        }
        if usize::from(mention.table) >= spine || mention.kind == Kind::Doubtful {
            continue;
        }
        // A row of a list whose ID is somebody else's is no person that others could be.
        if mention.kind == Kind::Clash && mention.table > 0 {
            continue;
        }
        let own = mention.rows.iter().filter(|r| r.table == mention.table);
        let mut keys: Vec<i64> = own.map(|r| r.own).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let traits = mention.traits.clone();
            extras.push(Extra { key, rank: mention.table, traits, mention: at as u32 });
        }
    }
    (apart, extras)
}

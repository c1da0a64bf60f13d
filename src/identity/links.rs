//! Writes what was decided: moved rows, edits of the deliveries, the table `link`, the funnel.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Int64Type;

use super::Funnel;
use super::decide::Decided;
use super::decisions::Decisions;
use super::mention::{Kind, Mention, RowRef};
use super::seen::{NOBODY, Now, Seen};
use super::step::Step;
use super::sweep::delivery_of;
use crate::engine::{Held, TableRows};
use crate::error::{Error, Result};
use crate::lake::durable;
use crate::lake::rows::{Gather, PERSON_KEY, RowsFile, SRC_ROW};
use crate::pipeline::schema::{LINK_TABLE, link_schema};
use crate::pipeline::spec::Table;

/// Name of the file of the table that this stage makes.
pub(super) const FILE: &str = "link.parquet";

/// Where a row came to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// Where it was.
    Kept,
    /// Under another key of its bucket.
    Rekeyed,
    /// In the night's file of moved rows.
    Moved,
}

/// One row and its person.
#[derive(Debug, Clone)]
struct Line {
    table: u16,
    delivery: u32,
    src_row: i64,
    /// The ID's owner, or the person.
    about: i64,
    linked: i64,
    /// The word in the table `link`; none when the row needs no line.
    tier: Option<&'static str>,
    step: Step,
    bits: Option<i64>,
    quality: Box<str>,
    place: Place,
    kind: Kind,
    mention: i64,
    /// See [`Seen`].
    what: i64,
    owner: i64,
}

/// The coarse word of a row that was given to a person by more than its ID.
fn tier(step: Step) -> &'static str {
    if step == Step::Prefix { "prefix15" } else { "roster" }
}

/// The lines of all mentions in the order of their rows.
fn lines(
    mentions: &[Mention],
    decided: &[Option<Decided>],
    adopted: &BTreeMap<i64, i64>,
    decisions: &Decisions,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let adopters: BTreeMap<i64, i64> = adopted.iter().map(|(own, id)| (*id, *own)).collect();
    for (mention, decided) in mentions.iter().zip(decided) {
        let numbers = (decisions.number(mention), decisions.trace(mention, None));
        let undecided = mention.kind == Kind::Orphan && decided.is_none();
        let adopter = adopters.get(&mention.key).filter(|_| undecided);
        let apart = adopter.and_then(|adopter| decisions.apart(mention, *adopter));
        for row in &mention.rows {
            let own = apart.unwrap_or(row.own);
            let mut line = line(mention, &RowRef { own, ..*row }, *decided, adopted, numbers);
            if mention.kind == Kind::Waiting {
                (line.what, line.owner) = (decisions.trace(mention, Some(row.own)), NOBODY);
            }
            lines.push(line);
        }
    }
    lines.sort_by_key(|l| (l.table, l.delivery, l.src_row));
    lines
}

/// What becomes of one row.
fn line(
    mention: &Mention,
    row: &RowRef,
    decided: Option<Decided>,
    adopted: &BTreeMap<i64, i64>,
    (number, what): (i64, i64),
) -> Line {
    let adopted = |key: i64| adopted.get(&key).copied().unwrap_or(key);
    let found = decided.and_then(|d| d.key.map(|key| (adopted(key), d.step, d.bits)));
    let step = found.map(|(_, step, _)| step);
    let mut line = Line {
        table: row.table,
        delivery: row.delivery,
        src_row: row.src_row,
        about: mention.key,
        linked: found.map_or(row.own, |(key, ..)| key),
        tier: None,
        step: step.unwrap_or(Step::Unlinked),
        bits: found.and_then(|(.., bits)| bits).map(|b| b.round() as i64),
        quality: mention.quality.clone(),
        place: Place::Kept,
        kind: mention.kind,
        mention: number,
        what,
        owner: mention.key,
    };
    match mention.kind {
        Kind::Waiting => {
            line.place = Place::Moved;
            line.linked = adopted(line.linked);
            line.tier = Some(match step {
                Some(step) => tier(step),
                // The register's row of a person whose ID others have.
                None if line.linked != row.own => {
                    line.step = Step::Follow;
                    "roster"
                }
                None => "unlinked",
            });
            line.about = line.linked;
        }
        Kind::Orphan if step.is_none() && row.own != mention.key => {
            (line.step, line.place, line.tier) = (Step::Clash, Place::Rekeyed, Some("clash"));
        }
        Kind::Orphan if line.linked == mention.key || step.is_none() => {
            (line.linked, line.step) = (mention.key, step.unwrap_or(Step::Own));
            line.tier = mention.variant.then_some("variant");
        }
        Kind::Orphan => {
            (line.place, line.tier, line.about) = (Place::Moved, step.map(tier), line.linked);
        }
        Kind::Doubtful if step.is_none() && row.own == mention.key => {
            (line.linked, line.step) = (mention.key, Step::Variant);
            line.tier = Some("variant");
        }
        // Nearly the owner's name, and wholly that of another: nobody can say.
        Kind::Clash | Kind::Doubtful if step.is_none_or(|s| s == Step::Clash) => {
            (line.linked, line.step) = (adopted(row.own), Step::Clash);
            (line.place, line.tier) = (Place::Rekeyed, Some("clash"));
            // The register's row under another's ID, and others know the right one.
            if line.linked != row.own {
                (line.place, line.step) = (Place::Moved, Step::Follow);
            }
        }
        Kind::Clash | Kind::Doubtful if line.linked == mention.key => {
            line.tier = Some("variant");
        }
        Kind::Clash | Kind::Doubtful => {
            (line.place, line.tier) = (Place::Moved, Some("clash"));
        }
    }
    line
}

/// Writes links and moved rows below `night/identity` and hangs them into `tables`. `rows` are the rows
/// with a usable ID, by table. Gives what the next night is to know; `known` are deliveries that the
/// night before had.
///
/// # Errors
/// What the disk says; a file of the lake that is damaged.
pub(super) fn write(
    order: &[&Table],
    tables: &mut BTreeMap<String, TableRows>,
    (night, buckets): (&Path, usize),
    mentions: &[Mention],
    decided: &[Option<Decided>],
    (adopted, decisions): (&BTreeMap<i64, i64>, &Decisions),
    (rows, known): (&[u64], &BTreeSet<String>),
) -> Result<(Funnel, BTreeMap<i64, Now>)> {
    let dir = night.join("identity");
    durable::create_dir_all(&dir)?;
    let lines = lines(mentions, decided, adopted, decisions);
    let path = dir.join(FILE);
    let mut writer = Gather::create(&path, link_schema(), buckets, None)?;
    let told: Vec<&Line> = lines.iter().filter(|l| l.tier.is_some()).collect();
    for part in told.chunks(8192) {
        writer.push(&link_rows(order, tables, part)?)?;
    }
    writer.finish()?;
    let now = seen(order, tables, &lines, known);
    let mut funnel = Funnel::default();
    for (number, table) in order.iter().enumerate() {
        let own: Vec<&Line> = lines.iter().filter(|l| usize::from(l.table) == number).collect();
        count(&mut funnel, &table.id, &own, rows[number]);
        let table_rows = tables.get_mut(&table.id).expect("every table was assembled");
        let path = dir.join(format!("moved-{}.parquet", table.id));
        move_rows(table_rows, &own, &path, buckets)?;
    }
    hang(tables, &path)?;
    Ok((funnel, now))
}

/// Adds the table of links to tonight's tables.
///
/// # Errors
/// The file of links is missing or damaged.
pub(super) fn hang(tables: &mut BTreeMap<String, TableRows>, path: &Path) -> Result<()> {
    let file = RowsFile::open(path)?;
    let held = vec![Held { delivery: String::new(), file, edits: Arc::default() }];
    tables.insert(LINK_TABLE.into(), TableRows { schema: link_schema(), held, moved: None });
    Ok(())
}

/// What rows say and whose they are, by [`Seen::what`]. Where the same has two persons, that of most
/// rows counts.
fn seen(
    order: &[&Table],
    tables: &BTreeMap<String, TableRows>,
    lines: &[Line],
    known: &BTreeSet<String>,
) -> BTreeMap<i64, Now> {
    let mut all: BTreeMap<(i64, i64), Now> = BTreeMap::new();
    for line in lines {
        let held = &tables[&order[usize::from(line.table)].id].held;
        let old = held.get(line.delivery as usize).is_some_and(|h| known.contains(&h.delivery));
        let (what, key) = (line.what, line.linked);
        let own = all.entry((what, key)).or_insert_with(|| Now {
            seen: Seen { what, mention: line.mention, key, owner: line.owner },
            step: line.step,
            kind: line.kind,
            table: line.table,
            rows: 0,
            old: 0,
        });
        own.rows += 1;
        own.old += i64::from(old);
    }
    let mut now: BTreeMap<i64, Now> = BTreeMap::new();
    for ((what, _), one) in all {
        let own = now.entry(what).or_insert(one);
        if one.rows > own.rows {
            *own = one;
        }
    }
    now
}

/// Rows of a table by tier and by step. `rows` have a usable ID.
fn count(funnel: &mut Funnel, table: &str, lines: &[&Line], rows: u64) {
    let tiers = funnel.tables.entry(table.to_owned()).or_default();
    let steps = funnel.steps.entry(table.to_owned()).or_default();
    let with_id = |l: &&&Line| l.kind != Kind::Waiting;
    let gone = lines.iter().filter(with_id).filter(|l| l.place != Place::Kept).count() as u64;
    tiers.insert("id".into(), rows - gone);
    for tier in ["variant", "clash"] {
        tiers.insert(tier.into(), 0);
    }
    let special = lines.iter().filter(with_id).count() as u64;
    steps.insert("id".into(), rows - special);
    for line in lines {
        *steps.entry(line.step.word().into()).or_default() += 1;
        let counted = match (line.place, line.tier) {
            (Place::Moved, Some("clash")) => Some("roster"),
            (_, tier) => tier,
        };
        if let Some(tier) = counted {
            *tiers.entry(tier.into()).or_default() += 1;
        }
    }
}

/// Writes the moved rows of a table, and the edits that take them away from where they were. The lines
/// are in the order of the deliveries.
fn move_rows(rows: &mut TableRows, lines: &[&Line], path: &Path, buckets: usize) -> Result<()> {
    let mut moved: Option<Gather> = None;
    let schema = rows.schema.clone();
    let mut push = |batch: RecordBatch| -> Result<()> {
        let writer = match &mut moved {
            Some(writer) => writer,
            None => moved.insert(Gather::create(path, schema.clone(), buckets, None)?),
        };
        writer.push(&batch)
    };
    for (at, held) in rows.held.iter_mut().enumerate() {
        let first = lines.partition_point(|l| (l.delivery as usize) < at);
        let own = lines[first..].iter().take_while(|l| l.delivery as usize == at);
        let own: Vec<&&Line> = own.filter(|l| l.place != Place::Kept).collect();
        if own.is_empty() {
            continue;
        }
        let targets: BTreeMap<i64, &Line> =
            own.iter().filter(|l| l.place == Place::Moved).map(|l| (l.src_row, **l)).collect();
        let wanted: BTreeSet<i64> = targets.keys().copied().collect();
        if !wanted.is_empty() {
            for batch in held.file.pick(Arc::new(wanted))? {
                push(rewritten(&batch?, &targets)?)?;
            }
        }
        let mut edits = (*held.edits).clone();
        for line in own {
            match (line.place, line.kind) {
                (Place::Rekeyed, _) => _ = edits.rekey.insert(line.src_row, line.linked),
                // Rows that waited are read by nobody where they are.
                (Place::Moved, kind) if kind != Kind::Waiting => {
                    edits.moved.insert(line.src_row);
                }
                _ => {}
            }
        }
        held.edits = Arc::new(edits);
    }
    if let Some(moved) = moved {
        moved.finish()?;
        rows.moved = Some(RowsFile::open(path)?);
    }
    Ok(())
}

/// A batch of rows under their new persons.
fn rewritten(batch: &RecordBatch, targets: &BTreeMap<i64, &Line>) -> Result<RecordBatch> {
    let numbers =
        batch.column_by_name(SRC_ROW).ok_or_else(|| Error::bug("a row without number"))?;
    let numbers = numbers.as_primitive::<Int64Type>();
    let own = |n: &i64| targets.get(n).copied();
    let keys: Int64Array = numbers.values().iter().map(|n| own(n).map(|l| l.linked)).collect();
    let word =
        |l: &Line| if l.tier == Some("clash") { tier(l.step) } else { l.tier.unwrap_or("id") };
    let links: StringArray = numbers.values().iter().map(|n| own(n).map(word)).collect();
    let mut columns = batch.columns().to_vec();
    columns[batch.schema().index_of(PERSON_KEY)?] = Arc::new(keys);
    columns[batch.schema().index_of("link")?] = Arc::new(links);
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

/// Rows of the table `link`.
fn link_rows(
    order: &[&Table],
    tables: &BTreeMap<String, TableRows>,
    lines: &[&Line],
) -> Result<RecordBatch> {
    let numbers = |f: &dyn Fn(&Line) -> Option<i64>| -> ArrayRef {
        Arc::new(lines.iter().map(|l| f(l)).collect::<Int64Array>())
    };
    let texts = |f: &dyn Fn(&Line) -> Option<String>| -> ArrayRef {
        Arc::new(lines.iter().map(|l| f(l)).collect::<StringArray>())
    };
    let table = |l: &Line| order[usize::from(l.table)].id.clone();
    let columns = vec![
        numbers(&|l| Some(l.about)),
        texts(&|l| Some(table(l))),
        texts(&|l| l.tier.map(str::to_owned)),
        texts(&|l| Some(l.quality.to_string())),
        numbers(&|l| Some(l.linked)),
        texts(&|l| Some(l.step.word().to_owned())),
        numbers(&|l| l.bits),
        numbers(&|l| Some(l.mention)),
        texts(&|l| Some(delivery_of(&tables[&table(l)], l.delivery).to_string())),
        numbers(&|l| Some(l.src_row)),
    ];
    Ok(RecordBatch::try_new(link_schema(), columns)?)
}

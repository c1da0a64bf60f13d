//! `bidui ledger`: the events as they are, whether they are whole, and the cases made anew.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray};
use chrono::NaiveDate;

use super::case::Where;
use super::case::{said, tell_terms, told};
use super::output::{self, Form, Out};
use super::show::columns;
use crate::error::Result;
use crate::lake::{MANIFEST, listed};
use crate::ledger::act::{Act, Answer, Event};
use crate::ledger::chain::{self, Head};
use crate::ledger::store::{self, Store};
use crate::night::Setup;
use crate::privacy::hide_ids;

/// What `bidui ledger` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: LedgerVerb,
}

#[derive(clap::Subcommand)]
enum LedgerVerb {
    /// Print events.
    Show(Show),
    /// Look for the first fault: changed, removed, swapped or cut events, and cases that differ.
    Verify(Verify),
    /// Make the cases again from the events, and say what differed.
    Rebuild(Rebuild),
}

#[derive(clap::Args)]
struct Show {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    out: Out,
    /// Only events about this case, pack or revealed thing.
    #[arg(long)]
    about: Option<String>,
    /// Only events of this day and later.
    #[arg(long)]
    since: Option<NaiveDate>,
    /// At most so many rows, the last ones.
    #[arg(long)]
    limit: Option<usize>,
}

#[derive(clap::Args)]
struct Verify {
    #[command(flatten)]
    place: Where,
    /// Folder of packs, whose manifests know ends of the chain [default: packs in the lake].
    #[arg(long)]
    packs: Option<PathBuf>,
}

#[derive(clap::Args)]
struct Rebuild {
    #[command(flatten)]
    place: Where,
}

/// Does what is asked for.
///
/// # Errors
/// The pipeline's faults; no ledger; what the verb says.
pub fn ledger(args: &Args) -> Result<ExitCode> {
    match &args.verb {
        LedgerVerb::Show(args) => show(args),
        LedgerVerb::Verify(args) => verify(args),
        LedgerVerb::Rebuild(args) => rebuild(args),
    }
}

fn open(place: &Where) -> Result<(Setup, Store)> {
    let setup = place.setup()?;
    let address = store::address(&setup.pipeline.settings, setup.lake.root());
    let store = Store::open_existing(&address)?;
    // Held against the lake of another, it would seem to be damaged.
    store.held_to(&setup.ground())?;
    setup.same_lake(&store, false)?;
    Ok((setup, store))
}

/// Leaves out who answered: that is shown to nobody without a reason that the ledger records.
pub(super) fn leave_person_out(answer: &mut Answer) {
    answer.person.clear();
    answer.phone.clear();
}

/// Leaves out of an act what people are not shown: who answered, and an ID that was filled in for the
/// number of a bill. Does it say something else now?
pub(super) fn for_people(act: &mut Act) -> bool {
    match act {
        Act::Answer(answer) | Act::Progress(answer) => {
            leave_person_out(answer);
            true
        }
        Act::Open { subject, anchor, .. } => {
            let hidden = (hide_ids(subject), hide_ids(anchor));
            let differs = hidden.0 != *subject || hidden.1 != *anchor;
            (*subject, *anchor) = hidden;
            differs
        }
        _ => false,
    }
}

fn show(args: &Show) -> Result<ExitCode> {
    let (setup, store) = open(&args.place)?;
    let mut events = match &args.about {
        Some(about) => store.events_about(about)?,
        None => store.events()?,
    };
    tell_terms(&mut events);
    events.retain(|e| args.since.is_none_or(|since| e.draft.day >= since));
    let skip = events.len().saturating_sub(args.limit.unwrap_or(usize::MAX));
    events.drain(..skip);
    for event in &mut events {
        if for_people(&mut event.draft.act) {
            event.text = chain::text(&event.draft)?;
        }
    }
    let text = |f: &dyn Fn(&Event) -> Option<String>| -> ArrayRef {
        Arc::new(events.iter().map(f).collect::<StringArray>())
    };
    let seq: ArrayRef = Arc::new(events.iter().map(|e| Some(e.seq)).collect::<Int64Array>());
    let day = text(&|e| Some(e.draft.day.to_string()));
    let about = text(&|e| Some(e.draft.about.clone()));
    let actor = text(&|e| Some(e.draft.actor.clone()));
    let batch = if args.out.output == Form::Table {
        let act = text(&|e| Some(e.draft.act.zh().into()));
        let said = text(&|e| Some(told(&setup, &e.draft.act)));
        let heads = ["序号", "日期", "对象", "动作", "经手", "说明"];
        columns(heads.into_iter().zip([seq, day, about, act, actor, said]).collect())?
    } else {
        columns(vec![
            ("seq", seq),
            ("day", day),
            ("about", about),
            ("act", text(&|e| Some(e.draft.act.word().into()))),
            ("actor", actor),
            ("said", text(&|e| Some(said(&e.draft.act)))),
            ("night", text(&|e| e.night.clone())),
            ("at", text(&|e| Some(e.at.clone()))),
            ("text", text(&|e| Some(e.text.clone()))),
            ("prev", text(&|e| Some(e.prev.clone()))),
            ("hash", text(&|e| Some(e.hash.clone()))),
        ])?
    };
    output::give(&batch, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

fn verify(args: &Verify) -> Result<ExitCode> {
    let (setup, store) = open(&args.place)?;
    let packs = args.packs.clone().unwrap_or_else(|| setup.lake.root().join("packs"));
    let anchors = anchors(&setup, &store, &packs)?;
    match store.verify(&anchors)? {
        None => {
            let head = store.head()?;
            output::say(&format!(
                "台账完整 whole: {} events, held against {} ends noted by nights and packs\n末端 head {}",
                head.seq,
                anchors.len(),
                head.hash
            ))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(fault) => {
            output::say(&format!("台账有误 fault at event {}: {}", fault.seq, fault.what))?;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// The ends of the chain that nights and packs noted, with who noted them.
fn anchors(setup: &Setup, store: &Store, packs: &Path) -> Result<Vec<(String, Head)>> {
    // A ledger that was cut may have lost the record of a night: readers saw those of `current`.
    let recorded = store.nights()?.into_iter().map(|record| record.night);
    let known: BTreeSet<String> = recorded.chain(setup.line()).collect();
    let mut anchors = Vec::new();
    for night in setup.lake.nights() {
        let path = setup.lake.night(&night).join("summary.json");
        // If somebody wrote before a night was recorded, the end after its acts never came to be.
        let end = if known.contains(&night) { "/ledger" } else { "/cases/before" };
        anchors.extend(noted(&path, end).map(|head| (format!("night {night}"), head)));
    }
    for path in manifests(packs)? {
        let pack = path.parent().unwrap_or(packs).display().to_string();
        anchors.extend(noted(&path, "/ledger").map(|head| (format!("pack {pack}"), head)));
    }
    Ok(anchors)
}

/// The end of the chain at a place of a JSON file, if it knows one.
fn noted(path: &Path, place: &str) -> Option<Head> {
    let text = std::fs::read_to_string(path).ok()?;
    let value: serde_json::Value = serde_json::from_str(&text).ok()?;
    serde_json::from_value(value.pointer(place)?.clone()).ok()
}

/// Files `manifest.json` below a folder.
fn manifests(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut names = listed(dir)?;
    names.sort();
    let mut found = Vec::new();
    for path in names.into_iter().map(|name| dir.join(name)) {
        if path.is_dir() && !path.is_symlink() {
            found.extend(manifests(&path)?);
        } else if path.ends_with(MANIFEST) {
            found.push(path);
        }
    }
    Ok(found)
}

fn rebuild(args: &Rebuild) -> Result<ExitCode> {
    let (_, store) = open(&args.place)?;
    let differences = store.rebuild()?;
    for difference in &differences {
        output::say(&difference.to_string())?;
    }
    let count = differences.len();
    output::say(&match count {
        0 => "台账与事件一致 the cases were as their events say".to_owned(),
        count => format!("已重建 made again: {count} cases differed"),
    })?;
    Ok(ExitCode::SUCCESS)
}

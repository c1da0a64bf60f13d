//! `bidui pack take-back`: returned workbooks in, receipts out. The ledger is told before the
//! receipt is written. A file that the ledger knows, and that had no invalid row, moves nothing and
//! gets the same receipt again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::sync_channel;

use chrono::NaiveDate;

use super::{Desk, Where, actor, form, home, now};
use crate::cli::output;
use crate::error::{Error, Kind, Result};
use crate::feedback::take_back::{self, Fields, Receiver, Returned, Taken, Verdict, judge, reply};
use crate::lake::{durable, hash_file};
use crate::ledger::act::{Act, Draft, Event};
use crate::ledger::ahead;
use crate::ledger::case::Cases;
use crate::ledger::chain::Head;
use crate::ledger::store::Store;
use crate::privacy::hide_ids;
use crate::report::about;

/// What `bidui pack take-back` can be told.
#[derive(clap::Args)]
pub struct Args {
    /// Workbooks that counties sent back.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    #[command(flatten)]
    place: Where,
    /// Folder of the receipts [default: packs/receipts in the lake].
    #[arg(long)]
    out: Option<PathBuf>,
    /// The county, 6 digits, of files that have lost their system page.
    #[arg(long)]
    county: Option<String>,
    /// Who takes them in [default: the login name].
    #[arg(long, env = "BIDUI_ACTOR")]
    actor: Option<String>,
    /// The day that it counts for [default: that of the night or of the last act, the later one].
    #[arg(long)]
    on: Option<NaiveDate>,
}

/// Packs that the ledger knows, and what came back.
#[derive(Default)]
struct History {
    packs: BTreeMap<String, (String, String, NaiveDate)>,
    signed: BTreeSet<String>,
    /// Files that were taken in, by their BLAKE3: which of them was first, and the day of that.
    files: BTreeMap<String, (usize, NaiveDate)>,
    /// Those of them that had no invalid row the last time.
    well: BTreeSet<String>,
}

impl History {
    fn of<'a>(drafts: impl IntoIterator<Item = &'a Draft>) -> Self {
        let mut history = Self::default();
        drafts.into_iter().for_each(|draft| history.add(draft));
        history
    }

    fn add(&mut self, draft: &Draft) {
        let about = draft.about.clone();
        match &draft.act {
            Act::PackIssue { month, division, .. } => {
                self.packs.insert(about, (division.clone(), month.clone(), draft.day));
            }
            Act::PackReceive { .. } => _ = self.signed.insert(about),
            Act::PackReturn { blake3, invalid, .. } => {
                let place = self.files.len();
                self.files.entry(blake3.clone()).or_insert((place, draft.day));
                if *invalid == 0 {
                    self.well.insert(blake3.clone());
                }
            }
            _ => {}
        }
    }
}

/// The ledger as it stands: read once, and carried along with every file that is taken in.
struct Books {
    head: Head,
    cases: Cases,
    history: History,
}

impl Books {
    fn open(store: &Store) -> Result<Self> {
        let head = store.head()?;
        let history = History::of(store.pack_events()?.iter().map(|e| &e.draft));
        Ok(Self { head, cases: store.cases()?, history })
    }

    /// Reads anew what somebody else has written meanwhile.
    fn refresh(&mut self, store: &Store) -> Result<()> {
        if store.head()? != self.head {
            *self = Self::open(store)?;
        }
        Ok(())
    }

    /// Records acts, all or none.
    fn record(&mut self, store: &Store, drafts: &[Draft]) -> Result<()> {
        let head = store.append(drafts.to_vec(), &now())?;
        if head.seq != self.head.seq + drafts.len() as i64 {
            // Somebody else wrote right before: the new end would hide it from `refresh`.
            *self = Self::open(store)?;
            return Ok(());
        }
        self.head = head;
        for draft in drafts {
            self.cases.apply(draft)?;
            self.history.add(draft);
        }
        Ok(())
    }
}

/// The events before a file was last taken in, and the day of that; nothing for a new file.
fn before<'a>(events: &'a [Event], blake3: &str) -> Option<(&'a [Event], NaiveDate)> {
    let own = |e: &Event| match &e.draft.act {
        Act::Answer(answer) | Act::Progress(answer) => answer.file == blake3,
        _ => false,
    };
    let ends = |e: &Event| match &e.draft.act {
        Act::PackReturn { blake3: file, .. } => file == blake3,
        _ => false,
    };
    // What it said stands right before the record of its return.
    let last = events.iter().rposition(ends)?;
    let first = last - events[..last].iter().rev().take_while(|e| own(e)).count();
    let signed =
        |e: &Event| matches!(e.draft.act, Act::PackReceive { .. }) && e.at == events[first].at;
    let begin = if first > 0 && signed(&events[first - 1]) { first - 1 } else { first };
    Some((&events[..begin], events[first].draft.day))
}

/// Takes files in, one after the other.
///
/// # Errors
/// A file that is not there; no night, ledger or form for counties; nobody who takes them in; a day
/// or an act that the ledger refuses; the machine. A file that cannot be read is no error: its
/// receipt says so.
pub fn take_back(args: &Args) -> Result<ExitCode> {
    let desk = Desk::open(&args.place)?;
    let form = form(&desk)?;
    // What people did since the night counts for a later day.
    let latest = desk.day()?.max(desk.store.last_day()?.unwrap_or(NaiveDate::MIN));
    let receiver = Receiver {
        day: ahead::day_of(args.on, latest)?,
        actor: actor(args.actor.as_ref())?,
        county: args.county.clone(),
    };
    // A slip of the hand is nothing that a county could put right, or gets a receipt for.
    if let Some(file) = args.files.iter().find(|file| file.symlink_metadata().is_err()) {
        return Err(Error::usage(format!("there is no file {}", file.display()))
            .hint("nothing was taken in: say where the files lie"));
    }
    let fields = Fields::new(&desk.setup.pipeline, form);
    let out = args.out.clone().unwrap_or_else(|| home(&desk, None).join("receipts"));
    durable::create_dir_all(&out)?;
    let mut table = output::plain_table();
    table.set_header(["文件", "反馈包", "采纳", "未采纳", "无效", "说明", "回执"]);
    let mut all_well = true;
    let mut books = Books::open(&desk.store)?;
    // The next file is read while one is judged and answered; no more of them lie in memory.
    let done = std::thread::scope(|scope| {
        let (sender, read) = sync_channel(0);
        let keys = &desk.setup.keys;
        scope.spawn(move || {
            for file in &args.files {
                if sender.send((file, take_back::read(file, form, keys))).is_err() {
                    return;
                }
            }
        });
        for (file, read) in read {
            let (returned, mut taken) = received(file, read)?;
            let mut day = receiver.day;
            if taken.refused.is_none() {
                (taken, day) = take_in(&desk, &fields, &receiver, &returned, &mut books)?;
            }
            let path = write(&desk, form, &taken, &returned, day, &out)?;
            all_well &= taken.refused.is_none() && taken.count(Verdict::Invalid) == 0;
            table.add_row(line(&returned, &taken, &path));
        }
        Ok::<(), Error>(())
    });
    // What was taken in before the machine failed stays so.
    if table.row_count() > 0 {
        output::say(&output::drawn(table))?;
    }
    done?;
    Ok(if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Judges a file and tells the ledger; with the day that its receipt is of.
fn take_in(
    desk: &Desk,
    fields: &Fields<'_>,
    receiver: &Receiver,
    returned: &Returned,
    books: &mut Books,
) -> Result<(Taken, NaiveDate)> {
    let judging = |cases: &Cases, history: &History, day: NaiveDate| {
        let receiver = &Receiver { day, ..receiver.clone() };
        let keys = &desk.setup.keys;
        let (packs, signed, files) = (&history.packs, &history.signed, &history.files);
        judge(&take_back::Desk { fields, keys, cases, packs, signed, files, receiver }, returned)
    };
    books.refresh(&desk.store)?;
    let known = books.history.files.get(&returned.blake3).copied();
    if books.history.well.contains(&returned.blake3) {
        // What was said of it then is said again, whatever has happened since.
        let events = desk.store.events()?;
        let (past, day) = before(&events, &returned.blake3).unwrap_or((&events, receiver.day));
        let history = History::of(past.iter().map(|e| &e.draft));
        let mut taken = judging(&Cases::fold(past)?, &history, day);
        taken.drafts.clear();
        taken.notes.insert(0, format!("此文件已于{day}收过，内容完全相同，未重复处理"));
        return Ok((taken, day));
    }
    let mut taken = judging(&books.cases, &books.history, receiver.day);
    if let Some((_, day)) = known {
        // A row that was wrong on that day may be right by now, such as one of a later day.
        taken.notes.insert(0, format!("此文件已于{day}收过，其中有无效的行，已重新核对"));
        if taken.count(Verdict::Accepted) == 0 {
            taken.drafts.clear();
        }
    }
    if !taken.drafts.is_empty() {
        books.record(&desk.store, &taken.drafts)?;
    }
    Ok((taken, receiver.day))
}

/// A file as it was read, or its refusal.
///
/// # Errors
/// The machine failed: the county has nothing to send again.
fn received(file: &Path, read: Result<Returned>) -> Result<(Returned, Taken)> {
    match read {
        Ok(returned) => Ok((returned, Taken::default())),
        Err(mut error) if error.kind == Kind::Environment => {
            // It may say where the file lies, and that file may be named after a person.
            error.message = hide_ids(&error.message);
            Err(error.hint("files that have their receipt are taken in; give the others again"))
        }
        Err(error) => Ok(unreadable(file, &error)),
    }
}

/// A file that cannot be read gets a receipt too, which says in Chinese what is known of the reason.
fn unreadable(file: &Path, error: &Error) -> (Returned, Taken) {
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let why = about(&error.message).map_or_else(String::new, |zh| format!("{zh}："));
    let refused = format!("文件无法读取（{why}{error}），请用Excel或WPS另存为XLSX后重报");
    // Receipts of two files of one name are told apart by it.
    let blake3 = hash_file(file).unwrap_or_default();
    let taken = Taken { refused: Some(refused), ..Taken::default() };
    (Returned { name, blake3, ..Returned::default() }, taken)
}

fn write(
    desk: &Desk,
    form: &crate::pipeline::packs::Pack,
    taken: &Taken,
    returned: &Returned,
    day: NaiveDate,
    out: &Path,
) -> Result<PathBuf> {
    let place = desk.setup.divisions.name(&taken.county).unwrap_or_default();
    let title = format!("{place}{}", form.title.zh);
    // A file may be named after a person, with the ID behind it.
    let name = hide_ids(&returned.name);
    let bytes = reply(taken, &title, &name, day, out)?;
    let stem = Path::new(&name).file_stem().unwrap_or_default().to_string_lossy();
    let mark = returned.blake3.get(..8).unwrap_or("unread");
    let path = out.join(format!("{stem}_回执_{mark}.xlsx"));
    durable::write(&path, &bytes)?;
    Ok(path)
}

/// What is printed of a file.
fn line(returned: &Returned, taken: &Taken, receipt: &Path) -> Vec<String> {
    let count = |v: Verdict| taken.count(v).to_string();
    vec![
        hide_ids(&returned.name),
        taken.pack.clone(),
        count(Verdict::Accepted),
        count(Verdict::Ignored),
        count(Verdict::Invalid),
        hide_ids(&taken.refused.clone().unwrap_or_else(|| taken.notes.join("；"))),
        hide_ids(&receipt.display().to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::store::file_address;

    fn open(number: &str) -> Draft {
        let act = Act::opening(number, "INS01", "620423");
        let day = "2026-11-10".parse().expect("a day");
        Draft { about: number.into(), day, actor: "甲".into(), act }
    }

    /// Too few processes or a full disk are nothing that a county can put right.
    #[test]
    fn a_machine_that_fails_refuses_no_file() {
        let file = Path::new("表.xlsx");
        let full = Error::environment("cannot read 回_629101198505050018.xlsx: no process");
        let error = received(file, Err(full)).expect_err("it fails");
        assert!(error.exit_code() == 3 && !error.hints.is_empty(), "{error:?}");
        assert!(!error.message.contains("629101"), "{error}");
        let (returned, taken) = received(file, Err(Error::gate("damaged"))).expect("a receipt");
        assert!(taken.refused.is_some_and(|why| why.contains("damaged")));
        assert_eq!(returned.name, "表.xlsx");
    }

    /// Two people take files in at once.
    #[test]
    fn what_somebody_else_writes_meanwhile_is_known_afterwards() {
        let home = tempfile::tempdir().expect("a folder");
        let address = file_address(&home.path().join("ledger.sqlite"));
        let store = Store::open(&address).expect("a ledger");
        let mut books = Books::open(&store).expect("the ledger as it stands");
        store.append(vec![open("n1")], "2026-11-10").expect("recorded");
        books.record(&store, &[open("n2")]).expect("recorded");
        assert_eq!(books.cases.by_number.keys().collect::<Vec<_>>(), ["n1", "n2"]);
        assert_eq!(books.head, store.head().expect("an end"));
    }
}

//! `bidui pack issue`: the order of the steps. Reveal first, then files aside, then the ledger, then
//! the folder's name; so a crash loses nothing and doubles nothing.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::NaiveDate;

use super::{Desk, Where, form, now};
use crate::anomaly::table;
use crate::cli::output;
use crate::error::{Error, Result};
use crate::feedback::batch::{self, Batch, Issued};
use crate::feedback::county::Setting;
use crate::feedback::issue::{self, Order, Written};
use crate::feedback::reveal::Names;
use crate::feedback::select::{Selection, select};
use crate::feedback::show::Shower;
use crate::ledger::act::{Act, Draft, Event};
use crate::ledger::ahead;
use crate::ledger::case::Cases;
use crate::ledger::chain::Head;
use crate::ledger::flow::flows;
use crate::pipeline::packs::Level;
use crate::privacy::hide_ids;

/// What `bidui pack issue` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Where,
    /// The month that the packs are for, such as 2026-10.
    #[arg(long)]
    month: String,
    /// Folder of the packs [default: packs in the lake].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Only these counties, 6 digits each.
    #[arg(long, value_delimiter = ',')]
    county: Vec<String>,
    /// The month was issued before: issue what came since, in packs of their own. A county that has
    /// had none of the month yet gets all that is open.
    #[arg(long)]
    supplement: bool,
    /// Show names unmasked; the ledger records who did it and why.
    #[arg(long, requires = "reason")]
    reveal: bool,
    /// Why names are shown.
    #[arg(long)]
    reason: Option<String>,
    /// Who issues [default: the login name].
    #[arg(long, env = "BIDUI_ACTOR")]
    actor: Option<String>,
    /// The day that it counts for [default: that of the night or of the last act, the later one].
    #[arg(long)]
    on: Option<NaiveDate>,
    /// Worker threads [default: one for each core].
    #[arg(long)]
    threads: Option<usize>,
}

/// A call of the command with all that it works on.
struct Call<'a> {
    args: &'a Args,
    desk: Desk,
    actor: String,
    month: NaiveDate,
    out: PathBuf,
}

/// Issues the packs, or finishes what a crash interrupted.
///
/// # Errors
/// A month that is none, or a day that the ledger or the month does not allow; nobody who issues;
/// names without a reason; no night, ledger or form for counties; no such county; a lake that a
/// night has locked; a folder that another ledger made; packs that cannot be made again as they
/// were; the disk.
pub fn issue(args: &Args) -> Result<ExitCode> {
    let month = batch::month(&args.month)?;
    let actor = super::actor(args.actor.as_ref())?;
    if args.reveal && args.reason.as_ref().is_none_or(|r| r.trim().is_empty()) {
        return Err(Error::usage("names are shown only for a reason")
            .hint("say it with --reason; it stays in the ledger"));
    }
    // No night may move cases while they are put into packs.
    let (desk, _lock) = Desk::locked(&args.place)?;
    let out = super::home(&desk, args.out.as_ref());
    let call = Call { args, desk, actor, month, out };
    let events = call.desk.store.events()?;
    let prefix = &call.desk.policy.settings.prefix;
    let known = batch::issued(&events, prefix, month);
    let mut finished = false;
    for (at, issued) in known.iter().enumerate() {
        match call.finish(issued, &known[..at], &events) {
            Ok(done) => finished |= done,
            // An older folder may have been put away for good: what comes after it goes on.
            Err(error) if args.supplement || at + 1 < known.len() => {
                let home = call.out.join(issued.batch.folder());
                output::log(&format!("warning: {} is left as it is: {error}", home.display()));
            }
            Err(error) => return Err(error),
        }
    }
    if known.is_empty() {
        return call.fresh(&known, &events);
    }
    if args.supplement {
        // To finish a batch may have added a reveal.
        return call.fresh(&known, &call.desk.store.events()?);
    }
    let cases = call.desk.store.cases()?;
    let waiting = select(&cases, &[], &known).counties.values().flatten().count();
    if !finished {
        let last = &known[known.len() - 1];
        let at = call.out.join(last.batch.folder());
        output::say(&format!(
            "{} 已于 {} 下发 issued before: {}",
            args.month,
            last.batch.day,
            at.display()
        ))?;
    }
    if waiting > 0 {
        output::log(&format!(
            "{waiting} cases wait for a pack: `bidui pack issue --month {} --supplement`",
            args.month
        ));
    }
    Ok(ExitCode::SUCCESS)
}

impl Call<'_> {
    /// Issues a new batch after those that the month has had.
    fn fresh(&self, earlier: &[Issued], events: &[Event]) -> Result<ExitCode> {
        let batch = self.batch(earlier.len() + 1)?;
        let home = self.out.join(batch.folder());
        if home.exists() {
            return Err(Error::usage(format!(
                "{} is there, but the ledger knows no such packs",
                home.display()
            ))
            .hint("it belongs to another ledger: move it away, or choose another --out"));
        }
        let head = end(events);
        let cases = self.desk.store.cases()?;
        self.known_counties()?;
        let selection = select(&cases, &self.args.county, earlier);
        if selection.counties.is_empty() {
            output::say("没有需要下发的督办件 nothing to issue")?;
            return Ok(ExitCode::SUCCESS);
        }
        let reveals = self.reveals(&batch, &selection)?;
        // What somebody writes meanwhile may be in the packs or not: they could not be made again.
        let head = self.desk.store.append_after(&head, reveals, &now())?;
        let names = self.names(&selection, &self.desk.night)?;
        let staged = issue::aside(&self.out, &batch.folder());
        let job = Job { batch: &batch, night: &self.desk.night, head: &head, names: &names };
        let written = self.write(&job, &selection, events, &staged)?;
        let count = written.drafts.len();
        self.desk.store.append_after(&head, written.drafts, &now())?;
        issue::put_in_place(&staged, &home)?;
        output::say(&people(&batch, &home, &written.files))?;
        output::log(&format!("{count} acts by {} on {}", self.actor, batch.day));
        if let Some(until) = self.desk.policy.unlisted(batch.day) {
            output::log(&format!(
                "warning: the list of working days ends on {until}; terms that end later were counted \
                 Monday to Friday, without holidays"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }

    fn batch(&self, number: usize) -> Result<Batch> {
        let last = self.desk.store.last_day()?;
        let latest = self.desk.day()?.max(last.unwrap_or(NaiveDate::MIN));
        let day = ahead::day_of(self.args.on, latest)?;
        if let Some(last) = last.filter(|last| day < *last) {
            return Err(Error::usage(format!("the ledger's last act counts for {last}"))
                .hint(format!("issue with --on {last} or a later day")));
        }
        if day < self.month {
            return Err(Error::usage(format!("{} begins after {day}", self.args.month))
                .hint("a pack is issued in its month or later"));
        }
        let prefix = self.desk.policy.settings.prefix.clone();
        Ok(Batch { prefix, month: self.month, number, day })
    }

    /// Every county asked for must be one.
    fn known_counties(&self) -> Result<()> {
        let divisions = &self.desk.setup.divisions;
        for code in &self.args.county {
            if code.len() != 6 || divisions.get(code).is_none_or(|d| d.level != 3) {
                return Err(Error::usage(format!("{code} is no county of this pipeline"))
                    .hint("give its 6 digits, such as 620423"));
            }
        }
        Ok(())
    }

    /// That names are going to be shown, pack by pack, which is recorded before anything is written.
    fn reveals(&self, batch: &Batch, selection: &Selection<'_>) -> Result<Vec<Draft>> {
        let Some(reason) = self.args.reason.as_ref().filter(|_| self.args.reveal) else {
            return Ok(Vec::new());
        };
        // A batch that is made again may be older than what the ledger has by now.
        let day = self.desk.store.last_day()?.map_or(batch.day, |last| last.max(batch.day));
        let draft = |county: &&str| Draft {
            about: batch.pack(county),
            day,
            actor: self.actor.clone(),
            act: Act::Reveal { what: "反馈包姓名".into(), reason: hide_ids(reason.trim()) },
        };
        Ok(selection.counties.keys().map(draft).collect())
    }

    fn names(&self, selection: &Selection<'_>, night: &str) -> Result<Names> {
        if !self.args.reveal {
            return Ok(Names::default());
        }
        let setup = &self.desk.setup;
        let cases = selection.counties.values().flatten().copied();
        Names::read(&setup.pipeline, &setup.keys, &setup.lake.night(night), cases)
    }

    /// Writes a batch aside.
    fn write(
        &self,
        job: &Job<'_>,
        selection: &Selection<'_>,
        events: &[Event],
        staged: &Path,
    ) -> Result<Written> {
        let (setup, policy) = (&self.desk.setup, &self.desk.policy);
        let form = form(&self.desk)?;
        let memory = table::read_memory(&setup.lake.night(job.night), &setup.keys)?;
        let shower =
            Shower::new(&setup.pipeline, form, policy, &setup.divisions, &memory, job.names);
        let flows = flows(events.iter().map(|e| &e.draft), self.month, job.batch.day)?;
        let setting = Setting {
            batch: job.batch,
            form,
            shower: &shower,
            keys: &setup.keys,
            head: job.head,
            flows: &flows,
            night: job.night,
        };
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let order = Order {
            setting: &setting,
            city: setup.pipeline.pack(Level::City),
            selection,
            actor: &self.actor,
            threads: self.args.threads.unwrap_or(cores),
        };
        issue::write(&order, staged)
    }

    /// Finishes a batch that the ledger knows and whose folder is not there. True when there was
    /// something to do.
    fn finish(&self, issued: &Issued, earlier: &[Issued], events: &[Event]) -> Result<bool> {
        let batch = &issued.batch;
        let home = self.out.join(batch.folder());
        if home.exists() {
            return Ok(false);
        }
        let staged = issue::aside(&self.out, &batch.folder());
        if !issue::is_whole(&staged, issued)? {
            self.again(issued, earlier, events, &staged)?;
        }
        issue::put_in_place(&staged, &home)?;
        output::say(&format!(
            "已补齐 finished: {} · {} 个县 counties",
            home.display(),
            issued.counties.len()
        ))?;
        Ok(true)
    }

    /// Makes a batch again from the ledger as it was before it.
    fn again(
        &self,
        issued: &Issued,
        earlier: &[Issued],
        events: &[Event],
        staged: &Path,
    ) -> Result<()> {
        let before = events.iter().take_while(|e| e.seq < issued.first).count();
        let before = &events[..before];
        let head = end(before);
        let cases = Cases::fold(before)?;
        let counties: Vec<String> = issued.counties.keys().cloned().collect();
        let batch = &issued.batch;
        let selection = select(&cases, &counties, earlier);
        // The night that was current on that day; a later one would tell other things.
        let night = self.desk.setup.newest(|day| day <= batch.day);
        let night = night.unwrap_or_else(|| self.desk.night.clone());
        self.desk.store.append(self.reveals(batch, &selection)?, &now())?;
        let names = self.names(&selection, &night)?;
        let job = Job { batch, night: &night, head: &head, names: &names };
        let written = self.write(&job, &selection, before, staged)?;
        if let Some(county) = issue::same(&written.files, issued) {
            let pack = batch.pack(county);
            return Err(Error::gate(format!("{pack} cannot be made again as it was sent"))
                .hint("the pipeline, the night or --reveal differ from those of its day")
                .hint(format!("the ledger has its BLAKE3: `bidui ledger show --about {pack}`")));
        }
        Ok(())
    }
}

/// The end of the chain of these events.
fn end(events: &[Event]) -> Head {
    events.last().map_or_else(Head::default, |e| Head { seq: e.seq, hash: e.hash.clone() })
}

/// What one batch is made from.
struct Job<'a> {
    batch: &'a Batch,
    night: &'a str,
    head: &'a Head,
    names: &'a Names,
}

/// What was issued, for people.
fn people(batch: &Batch, home: &Path, files: &[issue::FileLine]) -> String {
    let own = || files.iter().filter(|f| !f.pack.is_empty());
    let sum = |f: fn(&issue::FileLine) -> u64| own().map(f).sum::<u64>();
    let mut table = output::plain_table();
    table.set_header(["县", "反馈包", "件数", "本次下发", "逾期"]);
    for file in own() {
        let counts = [file.rows, file.issued, file.overdue].map(|n| n.to_string());
        let mut row = vec![file.name.clone(), file.pack.clone()];
        row.extend(counts);
        table.add_row(row);
    }
    format!(
        "{} 第{}批 · {} 下发 · {} 个县 counties · {} 件 rows（本次下发 issued {}，逾期 overdue {}）\n{}\n目录 folder: {}",
        batch.month_zh(),
        batch.number,
        batch.day,
        own().count(),
        sum(|f| f.rows),
        sum(|f| f.issued),
        sum(|f| f.overdue),
        output::drawn(table),
        home.display()
    )
}

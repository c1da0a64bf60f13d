//! `bidui worklist`: the list for village doctors.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use chrono::NaiveDate;

use super::case::{Desk, Where, office};
use super::output::{self, Form, Out};
use super::show::columns;
use crate::division::Divisions;
use crate::error::{Error, Result};
use crate::feedback::worklist::doctors::Doctors;
use crate::feedback::worklist::{self, Material, Visit};
use crate::lake::durable;
use crate::ledger::act::Event;
use crate::ledger::case::Cases;
use crate::night::read_summary;
use crate::night::setup::date_of;

/// What stands below the options.
const ABOUT: &str = "\
入户核查清单：上哪一户、为什么、哪天之前，以及与上次清单相比有什么变化。

The list holds the open cases about a person, a household or a village of a place, village by village: \
what is late first, then the worst, then what is due first. Each is marked against the last list: \
新增 was not on it; 变化 was sent back, escalated, assigned, handed over or reopened since; 持续 is as \
it was; 已消除 needs no visit any more and stands at the end of its village.

Names are masked. Of a case under a sensitive rule only number, lamp and term are listed: 请登录系统查看.

Who is in charge of a case is who `bidui case assign` named for it, else the family-doctor team of the \
contract that is valid on the night; of a household that of its head. --doctor takes the number of a \
team, its name or the doctor's, or who was named. Where there is nobody, the list says 未明确责任医生.

What an office settles without a visit (wrong ID numbers, doubled insurance …; `visits.office` in \
packs/county.yaml) is not listed; --office lists it too. The term of a case that was not yet in a pack is \
the rule's own; such a case is not called overdue.";

/// What `bidui worklist` can be told.
#[derive(clap::Args)]
#[command(after_help = ABOUT)]
pub struct Args {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    whose: Whose,
    /// Only cases of these offices: their codes, or their titles.
    #[arg(long, value_delimiter = ',')]
    owner: Vec<String>,
    /// Also cases that an office settles without a visit.
    #[arg(long)]
    office: bool,
    /// Day of the last list [default: the published night before the current one].
    #[arg(long)]
    since: Option<NaiveDate>,
    /// The day that lateness is counted at [default: that of the current night].
    #[arg(long)]
    on: Option<NaiveDate>,
    /// Also write pages for printing, A4, one village after the other.
    #[arg(long)]
    html: Option<PathBuf>,
    #[command(flatten)]
    out: Out,
}

#[derive(clap::Args)]
#[group(required = true, multiple = true)]
struct Whose {
    /// Code of a village, or of the town, county, city or province above it.
    #[arg(long)]
    village: Option<String>,
    /// Only cases of this family doctor: number or name of the team, the doctor's name, or who was
    /// named with `bidui case assign`; `none` for those without anybody.
    #[arg(long)]
    doctor: Option<String>,
}

impl Whose {
    fn read(&self, args: &Args, desk: &Desk, cases: &Cases) -> Result<worklist::Wanted> {
        let divisions = &desk.setup.divisions;
        let place = self.village.as_deref().map(|code| prefix(divisions, code)).transpose()?;
        let owners = args.owner.iter().map(|name| office(desk, cases.by_number.values(), name));
        let owners = owners.collect::<Result<Vec<_>>>()?;
        let doctor = self.doctor.as_deref().map(|name| match name.trim() {
            "none" | worklist::NOBODY => String::new(),
            name => name.to_owned(),
        });
        let place = place.unwrap_or_default();
        Ok(worklist::Wanted { place, doctor, owners, office: args.office })
    }
}

/// The digits with which all codes of a place begin.
fn prefix(divisions: &Divisions, raw: &str) -> Result<String> {
    let code = divisions.by_code(raw.trim());
    let found = code.as_deref().and_then(|c| divisions.get(c)).map(|d| (&d.code, d.level));
    let Some((code, level)) = found else {
        return Err(Error::usage(format!(
            "--village {raw} is no code of the register of divisions"
        ))
        .hint("give 12 digits for a village, 9 for a town, 6 for a county"));
    };
    let digits = [0, 2, 4, 6, 9].get(usize::from(level)).copied().unwrap_or(code.len());
    Ok(code.get(..digits).unwrap_or(code).to_owned())
}

/// Gives the list out.
///
/// # Errors
/// No night or ledger, or a damaged one; a place that the register does not have, no such office;
/// what cannot be written.
pub fn worklist(args: &Args) -> Result<ExitCode> {
    let desk = Desk::open(&args.place)?;
    let now = desk.store.cases()?;
    let wanted = args.whose.read(args, &desk, &now)?;
    let night = desk.day()?;
    let last = desk.setup.last_night(night).and_then(|n| date_of(&n));
    let since = args.since.or(last);
    let events = desk.store.events()?;
    let then = since.and_then(|since| night_of(&desk, since));
    let cut = since.map_or(Ok(0), |since| known(&desk, since, then.as_deref(), &events))?;
    let (before, after) = events.split_at(cut);
    let before = Cases::fold(before)?;
    let memory = desk.memory()?;
    let setup = &desk.setup;
    let doctors_of = |night: Option<&str>, cases: &Cases| match night {
        Some(night) => Doctors::read(&setup.pipeline, &setup.keys, &setup.lake.night(night), cases),
        None => Ok(Doctors::default()),
    };
    let doctors = (doctors_of(then.as_deref(), &before)?, doctors_of(Some(&desk.night), &now)?);
    let material = Material {
        pipeline: &desk.setup.pipeline,
        divisions: &desk.setup.divisions,
        policy: &desk.policy,
        memory: &memory,
        before: &before,
        now: &now,
        doctors: (&doctors.0, &doctors.1),
        events: after,
        since,
        night,
        day: args.on.unwrap_or(night),
        demo: desk.setup.demo_secret,
    };
    let visits = worklist::visits(&material, &wanted);
    notes(args, &visits, worklist::left_out(&material, &wanted));
    if let Some(path) = &args.html {
        durable::write(path, worklist::html(&material, &visits).as_bytes())?;
        output::log(&format!("wrote {}", path.display()));
    }
    let batch = match args.out.output {
        Form::Table => short(&visits)?,
        _ => full(&visits, material.day)?,
    };
    output::give(&batch, &args.out)?;
    Ok(ExitCode::SUCCESS)
}

/// What the list does not say: what it left out, and that a name is that of several doctors.
fn notes(args: &Args, visits: &[Visit], left_out: usize) {
    if left_out > 0 {
        output::log(&format!(
            "{left_out} more cases want no visit: an office settles them; --office lists them too"
        ));
    }
    let teams: BTreeSet<&str> =
        visits.iter().map(|v| v.team.as_str()).filter(|t| !t.is_empty()).collect();
    if args.whose.doctor.is_some() && teams.len() > 1 {
        let teams = teams.into_iter().collect::<Vec<_>>().join(", ");
        output::log(&format!(
            "doctors of several teams are called so: {teams}; give a team's number, or --village"
        ));
    }
}

/// The newest night that the lake still has of a day or before.
fn night_of(desk: &Desk, day: NaiveDate) -> Option<String> {
    let day_after = day.succ_opt()?;
    desk.setup.last_night(day_after)
}

/// How many events the last list knew: those up to the end of its night. What people did later that
/// day is news. Of a night that is gone only the day is known.
fn known(desk: &Desk, since: NaiveDate, then: Option<&str>, events: &[Event]) -> Result<usize> {
    let own = then.filter(|night| date_of(night) == Some(since));
    let summary = own.map(|night| read_summary(&desk.setup.lake.night(night))).transpose()?;
    // A night of the past, or one that was never recorded, has no end of its own in the ledger.
    let end = summary.filter(|s| !s.cases.past).map(|s| s.ledger);
    let is_end = |e: &Event| end.as_ref().is_some_and(|end| e.seq == end.seq && e.hash == end.hash);
    // The ledger only goes forward: its days are in order.
    let by_day = || events.partition_point(|e| e.draft.day <= since);
    Ok(events.iter().rposition(is_end).map_or_else(by_day, |last| last + 1))
}

fn texts(visits: &[Visit], text: impl Fn(&Visit) -> String) -> ArrayRef {
    let texts = visits.iter().map(|v| Some(text(v)).filter(|t| !t.is_empty()));
    Arc::new(texts.collect::<StringArray>())
}

/// What fits on a terminal: the term says the days that are left, the page of the case the message.
fn short(visits: &[Visit]) -> Result<RecordBatch> {
    let marked = |v: &Visit| match v.change.as_str() {
        "" => v.mark.zh().to_owned(),
        change => format!("{}：{change}", v.mark.zh()),
    };
    let all = columns(vec![
        ("村", texts(visits, |v| v.village_name.clone())),
        ("灯", texts(visits, |v| v.severity.zh().into())),
        ("标记", texts(visits, marked)),
        ("对象", texts(visits, |v| v.who.clone())),
        ("怎么办", texts(visits, |v| v.action.clone())),
        ("说明", texts(visits, |v| v.message.clone())),
        ("期限", texts(visits, |v| v.due.map_or_else(String::new, |d| d.to_string()))),
        ("时间", texts(visits, |v| v.term.clone())),
        ("督办编号", texts(visits, |v| v.number.clone())),
    ])?;
    output::fitting(&all, &["时间", "说明", "灯", "标记"])
}

fn full(visits: &[Visit], day: NaiveDate) -> Result<RecordBatch> {
    let days = visits.iter().map(|v| v.days_left(day)).collect::<Int64Array>();
    let overdue = visits.iter().map(|v| Some(v.overdue)).collect::<BooleanArray>();
    columns(vec![
        ("village", texts(visits, |v| v.village.clone())),
        ("village_name", texts(visits, |v| v.village_name.clone())),
        ("doctor", texts(visits, |v| v.doctor.clone())),
        ("team", texts(visits, |v| v.team.clone())),
        ("owner", texts(visits, |v| v.owner.clone())),
        ("number", texts(visits, |v| v.number.clone())),
        ("mark", texts(visits, |v| v.mark.word().into())),
        ("mark_zh", texts(visits, |v| v.mark.zh().into())),
        ("change", texts(visits, |v| v.change.clone())),
        ("severity", texts(visits, |v| v.severity.word().into())),
        ("who", texts(visits, |v| v.who.clone())),
        ("message", texts(visits, |v| v.message.clone())),
        ("action", texts(visits, |v| v.action.clone())),
        ("state", texts(visits, |v| v.state.word().into())),
        ("due", texts(visits, |v| v.due.map_or_else(String::new, |d| d.to_string()))),
        ("days_left", Arc::new(days)),
        ("overdue", Arc::new(overdue)),
        ("term", texts(visits, |v| v.term.clone())),
    ])
}

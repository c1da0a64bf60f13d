//! `bidui case`: the cases of a ledger, and what people do to them.

mod act;
mod list;
mod show;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::NaiveDate;

use crate::anomaly::{Anomaly, table};
use crate::error::{Error, Result};
use crate::lake::Lock;
use crate::ledger::act::SYSTEM;
use crate::ledger::policy::Policy;
use crate::ledger::store::Store;
use crate::night::setup::date_of;
use crate::night::{Options, Setup};

pub(super) use list::{office, places};
pub(super) use show::{said, tell_terms, told};

/// Where a command finds its pipeline and lake; numbers of cases come first on its line.
#[derive(clap::Args, Clone)]
pub(super) struct Where {
    /// Folder of the pipeline.
    #[arg(long, default_value = "pipelines/gansu")]
    pub pipeline: PathBuf,
    /// Folder of the lake [default: as pipeline.yaml says].
    #[arg(long, env = "BIDUI_LAKE")]
    pub lake: Option<PathBuf>,
}

impl Where {
    /// The pipeline, checked, and its lake.
    ///
    /// # Errors
    /// The pipeline's faults; neither it nor the command line says where the lake is.
    pub fn setup(&self) -> Result<Setup> {
        Setup::new(&Options::of(self.pipeline.clone(), self.lake.clone()))
    }
}

/// What `bidui case` can be told.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: CaseVerb,
}

#[derive(clap::Subcommand)]
enum CaseVerb {
    /// List cases.
    List(list::Args),
    /// Show a case and everything that happened to it.
    Show(show::Args),
    /// Name who works on cases.
    Assign(act::Assign),
    /// Exempt cases until a day.
    Waive(act::Waive),
    /// End cases whose anomaly is gone or whose rule is switched off: 销号 after an answer, else 系统消除.
    Close(act::Act),
    /// Open ended cases again.
    Reopen(act::Act),
    /// Write a note.
    Note(act::Act),
    /// Give cases to another county or office.
    HandOver(act::HandOver),
    /// Sign for cases in a county's name.
    Receive(act::Act),
    /// Refuse an answer: the county has to do it again.
    SendBack(act::Act),
}

/// Does what is asked for.
///
/// # Errors
/// What the verb says.
pub fn case(args: &Args) -> Result<ExitCode> {
    match &args.verb {
        CaseVerb::List(args) => list::list(args),
        CaseVerb::Show(args) => show::show(args),
        CaseVerb::Assign(args) => args.go(),
        CaseVerb::Waive(args) => args.go(),
        CaseVerb::Close(args) => args.close(),
        CaseVerb::Reopen(args) => args.reopen(),
        CaseVerb::Note(args) => args.note(),
        CaseVerb::HandOver(args) => args.go(),
        CaseVerb::Receive(args) => args.receive(),
        CaseVerb::SendBack(args) => args.send_back(),
    }
}

/// A ledger with what the current night knows of its cases.
pub(super) struct Desk {
    pub setup: Setup,
    pub store: Store,
    pub policy: Policy,
    pub night: String,
}

impl Desk {
    /// Opens the ledger of a pipeline that has a published night.
    ///
    /// # Errors
    /// The pipeline's faults; no published night; no ledger, one that cannot be reached, or another's.
    pub fn open(place: &Where) -> Result<Self> {
        let setup = place.setup()?;
        let night = super::show::night(&setup, None)?;
        let store = setup.ledger()?;
        let policy = Policy::of(&setup.pipeline);
        Ok(Self { setup, store, policy, night })
    }

    /// Opens it and holds the lake: no night is published while it is looked at.
    ///
    /// # Errors
    /// As [`Self::open`]; a lake that somebody holds.
    pub fn locked(place: &Where) -> Result<(Self, Lock)> {
        let mut desk = Self::open(place)?;
        let lock = desk.hold()?;
        Ok((desk, lock))
    }

    fn hold(&mut self) -> Result<Lock> {
        let lock = self.setup.lake.lock()?;
        // A night may have been published since.
        self.night = super::show::night(&self.setup, None)?;
        Ok(lock)
    }

    /// The day of the current night.
    ///
    /// # Errors
    /// The name of the night has none.
    pub fn day(&self) -> Result<NaiveDate> {
        date_of(&self.night)
            .ok_or_else(|| Error::environment(format!("the night {} has no date", self.night)))
    }

    /// Everything that the current night knows of anomalies, by their numbers.
    ///
    /// # Errors
    /// The memory is damaged.
    pub fn memory(&self) -> Result<BTreeMap<String, Anomaly>> {
        Ok(table::read_memory(&self.setup.lake.night(&self.night), &self.setup.keys)?.known)
    }
}

/// Now, for what people write into the ledger: RFC 3339, UTC.
#[expect(
    clippy::disallowed_methods,
    reason = "no night is made from it; it says when people wrote"
)]
pub(super) fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seconds = since.map_or(0, |s| s.as_secs() as i64);
    let time = chrono::DateTime::from_timestamp(seconds, 0).unwrap_or_default();
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// Who acts: as said, else the login name.
///
/// # Errors
/// Nobody is named, or somebody with the name under which nights act.
pub(super) fn actor(said: Option<&String>) -> Result<String> {
    let said = said.cloned().filter(|a| !a.trim().is_empty());
    let login = || ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
    match said.or_else(login).map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()) {
        Some(actor) if actor == SYSTEM => {
            Err(Error::usage(format!("{SYSTEM} is what a night is called"))
                .hint("say who you are with --actor"))
        }
        Some(actor) => Ok(actor),
        None => Err(Error::usage("nobody knows who does this")
            .hint("say who you are with --actor or BIDUI_ACTOR")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::{Lake, durable};
    use crate::ledger::store::address;

    #[test]
    fn the_night_is_the_one_that_is_current_when_the_lake_is_held() {
        let home = tempfile::tempdir().expect("a folder");
        let lake = Lake::at(home.path());
        let publish = |night: &str| {
            durable::create_dir_all(&lake.night(night)).expect("a folder");
            lake.point_at(night).expect("a link");
        };
        publish("2026-11-10-aa");
        let pipeline = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
        let settings = crate::pipeline::load(&pipeline).expect("no fault").settings;
        drop(Store::open(&address(&settings, lake.root())).expect("a ledger"));
        let place = Where { pipeline, lake: Some(lake.root().to_owned()) };
        let mut desk = Desk::open(&place).expect("a night and a ledger");
        assert_eq!(desk.night, "2026-11-10-aa");
        publish("2026-11-11-bb");
        let _lock = desk.hold().expect("nobody holds it");
        assert_eq!(desk.night, "2026-11-11-bb");
    }
}

//! Which nights count: those that `current` leads to, and what is left of the others.

use chrono::NaiveDate;

use super::Setup;
use super::setup::date_of;
use crate::error::Result;
use crate::ledger::store::{Store, address};

impl Setup {
    /// The newest published night before a date.
    pub fn last_night(&self, night: NaiveDate) -> Option<String> {
        self.newest(|day| day < night)
    }

    /// The newest published night among some dates. Of one date there may be several: what `current`
    /// points at and what that was built on, night by night, were published last. Where that leads
    /// nowhere, because a damaged night was removed, what the ledger recorded last was.
    pub fn newest(&self, wanted: impl Fn(NaiveDate) -> bool) -> Option<String> {
        let wanted = |night: &String| date_of(night).is_some_and(&wanted);
        let in_force = self.line().find(wanted).or_else(|| self.recorded().rfind(wanted));
        in_force.or_else(|| self.lake.nights().into_iter().rfind(wanted))
    }

    /// Nights that the ledger recorded, in their order, as far as the lake has them. That there is no
    /// ledger, or none that can be read, is said where it is needed.
    pub(super) fn recorded(&self) -> impl DoubleEndedIterator<Item = String> {
        let store = Store::open_existing(&address(&self.pipeline.settings, self.lake.root()));
        let nights = store.and_then(|store| store.nights()).unwrap_or_default();
        nights.into_iter().map(|record| record.night).filter(move |night| self.is_there(night))
    }

    fn is_there(&self, night: &str) -> bool {
        self.lake.night(night).join("summary.json").is_file()
    }

    /// The night that `current` points at, the night that it was built on, and so on, as far back as
    /// the lake has them.
    pub fn line(&self) -> impl Iterator<Item = String> {
        let current = self.lake.current_night().filter(|night| self.is_there(night));
        std::iter::successors(current, move |night| {
            let last = super::read_summary(&self.lake.night(night)).ok()?.last_night?;
            Some(last).filter(|last| self.is_there(last) && date_of(last) < date_of(night))
        })
    }

    /// Removes the oldest nights beyond what the pipeline keeps, but for the one just placed, the one
    /// that `current` points at, the one that this was built on, and the one that the ledger recorded
    /// last: `current` may still have to come to it. Those that others took the place of go first.
    ///
    /// # Errors
    /// What the disk says.
    pub fn retire(&self, placed: &str) -> Result<()> {
        let keep = self.pipeline.settings.retention_nights.max(2);
        let mut nights = self.lake.nights();
        let excess = nights.len().saturating_sub(keep);
        if excess == 0 {
            return Ok(());
        }
        let line: Vec<String> = self.line().collect();
        let recorded = self.recorded().next_back();
        let held = |night: &String| line[..line.len().min(2)].contains(night);
        nights.retain(|night| night != placed && !held(night) && recorded.as_ref() != Some(night));
        // Oldest first, as the names are.
        nights.sort_by_key(|night| line.contains(night));
        nights.iter().take(excess).try_for_each(|night| self.lake.retire(night))
    }
}

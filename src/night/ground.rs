//! What a lake and its ledger stand on, the secret and the province: neither may become another one.

use super::Setup;
use crate::error::{Error, Result};
use crate::ledger::store::{Store, address};
use crate::privacy::key_text;

impl Setup {
    /// What the numbers of all persons and anomalies of a lake hang on: the secret and the province.
    pub fn ground(&self) -> String {
        let root = &self.pipeline.settings.division_root;
        key_text(self.keys.derived("lake", &[root]))
    }

    /// With another secret, or for another province, all that the lake knows would be gone and all that is
    /// found new, and the cases of everybody would end.
    pub(super) fn same_ground(&self) -> Result<()> {
        let Some(current) = self.lake.current_night() else { return Ok(()) };
        // One that cannot be read is said where it is needed.
        let Ok(last) = super::read_summary(&self.lake.night(&current)) else { return Ok(()) };
        if last.ground.is_empty() || last.ground == self.ground() {
            return Ok(());
        }
        let lake = self.lake.root().display();
        let text = format!("the lake {lake} was made with another secret, or for another province");
        Err(Error::usage(text).hint(
            "give the secret that identity.secret in pipeline.yaml names, or the lake of this pipeline",
        ))
    }

    /// The lake's ledger, which must be there already.
    ///
    /// # Errors
    /// There is none, or it cannot be reached; it is not the lake's: see [`Self::same_ledger`].
    pub fn ledger(&self) -> Result<Store> {
        let store = Store::open_existing(&address(&self.pipeline.settings, self.lake.root()))?;
        self.same_ledger(Some(&store))?;
        Ok(store)
    }

    /// Holds the ledger, if there is one, to the lake. In one of another secret or province a night
    /// would end all cases; in one that has lost acts that the current night knows it would open cases
    /// anew, without what was done, and what it writes could never be joined with what was lost.
    ///
    /// # Errors
    /// It is such a one; what the database says.
    pub fn same_ledger(&self, store: Option<&Store>) -> Result<()> {
        if let Some(store) = store {
            store.held_to(&self.ground())?;
        }
        let Some(current) = self.lake.current_night() else { return Ok(()) };
        // One that cannot be read is said where it is needed.
        let Ok(last) = super::read_summary(&self.lake.night(&current)) else { return Ok(()) };
        let known = store.map(|store| store.knows(&last.ledger)).transpose()?;
        if known.unwrap_or(last.ledger.seq == 0) {
            return Ok(());
        }
        let there = store.map(Store::head).transpose()?.map_or(0, |head| head.seq);
        Err(self.lost(&current, last.ledger.seq, there))
    }

    /// The ledger has not come by the end of the chain that the current night noted.
    fn lost(&self, current: &str, noted: i64, there: i64) -> Error {
        let knows = format!("the night {current} knows");
        let text = match there {
            0 => format!("there is no event in the ledger, and {knows} {noted} of them"),
            there if there < noted => {
                format!("there are {there} events in the ledger, and {knows} {noted} of them")
            }
            _ => format!("event {noted} of the ledger is another one than {knows}"),
        };
        let error = Error::usage(text);
        let error = match &self.pipeline.settings.cases.ledger.env {
            Some(name) => error.hint(format!("is {name} set as it was for that night?")),
            None => error,
        };
        let error = error.hint("was it lost, or an older one put back? put its newest backup back");
        error.hint(match self.recorded().next_back() {
            Some(night) => format!(
                "is there no newer one? go on from it: `ln -sfn nights/{night} current` in the lake"
            ),
            None => "to begin anew, move `nights` and `current` out of the lake".to_owned(),
        })
    }
}

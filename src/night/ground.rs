//! What a lake and its ledger stand on, the secret and the province: neither may become another one.

use super::Setup;
use crate::error::{Error, Result};
use crate::ledger::store::{Store, address, is_in_lake};
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

    /// Notes in the ledger what it stands on and whose nights it records, and in the lake what the ledger calls
    /// it. A lake or a ledger of an older program takes what the other one knows.
    ///
    /// # Errors
    /// It is the ledger of another secret, province or lake; what the database or the disk says.
    pub(super) fn settle(&self, store: &Store) -> Result<()> {
        store.held_to(&self.ground())?;
        self.same_lake(store, true)?;
        let id = match self.lake.id()? {
            Some(id) => id,
            None => {
                // Of two lakes made from the same extracts all but chance is the same.
                let id = store.lake()?;
                let id = id.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
                self.lake.set_id(&id)?;
                id
            }
        };
        store.settle(&self.ground(), &id)?;
        // Another lake may have been noted at the same moment.
        self.same_lake(store, true)
    }

    /// Holds the ledger to this lake: nights of another one, such as was made to try something out, would end
    /// the cases of all that they do not find. Only who `records` a night needs an id.
    ///
    /// # Errors
    /// It records the nights of another lake; what the database or the disk says.
    pub fn same_lake(&self, store: &Store, records: bool) -> Result<()> {
        let Some(owner) = store.lake()? else { return Ok(()) };
        let same = match self.lake.id()? {
            Some(own) => own == owner,
            None => !records || is_in_lake(&self.pipeline.settings),
        };
        if same {
            return Ok(());
        }
        let (place, lake) = (store.place(), self.lake.root().display());
        let text = format!("the ledger {place} records the nights of another lake than {lake}");
        let error = match &self.pipeline.settings.cases.ledger.env {
            Some(name) => Error::usage(text).hint(format!("is {name} that of another lake?")),
            None => Error::usage(text),
        };
        let next = format!("does this lake take that one's place? `echo {owner} > {lake}/id`");
        Err(error.hint(next))
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
            self.same_lake(store, false)?;
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

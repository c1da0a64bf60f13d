//! What the ledger stands on, and whose nights it records.

use super::{Store, rows};
use crate::error::{Error, Result};

impl Store {
    /// Where it is, without a password.
    pub fn place(&self) -> String {
        self.lock().place().to_owned()
    }

    /// The id of the lake whose nights are recorded here, once one has noted it.
    ///
    /// # Errors
    /// What the database says.
    pub fn lake(&self) -> Result<Option<String>> {
        rows::lake(&mut self.lock())
    }

    /// Holds the ledger to what the numbers of persons and anomalies hang on. One that no night has noted
    /// it in is anybody's.
    ///
    /// # Errors
    /// The ledger stands on something else.
    pub fn held_to(&self, ground: &str) -> Result<()> {
        let mut database = self.lock();
        if rows::ground(&mut database)?.is_none_or(|own| own == ground) {
            return Ok(());
        }
        let text = format!("the ledger {} was made with another secret", database.place());
        Err(Error::usage(format!("{text}, or for another province"))
            .hint("give the secret that identity.secret in pipeline.yaml names")
            .hint("or the ledger of this pipeline: see cases.ledger in pipeline.yaml"))
    }

    /// Notes what the ledger stands on, and the lake, each once, and holds it to the first of them.
    ///
    /// # Errors
    /// As for [`Self::held_to`].
    pub fn settle(&self, ground: &str, lake: &str) -> Result<()> {
        self.held_to(ground)?;
        // A run without news writes nothing. A lake is noted only beside what the ledger stands on.
        if self.lake()?.is_none() {
            self.lock().transaction(|database| {
                rows::insert_ground(database, ground)?;
                rows::set_lake(database, ground, lake)
            })?;
        }
        self.held_to(ground)
    }
}

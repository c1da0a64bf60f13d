//! Names as they are, from a night's views. Only for who gave a reason, which the ledger has
//! recorded before.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::error::Result;
use crate::identity::Forward;
use crate::lake::rows::{Part, RowsFile};
use crate::ledger::case::Case;
use crate::pipeline::Pipeline;
use crate::privacy::{PersonKeys, Pii};
use crate::rule::{subject_names, texts};

/// Names by kind of subject and subject; none unless they were asked for.
#[derive(Debug, Default)]
pub struct Names {
    known: BTreeMap<(String, String), Pii<String>>,
}

impl Names {
    /// The name of a subject.
    pub fn get(&self, kind: &str, subject: &str) -> Option<&str> {
        if self.known.is_empty() {
            return None;
        }
        let name = self.known.get(&(kind.to_owned(), subject.to_owned()))?;
        Some(name.reveal())
    }

    /// Are names shown at all?
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Reads the names of some cases' subjects from a published night. Subjects of rules that are
    /// sensitive are left out.
    ///
    /// # Errors
    /// A view's file is damaged.
    pub fn read<'a>(
        pipeline: &Pipeline,
        keys: &PersonKeys,
        night: &Path,
        cases: impl IntoIterator<Item = &'a Case>,
    ) -> Result<Self> {
        // A case keeps the person that it was opened for, who may have turned out to be another one.
        let forward = Forward::read(night)?;
        let mut wanted: BTreeMap<&str, BTreeMap<Cow<'_, str>, BTreeSet<&str>>> = BTreeMap::new();
        for case in cases {
            if pipeline.rules.get(&case.rule).is_some_and(|r| !r.sensitive) {
                let subjects = wanted.entry(&case.subject_kind).or_default();
                subjects.entry(forward.now(&case.subject)).or_default().insert(&case.subject);
            }
        }
        let mut names = Self::default();
        for (kind, subjects) in wanted {
            let Some(view) = pipeline.views.get(kind) else { continue };
            let path = night.join("views").join(format!("{kind}.parquet"));
            let Some(name) = view.name.as_ref().filter(|_| path.is_file()) else { continue };
            let columns = vec![view.subject.clone(), name.clone()];
            for batch in RowsFile::open(&path)?.scan(Part::All, &columns, &Arc::default())? {
                let batch = batch?;
                let own = subject_names(batch.column(0), keys)?;
                for (key, value) in own.into_iter().zip(texts(batch.column(1))?) {
                    let (Some(key), Some(value)) = (key, value) else { continue };
                    for subject in subjects.get(key.as_str()).into_iter().flatten() {
                        let place = (kind.to_owned(), (*subject).to_owned());
                        names.known.insert(place, Pii::new(value.clone()));
                    }
                }
            }
        }
        Ok(names)
    }
}

//! Who looks after a person or household, as the contracts say: columns of the kept views, which
//! the pipeline names.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::Fault;
use crate::error::Result;
use crate::identity::Forward;
use crate::lake::rows::{Part, RowsFile};
use crate::ledger::case::{Case, Cases};
use crate::pipeline::Pipeline;
use crate::pipeline::packs::{DoctorColumns, Level, Visits};
use crate::privacy::{PersonKeys, Pii, mask_name};
use crate::rule::{subject_names, texts};
use crate::view::Plans;

/// Who looks after a subject.
#[derive(Debug, Clone, Default)]
pub struct Doctor {
    /// Number of the team or doctor.
    pub id: String,
    title: String,
    name: Option<Pii<String>>,
}

impl Doctor {
    /// For a list: the team and the doctor's masked name; the number where there is neither.
    pub fn shown(&self) -> String {
        let name = self.name.as_ref().map(|n| mask_name(n.reveal())).unwrap_or_default();
        let parts = [self.title.as_str(), name.as_str()];
        let text = parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
        if text.is_empty() { self.id.clone() } else { text }
    }

    /// Is it who was asked for, by number, by team or by name?
    pub fn is(&self, asked: &str) -> bool {
        let name = self.name.as_ref().is_some_and(|n| n.reveal() == asked);
        !asked.is_empty() && (self.id == asked || self.title == asked || name)
    }
}

/// Doctors by kind of subject and subject.
#[derive(Debug, Default)]
pub struct Doctors {
    known: BTreeMap<String, BTreeMap<String, Doctor>>,
    forward: Forward,
}

impl Doctors {
    /// Reads who looks after the subjects of open cases, from the views of a night. A night that
    /// was made before its views had such columns knows nobody.
    ///
    /// # Errors
    /// A view's file is damaged.
    pub fn read(
        pipeline: &Pipeline,
        keys: &PersonKeys,
        night: &Path,
        cases: &Cases,
    ) -> Result<Self> {
        let (mut known, forward) = (BTreeMap::new(), Forward::read(night)?);
        for (kind, columns) in &policy(pipeline).doctor {
            let open = |c: &&Case| c.subject_kind == *kind && c.state.is_open();
            let subjects = cases.by_number.values().filter(open).map(|c| forward.now(&c.subject));
            let subjects: BTreeSet<String> = subjects.map(Cow::into_owned).collect();
            let path = night.join("views").join(format!("{kind}.parquet"));
            let Some(view) = pipeline.views.get(kind) else { continue };
            if subjects.is_empty() || !path.is_file() {
                continue;
            }
            let file = RowsFile::open(&path)?;
            if file.schema().index_of(&columns.id).is_ok() {
                let own = of(&file, (view.subject.as_str(), keys), columns, &subjects)?;
                known.insert(kind.clone(), own);
            }
        }
        Ok(Self { known, forward })
    }

    /// Who looks after the subject of a case.
    pub fn of(&self, case: &Case) -> Option<&Doctor> {
        self.known.get(&case.subject_kind)?.get(&*self.forward.now(&case.subject))
    }

    /// Does it know anybody who looks after subjects of a kind?
    pub fn knows(&self, kind: &str) -> bool {
        self.known.contains_key(kind)
    }
}

/// The doctors of some subjects of one view.
fn of(
    file: &RowsFile,
    (subject, keys): (&str, &PersonKeys),
    columns: &DoctorColumns,
    subjects: &BTreeSet<String>,
) -> Result<BTreeMap<String, Doctor>> {
    let has = |column: &&String| file.schema().index_of(column).is_ok();
    let title = columns.title.as_ref().filter(has);
    let name = columns.name.as_ref().filter(has);
    let all = [Some(&columns.id), title, name];
    let mut read = vec![subject.to_owned()];
    read.extend(all.iter().flatten().map(|c| (*c).clone()));
    let mut found = BTreeMap::new();
    for batch in file.scan(Part::All, &read, &Arc::default())? {
        let batch = batch?;
        let mut at = 0;
        let mut column = |wanted: bool| -> Result<Vec<Option<String>>> {
            if !wanted {
                return Ok(vec![None; batch.num_rows()]);
            }
            at += 1;
            texts(batch.column(at))
        };
        let (ids, titles, names) =
            (column(true)?, column(title.is_some())?, column(name.is_some())?);
        let rows = ids.into_iter().zip(titles).zip(names);
        let own = subject_names(batch.column(0), keys)?;
        for (key, ((id, title), name)) in own.into_iter().zip(rows) {
            let Some(key) = key.filter(|k| subjects.contains(k.as_str())) else { continue };
            if id.is_some() || title.is_some() || name.is_some() {
                let (id, title) = (id.unwrap_or_default(), title.unwrap_or_default());
                found.insert(key, Doctor { id, title, name: name.map(Pii::new) });
            }
        }
    }
    Ok(found)
}

/// What the pipeline says about lists; nothing where it has no pack for counties.
pub fn policy(pipeline: &Pipeline) -> &Visits {
    static NONE: Visits = Visits { doctor: BTreeMap::new(), office: Vec::new() };
    pipeline.pack(Level::County).map_or(&NONE, |pack| &pack.visits)
}

/// Are the columns there that are to say who looks after a subject?
///
/// # Errors
/// A fault for each that is not.
pub fn check(pipeline: &Pipeline, plans: &Plans) -> Result<(), Vec<Fault>> {
    let mut faults = Vec::new();
    let Some(pack) = pipeline.pack(Level::County) else { return Ok(()) };
    let source = pipeline.source("packs", &pack.id);
    for (kind, columns) in &pack.visits.doctor {
        let Some(planned) = plans.get(kind) else { continue };
        for column in columns.all().filter(|c| planned.schema.index_of(c).is_err()) {
            let text = format!("view `{kind}` has no column `{column}`");
            let known = planned.schema.fields().iter().map(|f| f.name().as_str());
            let fault = Fault::at(source, source.find_value("doctor:", column), text);
            faults.push(fault.did_you_mean(column, known));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

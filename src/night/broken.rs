//! Views that cannot be judged: one that cannot be built, or that gives a subject more than once. The
//! rules over it, and over views that read it, are not run; all else goes on as if it were not there.

use std::path::Path;

use super::{Built, NotRun, Setup};
use crate::error::Result;
use crate::lake::rows::RowsFile;
use crate::rule::Repeats;
use crate::view::Planned;

/// Why a view cannot be judged.
pub struct Broken {
    pub reason: String,
    /// It has no rows, or only some: nothing of it is kept.
    pub empty: bool,
}

/// A view that reads a broken one is broken too. Views come after those that they read.
pub(super) fn inherit(planned: &Planned, built: &mut Built) {
    let read = planned.reads.keys().find_map(|name| Some((name, built.broken.get(name)?)));
    if let Some((name, broken)) = read {
        let own = Broken { reason: chained(&planned.id, name, &broken.reason), ..*broken };
        built.broken.entry(planned.id.clone()).or_insert(own);
    }
}

/// The reason of a view that reads a broken one.
pub(super) fn chained(view: &str, read: &str, reason: &str) -> String {
    format!("view {view} reads {read}: {reason}")
}

/// Rules that failed on a row, or whose view is broken, were not run, whatever they found.
pub(super) fn settle(setup: &Setup, not_run: &NotRun, built: &mut Built) {
    for (rule, error) in &built.judged.failed {
        built.not_run.insert(rule.clone(), format!("it failed on a row: {error}"));
    }
    for rule in setup.rules().filter(|r| !not_run.contains_key(&r.id)) {
        if let Some(broken) = built.broken.get(&rule.over) {
            built.not_run.insert(rule.id.clone(), broken.reason.clone());
        }
    }
    let gone = &built.not_run;
    built.judged.forget(|rule| gone.contains_key(rule));
}

/// What is said of a view with repeated subjects: where, never who.
///
/// # Errors
/// The view's file cannot be read.
pub(super) fn repeated(
    setup: &Setup,
    planned: &Planned,
    repeats: &Repeats,
    dir: &Path,
) -> Result<String> {
    let (id, name) = (&planned.id, format!("{}.parquet", planned.id));
    let file = RowsFile::open(&dir.join(&name))?;
    let places = repeats.places(&file, &setup.pipeline.views[id].subject)?;
    let places: Vec<String> = places.iter().map(u64::to_string).collect();
    let noun = if repeats.subjects == 1 { "subject" } else { "subjects" };
    Ok(format!(
        "view {id} gives {} {noun} more than once (one of them in rows {} of views/{name})",
        repeats.subjects,
        places.join(" and "),
    ))
}

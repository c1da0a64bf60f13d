//! In which order views are planned and built, by the names that their SQL reads.

use std::collections::{BTreeMap, BTreeSet};

use super::query::Query;
use crate::cores;
use crate::diagnostic::Fault;
use crate::pipeline::Pipeline;
use crate::pipeline::spec::View;

/// Views in rounds: each reads views of earlier rounds only.
pub(super) struct Rounds<'a> {
    pub rounds: Vec<Vec<&'a str>>,
    /// What the SQL of each view asks.
    pub queries: BTreeMap<&'a str, Query>,
    /// Those of views that are in no round: their SQL cannot be read, or they read each other in a circle.
    pub faults: Vec<Fault>,
}

/// In which order the views of a pipeline are planned.
pub(super) fn rounds(pipeline: &Pipeline) -> Rounds<'_> {
    let (mut queries, mut faults) = (BTreeMap::new(), Vec::new());
    let views: Vec<&View> = pipeline.views.values().collect();
    let parse = |view: &&View| Query::parse(pipeline.source("views", &view.id), &view.sql);
    for (view, query) in views.iter().zip(cores::each(&views, parse)) {
        match query {
            Ok(query) => _ = queries.insert(view.id.as_str(), query),
            Err(fault) => faults.push(fault),
        }
    }
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (id, query) in &queries {
        // Nobody waits for a view that cannot be read.
        let views = query.names.iter().filter_map(|name| Some(*queries.get_key_value(&**name)?.0));
        needs.insert(*id, views.collect());
    }
    let mut rounds: Vec<Vec<&str>> = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while done.len() < needs.len() {
        let waits = |id: &str| !done.contains(id);
        let ready = needs.iter().filter(|(id, views)| waits(id) && views.is_subset(&done));
        let ready: Vec<&str> = ready.map(|(id, _)| *id).collect();
        if ready.is_empty() {
            let stuck: Vec<&str> = needs.keys().copied().filter(|id| waits(id)).collect();
            let names = stuck.join(", ");
            let source = pipeline.source("views", stuck[0]);
            faults.push(
                Fault::at(source, 0..1, format!("views read each other in a circle: {names}"))
                    .hint("take what they share into a view of its own"),
            );
            break;
        }
        done.extend(&ready);
        rounds.push(ready);
    }
    Rounds { rounds, queries, faults }
}

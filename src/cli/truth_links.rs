//! `bidui truth --links`: the person of every row against whose row it truly is.

use std::path::Path;
use std::process::ExitCode;

use super::output;
use crate::error::{Error, Result};
use crate::fake::truth_links::{LinkScores, Methods, Pairs, score_links};
use crate::feed::assemble::assemble;
use crate::identity::{self, Wanted};
use crate::night::{self, Setup};

/// Prints the scores of a night.
///
/// # Errors
/// The truth or a file of the lake cannot be read; a night without links.
pub(super) fn links(
    setup: &Setup,
    folder: &Path,
    truth: &Path,
    (list, json): (bool, bool),
) -> Result<ExitCode> {
    let summary = night::read_summary(folder)?;
    let receipts = setup.receipts(summary.date)?;
    let mut assembled = assemble(&setup.pipeline, &setup.lake, &receipts)?;
    identity::recall(&mut assembled.tables, folder)?;
    let linked = identity::linked(folder, &Wanted::All)?;
    let scores = score_links(&setup.pipeline, &assembled.tables, &linked, truth)?;
    if json {
        let json = serde_json::to_string(&scores)
            .map_err(|e| Error::bug(format!("the scores are not JSON: {e}")))?;
        output::say(&json)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::say(&summary_of(&scores))?;
    let sections: [(&str, Vec<(&str, &Methods)>); 4] = [
        ("table", named(&scores.tables)),
        ("step", named(&scores.steps)),
        ("class of error", named(&scores.classes)),
        ("group", named(&scores.groups)),
    ];
    for (title, rows) in sections {
        let mut table = output::plain_table();
        table.set_header([
            title,
            "pairs",
            "precision",
            "recall",
            "F1",
            "wrong",
            "missed",
            "recall by ID",
        ]);
        for (name, methods) in rows {
            let p = methods.night;
            table.add_row([
                name.to_owned(),
                (p.right + p.missed).to_string(),
                five(p.precision()),
                five(p.recall()),
                five(p.f1()),
                p.wrong.to_string(),
                p.missed.to_string(),
                five(methods.canonical.recall()),
            ]);
        }
        output::say(&output::drawn(table))?;
    }
    if list {
        for (word, all) in [("wrong", &scores.wrong), ("missed", &scores.missed)] {
            for ((table, classes), (rows, first)) in all {
                output::say(&format!("{word} {table} {classes}: {rows}, such as {first}"))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn named(map: &std::collections::BTreeMap<String, Methods>) -> Vec<(&str, &Methods)> {
    map.iter().map(|(name, methods)| (name.as_str(), methods)).collect()
}

fn five(share: f64) -> String {
    format!("{share:.5}")
}

/// The three methods side by side, on all rows and on those with a bad ID.
fn summary_of(scores: &LinkScores) -> String {
    let mut table = output::plain_table();
    table.set_header(["rows", "method", "precision", "recall", "F1", "wrong", "missed"]);
    for (rows, methods) in [("all", &scores.all), ("bad ID", &scores.bad_id)] {
        let each: [(&str, Pairs); 3] = [
            ("raw ID join", methods.raw),
            ("canonical ID join", methods.canonical),
            ("bidui", methods.night),
        ];
        for (method, p) in each {
            table.add_row([
                rows.to_owned(),
                method.to_owned(),
                five(p.precision()),
                five(p.recall()),
                five(p.f1()),
                p.wrong.to_string(),
                p.missed.to_string(),
            ]);
        }
    }
    format!("{}\n{} rows that the truth does not know", output::drawn(table), scores.unknown)
}

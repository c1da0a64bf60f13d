//! The night's accounts: what came in of each feed, and that no row was lost on its way.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::freshness::{due_period, feed_freshness, newest, parts_behind};
use super::{Receipts, Setup};
use crate::error::{Error, Result};
use crate::feed::assemble::{Assembled, of_persons};
use crate::feed::receipt::{Verdict, in_force};
use crate::identity::Funnel;
use crate::report::summary::{FeedLine, Freshness};

/// One line for each feed: rows in its accepted files = used + quarantined + duplicate + superseded.
pub(super) fn feeds(
    setup: &Setup,
    night: NaiveDate,
    receipts: &Receipts,
    assembled: &Assembled,
) -> Vec<FeedLine> {
    let line = |feed: &crate::pipeline::spec::Feed| {
        let own = receipts.iter().filter(|r| r.feed == feed.id);
        let (accepted, refused): (Vec<_>, Vec<_>) =
            own.partition(|r| r.verdict == Verdict::Accepted);
        let newest = newest(feed, receipts);
        let superseded: u64 =
            accepted.iter().filter_map(|r| assembled.superseded.get(&r.delivery)).sum();
        let mut reject_reasons = BTreeMap::new();
        let mut amendments = BTreeMap::new();
        for receipt in &accepted {
            for (reason, rows) in &receipt.reject_reasons {
                *reject_reasons.entry(reason.clone()).or_default() += rows;
            }
            for (kind, rows) in &receipt.amendments {
                *amendments.entry(kind.clone()).or_default() += rows;
            }
        }
        let notes = parts_behind(feed, receipts, night);
        let freshness = match feed_freshness(feed, newest, night) {
            Freshness::Fresh if !notes.is_empty() => Freshness::Late,
            other => other,
        };
        FeedLine {
            feed: feed.id.clone(),
            title: feed.title.clone(),
            sender: feed.sender.clone(),
            table: feed.table.clone(),
            freshness,
            notes,
            newest: newest.map(|d| d.to_string()),
            due: due_period(feed, night).to_string(),
            in_force: in_force(feed, receipts).0.len(),
            refused: refused.len(),
            rows: accepted.iter().map(|r| r.rows).sum(),
            used: accepted.iter().map(|r| r.used).sum::<u64>() - superseded,
            quarantined: accepted.iter().map(|r| r.quarantined).sum(),
            duplicate: accepted.iter().map(|r| r.duplicate).sum(),
            superseded,
            reject_reasons,
            amendments,
        }
    };
    setup.pipeline.feeds.values().map(line).collect()
}

/// Holds the night's account: every used row of a person table is linked or unlinked.
///
/// # Errors
/// A gate with the difference, which stops the night.
pub(super) fn close(setup: &Setup, assembled: &Assembled, funnel: &Funnel) -> Result<()> {
    for table in setup.pipeline.tables.values().filter(|t| of_persons(t)) {
        let rows = &assembled.tables[&table.id];
        let dropped: u64 = rows.held.iter().map(|h| h.edits.drop.count()).sum();
        let used = rows.rows() - dropped;
        let tiers = ["id", "prefix15", "roster", "clash", "unlinked"];
        let resolved: u64 = tiers.iter().map(|t| funnel.get(&table.id, t)).sum();
        if used != resolved {
            return Err(Error::gate(format!(
                "the account of table {} does not close: {used} rows used, {resolved} linked or \
                 unlinked",
                table.id
            ))
            .hint("this is a fault of bidui; the last published night stays as it was"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::assemble::assemble;

    /// R8.
    #[test]
    fn a_table_of_which_one_row_is_somewhere_else_stops_the_night() {
        let options = crate::night::Options::of("pipelines/gansu".into(), Some("lake".into()));
        let setup = Setup::new(&options).unwrap();
        let assembled = assemble(&setup.pipeline, &setup.lake, &[]).unwrap();
        close(&setup, &assembled, &Funnel::default()).unwrap();
        let table = setup.pipeline.tables.values().find(|table| of_persons(table)).unwrap();
        for tier in ["id", "prefix15", "roster", "clash", "unlinked"] {
            let tiers = BTreeMap::from([(tier.to_owned(), 1)]);
            let tables = BTreeMap::from([(table.id.clone(), tiers)]);
            let error = close(&setup, &assembled, &Funnel { tables, ..Funnel::default() });
            let error = error.expect_err("nothing came in");
            assert_eq!(error.exit_code(), 1, "{error}");
            assert!(error.message.contains(&table.id), "{error}");
        }
    }
}

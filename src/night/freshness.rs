//! Which feeds are here in time, and which rules therefore cannot be run.

use chrono::{Datelike, Days, NaiveDate};

use super::{NotRun, Setup};
use crate::feed::inbox::last_complete;
use crate::pipeline::spec::{Cadence, Feed};
use crate::report::summary::{FeedLine, Freshness};

/// Last day of the period that must be here on a night.
pub fn due_period(feed: &Feed, night: NaiveDate) -> NaiveDate {
    let due_day = feed.delivery.due_day.unwrap_or(1);
    match feed.delivery.cadence {
        // Before the due day the period before is still what one can ask for.
        Cadence::Monthly if night.day() < due_day => {
            let month = last_complete(Cadence::Monthly, night);
            last_complete(Cadence::Monthly, month)
        }
        Cadence::Weekly => night.checked_sub_days(Days::new(7)).unwrap_or(night),
        cadence => last_complete(cadence, night),
    }
}

/// How a feed stands on a night, whose newest accepted period ends on `newest`.
pub fn feed_freshness(feed: &Feed, newest: Option<NaiveDate>, night: NaiveDate) -> Freshness {
    let Some(newest) = newest else { return Freshness::Missing };
    let age = night.signed_duration_since(newest).num_days();
    if feed.delivery.stale_after_days.is_some_and(|limit| age > limit) {
        Freshness::Stale
    } else if feed.delivery.cadence != Cadence::Once && newest < due_period(feed, night) {
        Freshness::Late
    } else {
        Freshness::Fresh
    }
}

/// Rules that need a table whose feed is stale or was never delivered.
pub(super) fn not_run(setup: &Setup, feeds: &[FeedLine]) -> NotRun {
    let mut not_run = NotRun::new();
    for rule in setup.rules() {
        for need in &rule.needs {
            let mut own = feeds.iter().filter(|f| f.table == *need).peekable();
            let reason = if own.peek().is_none() {
                Some(format!("no feed fills {need}"))
            } else {
                own.find_map(|feed| match feed.freshness {
                    Freshness::Stale => Some(format!(
                        "feed {} is stale: its newest period ends {}",
                        feed.feed,
                        feed.newest.as_deref().unwrap_or("never")
                    )),
                    Freshness::Missing => Some(format!("feed {} was never delivered", feed.feed)),
                    Freshness::Fresh | Freshness::Late => None,
                })
            };
            if let Some(reason) = reason {
                not_run.insert(rule.id.clone(), reason);
                break;
            }
        }
    }
    not_run
}

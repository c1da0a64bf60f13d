//! Which feeds are here in time, and which rules therefore cannot be run.

use chrono::{Datelike, Days, NaiveDate};

use super::{NotRun, Setup};
use crate::feed::inbox::last_complete;
use crate::feed::receipt::{self, Receipt, Verdict};
use crate::pipeline::Pipeline;
use crate::pipeline::schema::LINK_TABLE;
use crate::pipeline::spec::{Cadence, Feed, Rule};
use crate::privacy::hide_ids;
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

/// Last day of the newest period of a feed that was accepted.
pub(super) fn newest(feed: &Feed, receipts: &[Receipt]) -> Option<NaiveDate> {
    let own = |r: &&Receipt| r.feed == feed.id && r.verdict == Verdict::Accepted;
    receipts.iter().filter(own).map(|r| r.period).max()
}

/// Has a feed ended? It is more than so many days behind another feed that fills its table.
pub(super) fn ended(pipeline: &Pipeline, feed: &Feed, receipts: &[Receipt], days: u32) -> bool {
    let Some(own) = newest(feed, receipts) else { return false };
    let all = pipeline.feeds_of(&feed.table).filter_map(|other| newest(other, receipts));
    let behind = all.map(|other| other.signed_duration_since(own).num_days()).max();
    behind.is_some_and(|behind| behind > i64::from(days))
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

/// Parts of a feed that came before and are behind, with the last day of their newest period: what is
/// in force of them is old.
pub fn parts_behind(feed: &Feed, receipts: &[Receipt], night: NaiveDate) -> Vec<String> {
    let due = due_period(feed, night);
    let behind = |newest: &NaiveDate| feed.delivery.cadence != Cadence::Once && *newest < due;
    let parts = receipt::parts(feed, receipts);
    let note = |(part, newest): (&String, &NaiveDate)| {
        let age = night.signed_duration_since(*newest).num_days();
        let stale = feed.delivery.stale_after_days.is_some_and(|limit| age > limit);
        let word = if stale { "stale" } else { "late" };
        format!("{word}: {} (newest {newest})", hide_ids(part))
    };
    parts.iter().filter(|(_, newest)| behind(newest)).map(note).collect()
}

/// Rules that need a table whose feed is stale or was never delivered, or is late where nothing
/// late may be compared.
pub(super) fn not_run(setup: &Setup, feeds: &[FeedLine], receipts: &[Receipt]) -> NotRun {
    let reason = |rule: &Rule| {
        let missing = rule.needs.iter().find_map(|need| missing(setup, feeds, need));
        let late = |need: &String| late(&setup.pipeline, feeds, receipts, need);
        missing.or_else(|| rule.in_time.then(|| rule.needs.iter().find_map(late)).flatten())
    };
    setup.rules().filter_map(|r| Some((r.id.clone(), reason(r)?))).collect()
}

/// Which feed of a table is late as a whole. One that ended is not waited for; parts that are
/// behind are their counties' own.
fn late(
    pipeline: &Pipeline,
    feeds: &[FeedLine],
    receipts: &[Receipt],
    need: &str,
) -> Option<String> {
    let days = pipeline.tables.values().find_map(|table| table.ended_after_days);
    feeds.iter().filter(|line| line.table == need).find_map(|line| {
        let feed = pipeline.feeds.get(&line.feed)?;
        let newest = line.newest.as_ref().filter(|newest| **newest < line.due)?;
        let once = feed.delivery.cadence == Cadence::Once;
        let gone = once || days.is_some_and(|days| ended(pipeline, feed, receipts, days));
        (!gone).then(|| format!("feed {} is late: its newest period ends {newest}", line.feed))
    })
}

/// Why nothing may rest on a table tonight.
pub(super) fn missing(setup: &Setup, feeds: &[FeedLine], need: &str) -> Option<String> {
    let own = setup.pipeline.tables.get(need).is_some_and(|table| table.source.is_some());
    // Each night makes its table of links.
    if own || need == LINK_TABLE {
        return None;
    }
    let mut own = feeds.iter().filter(|f| f.table == need).peekable();
    if own.peek().is_none() {
        return Some(format!("no feed fills {need}"));
    }
    own.find_map(|feed| match feed.freshness {
        Freshness::Stale => Some(stale(feeds, feed)),
        Freshness::Missing if feed.refused > 0 => {
            Some(format!("feed {} was never accepted: all its deliveries were refused", feed.feed))
        }
        Freshness::Missing => Some(format!("feed {} was never delivered", feed.feed)),
        Freshness::Fresh | Freshness::Late => None,
    })
}

/// Says that a feed is stale; where another one that fills its table still comes, also what to do if that
/// took its place. What was in force of a list stays so: no rule may go on with it unasked.
fn stale(feeds: &[FeedLine], feed: &FeedLine) -> String {
    let comes = |f: &&FeedLine| matches!(f.freshness, Freshness::Fresh | Freshness::Late);
    let other = feeds.iter().filter(|f| f.table == feed.table).find(comes);
    let (own, newest) = (&feed.feed, feed.newest.as_deref().unwrap_or("never"));
    let next = other.map_or_else(String::new, |other| {
        let other = &other.feed;
        format!(" (if {other} took its place, feeds/{own}.yaml needs no stale_after_days)")
    });
    format!("feed {own} is stale: its newest period ends {newest}{next}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn receipt(feed: &str, period: &str) -> Receipt {
        let json = serde_json::json!({
            "delivery": "", "feed": feed, "table": "settlement", "sender": "", "kind": "append",
            "contract": "", "period": period, "received": "2026-11-10", "content": "",
            "verdict": "accepted", "reasons": [], "warnings": [], "files": [], "parts": [],
            "rows": 0, "used": 0, "quarantined": 0, "duplicate": 0, "pending": 0,
            "amendments": {}, "reject_reasons": {},
        });
        serde_json::from_value(json).expect("a receipt")
    }

    fn line(feed: &str, table: &str, freshness: &str) -> FeedLine {
        let json = serde_json::json!({
            "feed": feed, "title": {"zh": "", "en": ""}, "sender": "", "table": table,
            "freshness": freshness, "newest": "2026-06-30", "due": "2026-10-31", "in_force": 1,
            "rows": 0, "used": 0, "quarantined": 0, "duplicate": 0, "superseded": 0,
            "reject_reasons": {}, "amendments": {},
        });
        serde_json::from_value(json).expect("a line")
    }

    #[test]
    fn a_feed_whose_place_another_took_says_how_its_rules_go_on() {
        let old = line("old", "settlement", "stale");
        let told = "feed old is stale: its newest period ends 2026-06-30";
        let others =
            [line("new", "settlement", "missing"), line("death", "death", "fresh"), old.clone()];
        assert_eq!(stale(&others, &old), told);
        let next = " (if new took its place, feeds/old.yaml needs no stale_after_days)";
        for freshness in ["fresh", "late"] {
            let others = [old.clone(), line("new", "settlement", freshness)];
            assert_eq!(stale(&others, &old), format!("{told}{next}"));
        }
    }

    #[test]
    fn a_feed_that_is_far_behind_another_of_its_table_has_ended() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/gansu");
        let mut pipeline = crate::pipeline::load(&dir).expect("the sample pipeline");
        let mut old = pipeline.feeds["settlement"].clone();
        old.id = "history".into();
        pipeline.feeds.insert(old.id.clone(), old);
        let has = |feed: &str, receipts: &[Receipt]| {
            ended(&pipeline, &pipeline.feeds[feed], receipts, 92)
        };
        let both = |period| [receipt("settlement", "2026-10-31"), receipt("history", period)];
        assert!(!has("history", &both("2026-07-31")), "three months are late");
        assert!(has("history", &both("2026-06-30")));
        assert!(!has("settlement", &both("2026-06-30")));
        assert!(!has("settlement", &both("2027-01-31")));
        assert!(has("settlement", &both("2027-02-28")));
        assert!(!has("history", &both("2026-06-30")[..1]), "what never came has not ended");
    }
}

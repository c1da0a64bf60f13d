//! Feeds that counties send one by one: up to when each county has told, and what is not asked of a
//! county whose own part is behind. A part is a county's when it bears its name or its code; nobody
//! knows whose rows any other part holds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::freshness::{ended, feed_freshness};
use super::{Receipts, Setup};
use crate::anomaly::{Memory, identity};
use crate::division::Divisions;
use crate::feed::receipt::{Receipt, Verdict};
use crate::pipeline::spec::Feed;
use crate::privacy::PersonKeys;
use crate::report::summary::Freshness;
use crate::rule::{Finding, county};

/// The last day of a period, and the day on which its extract came. The greater one is newer: a month
/// of before that is delivered again says nothing of what became of things since.
type Extract = (NaiveDate, NaiveDate);

/// The newest extracts of a feed.
#[derive(Debug, Default)]
pub(super) struct Came {
    whole: Option<Extract>,
    /// Parts of counties, by the county's code: of who ever sent one, also where the whole took its place.
    counties: BTreeMap<String, Extract>,
    /// Parts since the whole that are no county's, by their name.
    others: BTreeMap<String, Extract>,
}

impl Came {
    /// By the receipts of a feed, oldest first.
    pub fn new(divisions: &Divisions, feed: &Feed, receipts: &[Receipt]) -> Self {
        let mut came = Self::default();
        let mut known: BTreeMap<&str, Option<String>> = BTreeMap::new();
        let accepted = |r: &&Receipt| r.feed == feed.id && r.verdict == Verdict::Accepted;
        for receipt in receipts.iter().filter(accepted) {
            let own = (receipt.period, receipt.received);
            let last = match receipt.part.as_deref() {
                None => {
                    came.others.clear();
                    came.whole.get_or_insert(own)
                }
                Some(part) => {
                    let county = known.entry(part).or_insert_with(|| county_of(divisions, part));
                    match county {
                        Some(county) => came.counties.entry(county.clone()).or_insert(own),
                        None => came.others.entry(part.to_owned()).or_insert(own),
                    }
                }
            };
            *last = (*last).max(own);
        }
        came
    }

    /// A part, or the whole if that is newer.
    fn newest(&self, part: Extract) -> Extract {
        self.whole.map_or(part, |whole| whole.max(part))
    }

    /// The day on which the newest of what is told of a county came: with its own part or with the
    /// whole. Of who has no own part the rows may lie in any part that is no county's, and where nobody
    /// knows the county in any.
    pub fn since(&self, county: &str) -> Option<NaiveDate> {
        let first = |parts: &BTreeMap<String, Extract>| {
            parts.values().map(|part| self.newest(*part).1).min()
        };
        let own = self.counties.get(county).map(|part| self.newest(*part).1);
        let whole = || self.whole.map(|(_, came)| came);
        own.or_else(|| first(&self.others)).or_else(whole).or_else(|| first(&self.counties))
    }

    /// The last day of the newest period of each county that sends its own part.
    fn own(&self) -> impl Iterator<Item = (&str, NaiveDate)> {
        self.counties.iter().map(move |(county, part)| (county.as_str(), self.newest(*part).0))
    }

    /// Up to when each county of the register has told, where counties send their own parts: none of
    /// one that never did. Of a county that is not there nobody knows more than of the feed.
    pub fn told(&self, divisions: &Divisions) -> BTreeMap<String, Option<NaiveDate>> {
        let mut told = BTreeMap::new();
        if !self.counties.is_empty() && self.others.is_empty() {
            let whole = self.whole.map(|(period, _)| period);
            let counties = divisions.iter().filter(|division| division.level == 3);
            told.extend(counties.map(|own| (county(&own.code).to_owned(), whole)));
        }
        told.extend(self.own().map(|(county, period)| (county.to_owned(), Some(period))));
        told
    }
}

/// The county that a part of a feed is named after, as the register writes it or in short, or whose code
/// it bears.
fn county_of(divisions: &Divisions, part: &str) -> Option<String> {
    let named = || divisions.iter().find(|own| own.level == 3 && own.label == part);
    let code = divisions
        .by_code(part)
        .or_else(|| named().map(|own| own.code.clone()))
        .or_else(|| divisions.by_path(&[part]))?;
    let level = divisions.get(&code)?.level;
    (level == 3).then(|| county(&code).to_owned())
}

/// Which rules cannot be asked in which counties tonight, with the reason: the county's own part of a
/// feed that the rule needs is stale, or late where nothing late may be compared. As with a feed as a
/// whole, what was known is held, and nothing new is found.
#[derive(Debug, Default)]
pub(super) struct Unheard(BTreeMap<String, BTreeMap<String, String>>);

impl Unheard {
    /// By the receipts of all feeds, oldest first.
    pub fn new(setup: &Setup, night: NaiveDate, receipts: &Receipts) -> Self {
        let mut behind: BTreeMap<&str, Vec<Behind>> = BTreeMap::new();
        for feed in setup.pipeline.feeds.values() {
            let own = behind.entry(feed.table.as_str()).or_default();
            own.extend(behind_of(setup, feed, night, receipts));
        }
        let mut rules: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        for rule in setup.rules() {
            let parts = rule.needs.iter().filter_map(|need| behind.get(need.as_str())).flatten();
            for part in parts.filter(|part| part.stale || rule.in_time) {
                let own = rules.entry(rule.id.clone()).or_default();
                own.entry(part.county.clone()).or_insert_with(|| part.reason.clone());
            }
        }
        Self(rules)
    }

    /// Is a rule not asked in a county?
    pub fn is(&self, rule: &str, county: &str) -> bool {
        self.0.get(rule).is_some_and(|counties| counties.contains_key(county))
    }

    /// Rule, county and reason.
    pub fn lines(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.0.iter().flat_map(|(rule, counties)| {
            counties.iter().map(move |(county, why)| (rule.as_str(), county.as_str(), why.as_str()))
        })
    }

    /// Leaves out what was found where it is not to be asked, and adds to `held` the numbers of
    /// anomalies that nobody could look for: those of such a county, and those of such findings, for
    /// whoever moved there was known in another.
    pub fn leave_out(
        &self,
        findings: Vec<Finding>,
        (keys, memory): (&PersonKeys, &Memory),
        held: &mut BTreeSet<String>,
    ) -> Vec<Finding> {
        if self.0.is_empty() {
            return findings;
        }
        let known = memory.known.values().filter(|row| self.is(&row.rule, &row.county));
        held.extend(known.map(|row| row.anomaly.clone()));
        let unheard = |finding: &Finding| self.is(&finding.rule, county(&finding.division));
        let (out, findings): (Vec<_>, Vec<_>) = findings.into_iter().partition(unheard);
        held.extend(out.iter().map(|finding| identity(keys, finding)));
        findings
    }
}

/// A county whose part of a feed is behind.
struct Behind {
    county: String,
    stale: bool,
    reason: String,
}

/// Counties whose own parts of a feed are behind. A feed that ended is not waited for.
fn behind_of(setup: &Setup, feed: &Feed, night: NaiveDate, receipts: &Receipts) -> Vec<Behind> {
    let pipeline = &setup.pipeline;
    let days = pipeline.tables.values().find_map(|table| table.ended_after_days);
    let gone = days.is_some_and(|days| ended(pipeline, feed, receipts, days));
    let behind = |(county, period): (&str, NaiveDate)| {
        let freshness = feed_freshness(feed, Some(period), night);
        let word = match freshness {
            Freshness::Stale => "stale",
            Freshness::Late if !gone => "late",
            _ => return None,
        };
        let reason =
            format!("its part of feed {} is {word}: its newest period ends {period}", feed.id);
        Some(Behind { county: county.to_owned(), stale: freshness == Freshness::Stale, reason })
    };
    Came::new(&setup.divisions, feed, receipts).own().filter_map(behind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomaly::Anomaly;
    use crate::night::Options;

    fn day(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, month, day).expect("a day")
    }

    fn setup() -> Setup {
        Setup::new(&Options::of("pipelines/gansu".into(), Some("lake".into()))).expect("a pipeline")
    }

    /// An accepted delivery of a day of November, which came on the day after.
    fn receipt(feed: &str, part: Option<&str>, period: u32) -> Receipt {
        let json = serde_json::json!({
            "delivery": "", "feed": feed, "table": feed, "sender": "", "kind": "snapshot",
            "contract": "", "period": day(11, period).to_string(), "part": part,
            "received": day(11, period + 1).to_string(), "content": "", "verdict": "accepted",
            "reasons": [], "warnings": [], "files": [], "parts": [], "rows": 0, "used": 0,
            "quarantined": 0, "duplicate": 0, "pending": 0, "amendments": {}, "reject_reasons": {},
        });
        serde_json::from_value(json).expect("a receipt")
    }

    fn came(setup: &Setup, receipts: &[Receipt]) -> Came {
        Came::new(&setup.divisions, &setup.pipeline.feeds["visit_check"], receipts)
    }

    #[test]
    fn what_a_county_sent_is_as_new_as_its_own_part() {
        let october = day(10, 31);
        let parts = [("620121", 5), ("620122", 6), ("620124", 3)];
        let parts = parts.map(|(county, came)| (county.to_owned(), (october, day(11, came))));
        let mut came = Came { counties: parts.into(), ..Came::default() };
        let day = |d| Some(day(11, d));
        assert_eq!(came.since("620121"), day(5));
        assert_eq!(came.since("620123"), day(3), "nobody knows whose part it is");
        came.whole = day(4).map(|came| (october, came));
        assert_eq!(came.since("620124"), day(4), "the whole came after it");
        assert_eq!(came.since("620121"), day(5));
        assert_eq!(came.since("620123"), day(4));
        came.others = [("东片", 7), ("西片", 8)]
            .map(|(part, came)| (part.to_owned(), (october, self::day(11, came))))
            .into();
        assert_eq!(came.since("620123"), day(7), "it may lie in either");
        assert_eq!(came.since("620121"), day(5));
        assert_eq!(Came::default().since("000000"), None);
    }

    #[test]
    fn a_month_of_before_that_comes_again_is_not_new() {
        let (october, november) = (day(10, 31), day(11, 30));
        let counties = [("620121".to_owned(), (october, day(12, 20)))].into();
        let mut came = Came { counties, ..Came::default() };
        assert_eq!(came.since("620121"), Some(day(12, 20)), "it knows no newer one");
        came.whole = Some((november, day(12, 5)));
        assert_eq!(came.since("620121"), Some(day(12, 5)));
        assert_eq!(came.since("620123"), Some(day(12, 5)));
    }

    /// 临夏 without its kind is a prefecture too.
    #[test]
    fn a_part_is_the_countys_whose_name_or_code_it_bears() {
        let setup = setup();
        let county = |part| county_of(&setup.divisions, part);
        for (part, code) in [
            ("皋兰县", "620122"),
            ("皋兰", "620122"),
            ("620122", "620122"),
            ("620122000000", "620122"),
            ("临夏县", "622921"),
            ("张家川县", "620525"),
        ] {
            assert_eq!(county(part).as_deref(), Some(code), "{part}");
        }
        for part in ["临夏", "兰州市", "6201", "东片", "629999", ""] {
            assert_eq!(county(part), None, "{part}");
        }
    }

    #[test]
    fn each_county_has_told_up_to_its_own_part() {
        let setup = setup();
        let visit = |part, period| receipt("visit_check", part, period);
        let told = |receipts: &[Receipt]| came(&setup, receipts).told(&setup.divisions);
        let mut receipts = vec![visit(Some("景泰县"), 3), visit(Some("皋兰县"), 10)];
        let own = told(&receipts);
        assert_eq!((own["620423"], own["620122"]), (Some(day(11, 3)), Some(day(11, 10))));
        assert_eq!(own["620121"], None, "it never sent any");
        assert!(own.len() > 80, "every county of the province: {}", own.len());
        // An office may have sent what it knows of any county that sends nothing itself.
        receipts.push(visit(Some("东片"), 11));
        assert_eq!(told(&receipts).into_keys().collect::<Vec<_>>(), ["620122", "620423"]);
        // The whole is everybody's, and the last word of who sent before it.
        receipts.push(visit(None, 12));
        receipts.push(visit(Some("皋兰县"), 13));
        let own = told(&receipts);
        assert_eq!((own["620423"], own["620122"]), (Some(day(11, 12)), Some(day(11, 13))));
        assert_eq!(told(&receipts[3..4]).len(), 0, "the feed says it all");
    }

    #[test]
    fn a_county_whose_part_is_behind_is_not_asked() {
        let setup = setup();
        let list = |part, period| receipt("poverty_member", part, period);
        let receipts = vec![list(Some("景泰县"), 10), list(Some("皋兰县"), 17)];
        let unheard =
            |night, receipts: &Vec<Receipt>| Unheard::new(&setup, day(11, night), receipts);
        assert_eq!(unheard(17, &receipts).lines().count(), 0, "a week is in time");
        // Late: only what has no day is not compared.
        let late = unheard(20, &receipts);
        let counties: BTreeSet<&str> = late.lines().map(|(_, county, _)| county).collect();
        assert_eq!(counties, BTreeSet::from(["620423"]));
        assert!(late.is("INS03", "620423") && !late.is("INS03", "620122"));
        assert!(!late.is("INS01", "620423"));
        let (_, _, why) = late.lines().next().expect("a reason");
        assert_eq!(
            why,
            "its part of feed poverty_member is late: its newest period ends 2026-11-10"
        );
        // Stale: nothing rests on it.
        let stale = unheard(26, &receipts);
        assert!(stale.is("INS01", "620423") && !stale.is("INS01", "620122"));
        assert!(!stale.is("INS05", "620423"), "it needs no list");
        let whole = [receipts, vec![list(None, 24)]].concat();
        assert_eq!(unheard(26, &whole).lines().count(), 0, "the whole speaks for everybody");
        // An old one does so no more for who sends parts, and for others as long as the feed is fresh.
        let parts = [(Some("景泰县"), 1), (None, 5), (Some("皋兰县"), 20)];
        let parts = parts.map(|(part, period)| list(part, period)).to_vec();
        let old = unheard(26, &parts);
        assert!(old.is("INS01", "620423") && !old.is("INS01", "620121"));
    }

    #[test]
    fn what_is_not_asked_is_held_and_not_found() {
        let setup = setup();
        let receipts = vec![receipt("poverty_member", Some("景泰县"), 10)];
        let unheard = Unheard::new(&setup, day(11, 20), &receipts);
        let keys = PersonKeys::new(b"test");
        let finding = |rule: &str, subject: &str, division: &str| Finding {
            rule: rule.into(),
            subject: subject.into(),
            anchor: String::new(),
            division: division.into(),
            who: None,
            evidence: Vec::new(),
            message: String::new(),
        };
        let mut memory = Memory::default();
        for (number, rule, county) in
            [("a", "INS03", "620423"), ("b", "INS03", "620122"), ("c", "INS01", "620423")]
        {
            let text = format!(
                r#"{{"anomaly": "{number}", "rule": "{rule}", "rule_version": "", "title": "",
                "severity": "red", "subject_kind": "person", "subject": "", "anchor": "",
                "county": "{county}", "division": "", "who": null, "message": "", "evidence": [],
                "route": "", "due": "2026-01-01", "first_seen": "2026-01-01",
                "last_seen": "2026-01-01", "state": "new", "waived": null}}"#
            );
            let row: Anomaly = serde_json::from_str(&text).expect("an anomaly");
            memory.known.insert(number.to_owned(), row);
        }
        let found = [
            finding("INS03", "1", "620423100201"),
            finding("INS03", "2", "620122100201"),
            finding("INS01", "1", "620423100201"),
            finding("INS03", "3", ""),
        ];
        let moved = identity(&keys, &found[0]);
        let mut held = BTreeSet::new();
        let left = unheard.leave_out(found.to_vec(), (&keys, &memory), &mut held);
        assert_eq!(left, found[1..]);
        assert_eq!(held, BTreeSet::from(["a".to_owned(), moved]));
    }
}

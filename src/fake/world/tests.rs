//! The world keeps its promises.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;

use super::draw::{Draw, Purpose, date};
use super::ids::check_char;
use super::plant::Kind;
use super::plot::Spot;
use super::*;

fn places(counties: usize) -> Geography {
    let codes = ["620423", "620102", "622926", "623027", "620821", "621121", "620523", "620622"];
    let counties = codes[..counties]
        .iter()
        .map(|code| County {
            code: (*code).to_owned(),
            name: format!("{code}县"),
            poverty832: *code != "620102",
            towns: (0..3)
                .map(|t| Town {
                    code: format!("{code}{:03}", 100 + t),
                    name: format!("{t}镇"),
                    villages: (0..9)
                        .map(|v| Village {
                            code: format!("{code}{:03}{}", 100 + t, 200 + v),
                            name: format!("{t}{v}村委会"),
                        })
                        .collect(),
                })
                .collect(),
        })
        .collect();
    Geography { counties }
}

fn world(people: u64, counties: usize, nights: usize) -> World {
    let nights = (0..nights as u32).map(|n| date(2026, 11, 10 + n)).collect();
    let settings = Settings { people, seed: 42, nights, plant_rate: 0.02 };
    let surnames =
        vec![("李".to_owned(), 0.08), ("王".to_owned(), 0.07), ("欧阳".to_owned(), 0.001)];
    World::new(settings, &places(counties), surnames).expect("a world")
}

fn dump(world: &World, county: usize, night: usize) -> Vec<String> {
    let mut rows = Vec::new();
    world.county(county, night, &[], &mut |r, _| rows.push(format!("{r:?}")));
    rows
}

fn field<'a, 'b>(record: &'b Record<'a>, name: &str) -> &'b Value<'a> {
    record.fields.iter().find(|f| f.0 == name).map(|f| &f.1).expect("a field of this name")
}

#[test]
fn ids_are_unique_and_well_formed() {
    let world = world(52_000, 8, 1);
    let mut ids = HashSet::new();
    let mut numbers = HashSet::new();
    for county in 0..world.counties() {
        world.people_truth(county, &mut |p| {
            assert!(ids.insert(p.id.clone()), "{} twice", p.id);
            assert!(numbers.insert(p.number));
            assert!(p.id.starts_with("629"));
            assert_eq!(p.id.chars().last(), Some(check_char(p.id.as_bytes())));
            assert_eq!(p.id.as_bytes()[16] % 2 == 1, p.male);
            assert_eq!(p.id[6..14], p.birth.format("%Y%m%d").to_string());
        });
    }
    assert!((50_000..54_000).contains(&ids.len()), "{} people", ids.len());
}

#[test]
fn telephone_numbers_are_nobodys() {
    let world = world(2_000, 3, 1);
    let mut numbers = 0;
    for county in 0..world.counties() {
        world.county(county, 0, &[], &mut |row, _| {
            for (name, value) in row.fields.iter().filter(|(name, _)| name.ends_with("phone")) {
                let text = format!("{value:?}");
                let number = text.contains(|c: char| c.is_ascii_digit());
                assert!(!number || text.contains("\"154"), "{name}: {text}");
                numbers += usize::from(number);
            }
        });
    }
    assert!(numbers > 1_000, "{numbers}");
}

#[test]
fn same_seed_same_world() {
    let (a, b) = (world(3000, 3, 2), world(3000, 3, 2));
    for night in 0..2 {
        for county in 0..3 {
            assert_eq!(dump(&a, county, night), dump(&b, county, night));
        }
    }
    assert_eq!(a.plants(), b.plants());
}

#[test]
fn a_county_alone_is_as_in_the_whole() {
    let whole = world(3000, 3, 1);
    let all: Vec<Vec<String>> = (0..3).map(|c| dump(&whole, c, 0)).collect();
    // Asked in another order, and one without the others.
    let alone = world(3000, 3, 1);
    assert_eq!(dump(&alone, 2, 0), all[2]);
    assert_eq!(dump(&alone, 0, 0), all[0]);
    let people = |w: &World| {
        let mut n = 0;
        (0..3).for_each(|c| w.people_truth(c, &mut |_| n += 1));
        n
    };
    assert_eq!(people(&alone), people(&whole));
}

#[test]
fn sums_hold_but_where_planted() {
    let world = world(6000, 3, 1);
    let off: HashSet<Subject> =
        world.plants().into_iter().filter(|p| p.rule == "SET04").map(|p| p.subject).collect();
    let mut found = HashSet::new();
    let mut bills = 0;
    for county in 0..3 {
        world.county(county, 0, &[], &mut |r, _| {
            if r.table != "settlement" {
                return;
            }
            bills += 1;
            let cents = |name| match field(r, name) {
                Value::Cents(c) => *c,
                other => panic!("{name} is {other:?}"),
            };
            let parts = cents("basic_pay")
                + cents("critical_pay")
                + cents("assist_pay")
                + cents("other_pay");
            let scope = cents("total_fee")
                - cents("own_expense")
                - cents("over_limit")
                - cents("pre_selfpay");
            let right = cents("total_fee") == cents("fund_pay") + cents("person_pay")
                && cents("fund_pay") == parts
                && cents("in_scope") == scope;
            if let (false, Value::Text(id)) = (right, field(r, "setl_id")) {
                found.insert(Subject::Text(id.to_string()));
            }
        });
    }
    assert!(bills > 6000, "{bills} bills");
    assert_eq!(found, off);
    assert!(!off.is_empty());
}

#[test]
fn every_rule_is_planted_and_households_carry_one_cause() {
    let world = world(4000, 4, 3);
    let plants = world.plants();
    let rules: HashSet<&str> = plants.iter().map(|p| p.rule).collect();
    let wanted = "ID01 ID02 ID03 ID04 ID05 ID07 ID08 LST01 LST02 LST04 LST05 LST07 LST10 INS01 INS02 INS03 INS04 INS05 INS06 INS11 INS14 \
                  FEE01 FEE02 FEE04 FEE06 FEE10 SET01 SET03 SET04 SET05 SET07 SET08 TRT01 TRT02 TRT05 RAR01 FDC01 FDC03 ORG01 ORG02 TEL01 \
                  PAIR02 MEC01 MEC02 REC01 REC02";
    for rule in wanted.split_whitespace() {
        assert!(rules.contains(rule), "{rule} is not planted");
    }
    let mut causes: HashMap<u64, HashSet<&str>> = HashMap::new();
    for p in &plants {
        if let Subject::Person { number, .. } = p.subject {
            causes.entry(number / SLOTS).or_default().insert(p.cause);
        }
    }
    assert!(causes.values().all(|c| c.len() == 1));
    assert!(plants.iter().any(|p| p.night > 0) && plants.iter().any(|p| p.cleared.is_some()));
}

#[test]
fn who_is_planted_as_not_registered_is_not_registered() {
    let world = world(52_000, 8, 1);
    let households = (0..20_000).map(|number| world.base(number, 0));
    let mut home = households
        .into_iter()
        .find(|home| home.rares.iter().any(|rare| rare.person == 0))
        .expect("a head of a household with a rare disease");
    let spot = Spot { kind: Kind::RareUnregistered, night: 0, cleared: None, instance: 0 };
    let mut draw = Draw::new(42, home.number, Purpose::Plant);
    assert!(world.spoil_care(&mut home, spot, world.last(), &mut draw).is_some());
    assert!(home.rares.iter().all(|rare| rare.person != 0));
}

#[test]
fn the_tables_of_the_world_are_those_that_it_has_rows_of() {
    let world = world(20_000, 4, 1);
    let mut told = BTreeSet::new();
    world.plain_tables(0, &[], &mut |r, _| _ = told.insert(r.table));
    (0..4).for_each(|c| world.county(c, 0, &[], &mut |r, _| _ = told.insert(r.table)));
    assert_eq!(told, TABLES.into_iter().collect());
}

#[test]
fn no_rate_no_plants() {
    let nights = vec![date(2026, 11, 10)];
    let settings = Settings { people: 500, seed: 1, nights, plant_rate: 0.0 };
    let world = World::new(settings, &places(2), vec![("李".to_owned(), 1.0)]).expect("a world");
    assert!(world.plants().iter().all(|p| p.cause == "马大娘"));
}

#[test]
fn ma_is_there_alone_and_on_no_list() {
    let world = world(1000, 2, 1);
    let mut seen = 0;
    let mut bills = 0;
    world.county(0, 0, &[], &mut |r, _| {
        if r.person == Some(0) {
            assert!(
                r.table != "poverty_member"
                    && r.table != "special_group"
                    && r.table != "disease_reg"
            );
            if r.table == "resident" {
                seen += 1;
                assert_eq!(field(r, "name"), &Value::Text("马秀英".into()));
                assert_eq!(field(r, "hh_size"), &Value::Int(1));
            }
            bills += usize::from(r.table == "settlement");
        }
    });
    assert_eq!(seen, 1);
    assert!(bills > 30);
}

#[test]
fn nothing_of_the_future_is_written() {
    let world = world(3000, 3, 3);
    let asof: NaiveDate = world.nights()[0];
    for county in 0..3 {
        world.county(county, 0, &[], &mut |r, _| {
            for name in [
                "setl_date",
                "discharge_date",
                "visit_date",
                "visited_date",
                "identified_date",
                "death_date",
                "birth_date",
            ] {
                if let Some((_, Value::Date(d))) = r.fields.iter().find(|f| f.0 == name) {
                    assert!(*d <= asof, "{} {name} {d}", r.table);
                }
            }
        });
    }
}

#[test]
fn plain_tables_have_unique_keys() {
    let world = world(2000, 4, 1);
    let mut keys = HashSet::new();
    world.plain_tables(0, &[], &mut |r, _| {
        let key = format!("{} {:?}", r.table, r.fields[0].1);
        assert!(keys.insert(key), "{} {:?} twice", r.table, r.fields[0].1);
    });
}

#[test]
fn faults_of_settings_are_told() {
    let settings =
        |people, nights: Vec<NaiveDate>| Settings { people, seed: 1, nights, plant_rate: 0.1 };
    let day = date(2026, 11, 10);
    fn fault(settings: Settings, places: &Geography) -> Option<WorldError> {
        World::new(settings, places, Vec::new()).err()
    }
    assert_eq!(fault(settings(10, vec![]), &places(1)), Some(WorldError::NoNights));
    assert_eq!(fault(settings(10, vec![day, day]), &places(1)), Some(WorldError::NightsNotInOrder));
    assert_eq!(fault(settings(10, vec![day]), &Geography::default()), Some(WorldError::NoVillages));
    assert_eq!(fault(settings(40_000_000, vec![day]), &places(1)), Some(WorldError::TooManyPeople));
}

#[test]
fn what_was_reported_stays_reported() {
    const EVENTS: [&str; 6] =
        ["settlement", "inpatient", "death", "followup", "premium", "telemed_session"];
    let nights = vec![date(2026, 11, 3), date(2026, 11, 10), date(2026, 12, 9), date(2027, 1, 6)];
    let settings = Settings { people: 9000, seed: 5, nights, plant_rate: 0.3 };
    let world = World::new(settings, &places(3), vec![("李".to_owned(), 1.0)]).expect("a world");
    let is_event = |table: &str| EVENTS.contains(&table);
    let rows = |night: usize| {
        let mut rows = HashSet::new();
        let mut keys = HashSet::new();
        let mut put = |r: &Record<'_>, _: &Known| {
            if is_event(r.table) {
                assert!(rows.insert(format!("{r:?}")), "{r:?} twice");
            }
            if r.table == "disease_reg" {
                keys.insert(format!("{:?}", r.fields[0]));
            }
        };
        world.plain_tables(night, &[], &mut put);
        (0..3).for_each(|c| world.county(c, night, &[], &mut put));
        (rows, keys)
    };
    let all: Vec<_> = (0..4).map(rows).collect();
    for night in 1..4 {
        let (last, next) = (&all[night - 1], &all[night]);
        let gone: Vec<_> = last.0.difference(&next.0).take(3).collect();
        assert!(gone.is_empty(), "night {night}: {gone:#?}");
        assert!(last.1.is_subset(&next.1), "night {night}: a disease vanished");
        // What is new against each earlier night is told by the world itself.
        let earlier: Vec<usize> = (0..night).collect();
        let mut new: HashMap<usize, HashSet<String>> = HashMap::new();
        let mut put = |r: &Record<'_>, known: &Known| {
            for before in earlier.iter().filter(|n| is_event(r.table) && !known.had(**n, r)) {
                new.entry(*before).or_default().insert(format!("{r:?}"));
            }
        };
        world.plain_tables(night, &earlier, &mut put);
        (0..3).for_each(|c| world.county(c, night, &earlier, &mut put));
        for before in earlier {
            let expected: HashSet<String> = next.0.difference(&all[before].0).cloned().collect();
            assert_eq!(new.remove(&before).unwrap_or_default(), expected, "{night} and {before}");
        }
    }
}

//! Two persons stay two, whatever is said of their IDs.

use std::path::Path;

use serde_json::Value;

use crate::identity::{VISIT, extract, extracts, id, linked, night, pipeline, residents};
use crate::support::{Bidui, Policies, temp};

/// The line about a row of a feed's delivery, `null` for one that its plain ID links.
fn line(pipeline: &Path, lake: &Path, (table, feed): (&str, &str), row: usize) -> Value {
    let delivery = bidui::lake::names_in(&lake.join("deliveries").join(feed)).pop();
    let place = format!("{table}:{}:{row}", delivery.expect("a delivery"));
    let explain = Bidui::new("explain").args(&["link", &place]).arg(pipeline).arg("--lake");
    let said = explain.arg(lake).args(&["--output", "json"]).go().ended(0);
    said.json().pop().expect("one line")["rows"][0].clone()
}

/// Other departments use one number for two brothers whom the register has without any.
#[test]
fn a_number_becomes_one_persons_only() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let number = id("629006", "1950-01-11", "013");
    let brothers = ["孙建国,1,1950-01-11,620122101201,", "孙建军,1,1952-02-02,620122101201,"];
    let people = brothers.iter().map(|brother| format!(",{brother},H9"));
    let people: Vec<String> = residents().into_iter().chain(people).collect();
    let visit = |(n, brother): (usize, &&str)| format!("V{n:02},{number},{brother}");
    let visits: Vec<String> =
        [brothers[0], brothers[1], brothers[1]].iter().enumerate().map(visit).collect();
    let input = extracts(home.path(), &people, &visits);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let found = linked(&pipeline, &lake, &visits);
    assert_ne!(found["V00"].0, found["V01"].0, "{found:?}");
    assert_eq!(found["V01"], found["V02"]);
    let delivery = bidui::lake::names_in(&lake.join("deliveries/resident")).pop();
    let delivery = delivery.expect("a delivery");
    let person = |row: usize| {
        let place = format!("resident:{delivery}:{row}");
        let explain = Bidui::new("explain").args(&["link", &place]).arg(&pipeline);
        let said = explain.arg("--lake").arg(&lake).args(&["--output", "json"]).go().ended(0);
        said.json()[0]["rows"][0]["person"].as_str().expect("a line").to_owned()
    };
    let brothers = [person(people.len() - 2), person(people.len() - 1)];
    assert_ne!(brothers[0], brothers[1], "two rows of the register are two persons");
    // The number is now that of the one who was born on its day, though the other has more rows with it.
    assert_eq!((found["V00"].0.as_str(), found["V01"].0.as_str()), ("id", &*brothers[1]));
}

/// A number that cannot be used still tells two rows apart where it is a part of their key.
#[test]
fn strangers_without_a_number_are_not_one_person() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let table = VISIT.replace("key: [visit_no]", "key: [id_no, sex]");
    std::fs::write(pipeline.join("tables/visit.yaml"), table).expect("written");
    let visits = ["V00,无证甲,钱一,1,,,", "V01,无证乙,钱二,1,,,"].map(String::from);
    let input = extracts(home.path(), &residents(), &visits);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let found = linked(&pipeline, &lake, &visits);
    assert!(found.values().all(|(_, step)| step == "unlinked"), "{found:?}");
    assert_ne!(found["V00"].0, found["V01"].0);
}

/// What stands in for a number tells nobody from anybody, in whichever delivery it comes.
#[test]
fn strangers_under_one_stand_in_are_not_one_person() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let table = VISIT.replace("key: [visit_no]", "key: [id_no, sex]");
    std::fs::write(pipeline.join("tables/visit.yaml"), table).expect("written");
    let feed = std::fs::read_to_string(pipeline.join("feeds/visit.yaml")).expect("a feed");
    std::fs::write(pipeline.join("feeds/stay.yaml"), feed.replace("就诊", "住院"))
        .expect("written");
    let input = extracts(home.path(), &residents(), &["V00,未办理,钱一,1,,,".to_owned()]);
    let head = "visit_no,id_no,name,sex,birth_date,village_code,phone";
    extract(&input, "2026-11-10", "住院", head, &["V01,未办理,孙二,1,,,".to_owned()]);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let [one, two] = ["visit", "stay"].map(|feed| line(&pipeline, &lake, ("visit", feed), 0));
    assert_eq!((one["step"].as_str(), two["step"].as_str()), (Some("unlinked"), Some("unlinked")));
    assert_ne!(one["person"], two["person"]);
}

/// A stand-in that no list knows: two rows with it and one name are not one person's for that.
#[test]
fn a_number_of_a_crowd_is_nobodys() {
    let visits = |crowd: usize| -> Vec<String> {
        let stand_in = "62292600000000";
        let own = [
            format!("V00,{stand_in},李秀英,2,1962-07-03,620122101201,"),
            format!("V01,{stand_in},李秀英,,,,"),
        ];
        let others = residents().into_iter().skip(8).take(crowd).enumerate().map(|(n, row)| {
            let cells: Vec<&str> = row.split(',').collect();
            format!("O{n:03},{stand_in},{},{},{},,", cells[1], cells[2], cells[3])
        });
        own.into_iter().chain(others).collect()
    };
    for (crowd, step) in [(3, "follow"), (9, "unlinked")] {
        let home = temp();
        let pipeline = pipeline(home.path(), None);
        let input = extracts(home.path(), &residents(), &visits(crowd));
        let lake = home.path().join("lake");
        night(&pipeline, &input, &lake, &[]);
        let [one, two] = [0, 1].map(|row| line(&pipeline, &lake, ("visit", "visit"), row));
        assert_eq!((one["step"].as_str(), two["step"].as_str()), (Some("roster"), Some(step)));
    }
}

/// Of two rows with one damaged number and one name, one was born a generation later.
#[test]
fn a_namesake_of_another_age_does_not_follow() {
    let visits = [
        "V00,62292600000000,李秀英,2,1962-07-03,620122101201,",
        "V01,62292600000000,李秀英,2,1990-02-14,,",
        "V02,62292600000000,李秀英,2,1962-07-08,,",
    ]
    .map(String::from);
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let input = extracts(home.path(), &residents(), &visits);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let steps = linked(&pipeline, &lake, &visits).into_values().map(|(_, step)| step);
    assert_eq!(steps.collect::<Vec<_>>(), ["roster", "unlinked", "follow"]);
}

/// The register has a woman twice, once with a slip, and a man under her number. Her number stands for
/// another one of her household in a visit.
#[test]
fn whose_a_number_is_hangs_not_on_the_order_of_the_register() {
    let number = id("629001", "1962-07-03", "022");
    let slip = format!("{number},李秀英,2,1962-07-13,620122101201,,H1");
    let other = format!("{number},钱一鸣,1,1962-07-03,620122101202,,H8");
    let visits = [format!("V00,{number},张建国,1,1956-05-12,,")];
    let mut all = residents();
    let own = all.remove(1);
    assert!(own.starts_with(&number));
    let orders = [
        &[&other, &own][..],
        &[&own, &slip, &other],
        &[&slip, &other, &own],
        &[&other, &own, &slip],
    ];
    for first in orders {
        let home = temp();
        let pipeline = pipeline(home.path(), None);
        let people: Vec<String> = first.iter().copied().chain(&all).cloned().collect();
        let input = extracts(home.path(), &people, &visits);
        let lake = home.path().join("lake");
        night(&pipeline, &input, &lake, &[]);
        for (row, text) in first.iter().enumerate() {
            let told = line(&pipeline, &lake, ("resident", "resident"), row);
            let step = (**text == other).then_some("clash");
            assert_eq!(told["step"].as_str(), step, "row {row}: {told}");
        }
        assert_eq!(linked(&pipeline, &lake, &visits)["V00"].1, "household", "{first:?}");
    }
}

/// The register has a child under its own number, but not its name yet.
#[test]
fn a_child_without_a_name_is_one_person_in_all_rows_of_its_number() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let number = id("629002", "2026-10-01", "048");
    let mut people = residents();
    people.push(format!("{number},王小丽之女,2,2026-10-01,620122101202,,H2"));
    let visit = |n| format!("V0{n},{number},王小丽之女,,,,");
    let visits: Vec<String> = (0..3).map(visit).collect();
    let input = extracts(home.path(), &people, &visits);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let found = linked(&pipeline, &lake, &visits);
    assert!(found.values().all(|(_, step)| step == "id"), "{found:?}");
}

/// The mother's number on rows of children: one whose name sounds like hers, and some without a name yet. The
/// register has the one who was born in August.
#[test]
fn children_under_their_mothers_number_are_not_their_mother() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let (li, mother) = (id("629001", "1962-07-03", "022"), id("629002", "1990-09-09", "024"));
    let village = "620122101202,";
    let visits = [
        format!("V00,{li},李秀颖,2,1995-07-08,620122101201,"),
        format!("V01,{mother},,2,2026-08-01,{village}"),
        format!("V02,{mother},,2,2026-10-17,{village}"),
        format!("V03,{mother},,1,2024-03-05,{village}"),
        format!("V04,{li},李秀颖,2,1962-07-03,620122101201,"),
        format!("V05,{mother},,2,,{village}"),
    ];
    let input = extracts(home.path(), &residents(), &visits);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let found = linked(&pipeline, &lake, &visits);
    let steps: Vec<&str> = found.values().map(|(_, step)| step.as_str()).collect();
    assert_eq!(steps, ["clash", "newborn", "clash", "clash", "id", "id"]);
    let persons: std::collections::BTreeSet<&String> =
        found.values().take(4).map(|(person, _)| person).collect();
    assert_eq!(persons.len(), 4, "{found:?}");
}

/// A slip of the mother's number on the row of a child without a name, her number with 01 behind it as hospitals
/// write it, and fifteen digits without any name: what is left of a number is no more than a whole one.
#[test]
fn what_is_left_of_a_number_links_nobody_alone() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let mother = id("629002", "1990-09-09", "024");
    let slip = format!("{}{}", &mother[..17], if mother.ends_with('1') { '2' } else { '1' });
    let visits = [
        format!("V00,{slip},王小丽之女,2,,620122101202,"),
        format!("V01,{mother}01,王小丽之女,2,2026-10-17,620122101202,13900000002"),
        format!("V02,{}000,,,,620122101202,", &mother[..15]),
    ];
    let input = extracts(home.path(), &residents(), &visits);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let found = linked(&pipeline, &lake, &visits);
    assert!(found.values().all(|(_, step)| step == "unlinked"), "{found:?}");
}

/// Of two namesakes in a town one is registered on a first of January; the row may be of the other one, of whom it
/// knows the year alone.
#[test]
fn a_first_of_january_does_not_say_which_namesake_it_is() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let mut people = residents();
    for (birth, sequence, village) in
        [("1950-01-01", "024", "620122101202"), ("1950-05-12", "048", "620122101201")]
    {
        let number = id("629010", birth, sequence);
        people.push(format!("{number},吴秀芳,2,{birth},{village},,Z{sequence}"));
    }
    let visits = ["V00,,吴秀芳,2,1950-01-01,620122101201,".to_owned()];
    let input = extracts(home.path(), &people, &visits);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    assert_eq!(linked(&pipeline, &lake, &visits)["V00"].1, "unlinked");
}

/// A village doctor's telephone stands on the rows of many, a namesake of another age among them.
#[test]
fn a_telephone_of_many_links_nobody() {
    let doctor = |at: usize, row: String| match at % 8 {
        0 => row.replace(",,X", ",13900000009,X"),
        _ => row,
    };
    for (many, step) in [(false, "phone"), (true, "unlinked")] {
        let home = temp();
        let pipeline = pipeline(home.path(), None);
        let mut people = residents();
        if many {
            people = people.into_iter().enumerate().map(|(at, row)| doctor(at, row)).collect();
        }
        let number = id("629011", "1948-03-04", "024");
        people.push(format!("{number},马秀英,2,1948-03-04,620122101202,13900000009,M1"));
        let number = id("629011", "1981-09-14", "048");
        people.push(format!("{number},马秀英,2,1981-09-14,620122101201,,M2"));
        let visits = ["V00,,马秀英,2,1981-11-02,620122101201,13900000009".to_owned()];
        let input = extracts(home.path(), &people, &visits);
        let lake = home.path().join("lake");
        night(&pipeline, &input, &lake, &[]);
        assert_eq!(linked(&pipeline, &lake, &visits)["V00"].1, step);
    }
}

#[test]
fn a_spine_is_of_persons() {
    let policies = Policies::new();
    let spine = "spine: [resident, poverty_member]";
    policies.edit("gansu/pipeline.yaml", spine, "spine: [poverty_household, resident]");
    let said = Bidui::new("check").arg(policies.gansu()).go().ended(2);
    assert!(said.stderr.contains("`poverty_household` is no table of persons"), "{}", said.stderr);
}

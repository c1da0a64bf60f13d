//! Two persons stay two, whatever is said of their IDs.

use crate::identity::{VISIT, extracts, id, linked, night, pipeline, residents};
use crate::support::{Bidui, temp};

/// Other departments use one number for two brothers whom the register has without any.
#[test]
fn a_number_becomes_one_persons_only() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    let number = id("629006", "1950-01-01", "013");
    let brothers = ["孙建国,1,1950-01-01,620122101201,", "孙建军,1,1952-02-02,620122101201,"];
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
    // The number is now that of the one who has more rows with it; these are as they were.
    assert_eq!((found["V00"].0.as_str(), found["V01"].0.as_str()), (&*brothers[0], "id"));
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

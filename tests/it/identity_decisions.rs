//! What people decided of links: it wins, goes on with the persons whom it is about, and ends with them.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::identity::{extract, extracts, id, night, pipeline, residents};
use crate::support::{Bidui, current, run, temp};

const HEAD: &str = "id_no,name,sex,birth_date,village_code,phone";

/// The line about a row of a table's newest delivery.
fn line(pipeline: &Path, lake: &Path, table: &str, row: usize) -> Value {
    explained(pipeline, lake, table, row)["rows"][0].clone()
}

/// All that is said about it.
fn explained(pipeline: &Path, lake: &Path, table: &str, row: usize) -> Value {
    let mut all = bidui::lake::names_in(&lake.join("deliveries").join(table));
    all.sort();
    let place = format!("{table}:{}:{row}", all.pop().expect("a delivery"));
    let explain = Bidui::new("explain").args(&["link", &place]).arg(pipeline).arg("--lake");
    let said = explain.arg(lake).args(&["--output", "json"]).go().ended(0);
    said.json().pop().expect("one line")
}

fn text<'v>(line: &'v Value, name: &str) -> &'v str {
    line[name].as_str().unwrap_or_default()
}

/// A night of the register and some visits, and what it has been decided of.
struct World {
    home: TempDir,
    pipeline: PathBuf,
    input: PathBuf,
    lake: PathBuf,
}

impl World {
    /// After its night, nothing decided.
    fn after(visits: &[String]) -> Self {
        let home = temp();
        let pipeline = pipeline(home.path(), None);
        let input = extracts(home.path(), &residents(), visits);
        let lake = home.path().join("lake");
        night(&pipeline, &input, &lake, &[]);
        Self { home, pipeline, input, lake }
    }

    /// The pipeline with some decisions, each `mention,person,verdict`.
    fn decided(&self, decisions: &[String]) -> PathBuf {
        let list = format!("mention,person,verdict\n{}\n", decisions.join("\n"));
        pipeline(&self.home.path().join("decided"), Some(&list))
    }

    /// The same night in another lake, with one line about a row decided.
    fn again(self, about: &Value, person: &str, verdict: &str) -> Self {
        let decision = format!("{},{person},{verdict}", text(about, "mention"));
        let pipeline = self.decided(&[decision]);
        let lake = self.home.path().join("other");
        night(&pipeline, &self.input, &lake, &[]);
        Self { pipeline, lake, ..self }
    }

    fn line(&self, table: &str, row: usize) -> Value {
        line(&self.pipeline, &self.lake, table, row)
    }
}

/// As when the register learns the number of somebody: the key of before is no more.
#[test]
fn a_decision_about_nobody_takes_no_row_away() {
    let visits = ["V00,,李秀英,2,1962-07-03,620122101201,".to_owned()];
    let world = World::after(&visits);
    let before = world.line("visit", 0);
    assert_eq!(text(&before, "step"), "roster");
    let world = world.again(&before, "0123456789abcdef", "same");
    let after = world.line("visit", 0);
    assert_eq!((text(&after, "step"), &after["person"]), ("roster", &before["person"]));
}

#[test]
fn who_was_refused_does_not_come_back_by_a_row_of_the_same_number() {
    let cut = id("629001", "1956-05-12", "011")[..17].to_owned();
    let visits = [format!("V00,{cut},张建国,,,,"), format!("V01,{cut},张建国,,,620122101201,")];
    let world = World::after(&visits);
    let [one, two] = [0, 1].map(|row| world.line("visit", row));
    assert_eq!((text(&one, "step"), text(&two, "step")), ("edit", "edit"));
    assert_eq!(one["person"], two["person"]);
    let world = world.again(&two, text(&two, "person"), "different");
    assert_eq!(world.line("visit", 0)["person"], one["person"]);
    assert_ne!(world.line("visit", 1)["person"], one["person"]);
}

/// Makes the tables `visit` and `stay` the second and the third one of the spine.
fn of_three_tables(pipeline: &Path) {
    let edit = |name: &str, from: &str, to: &str, into: &str| {
        let text = std::fs::read_to_string(pipeline.join(name)).expect("a policy file");
        assert!(text.contains(from), "{name}");
        std::fs::write(pipeline.join(into), text.replace(from, to)).expect("a policy file");
    };
    edit("pipeline.yaml", "[resident]", "[resident, visit, stay]", "pipeline.yaml");
    edit("tables/visit.yaml", "就诊", "住院", "tables/stay.yaml");
    edit("feeds/visit.yaml", "就诊", "住院", "feeds/stay.yaml");
    edit("feeds/stay.yaml", "table: visit", "table: stay", "feeds/stay.yaml");
}

/// The second table of the spine has somebody without a number. The third one knows them by it alone.
#[test]
fn a_row_of_the_spine_that_finds_its_person_takes_those_after_it_along() {
    let home = temp();
    let pipeline = pipeline(home.path(), None);
    of_three_tables(&pipeline);
    let visits = ["V00,,李秀英,2,1962-07-03,620122101201,13900000099".to_owned()];
    let stays = ["S00,,李秀英,,,,13900000099".to_owned()];
    let input = extracts(home.path(), &residents(), &visits);
    extract(&input, "2026-11-10", "住院", &format!("visit_no,{HEAD}"), &stays);
    let lake = home.path().join("lake");
    night(&pipeline, &input, &lake, &[]);
    let (visit, stay) = (line(&pipeline, &lake, "visit", 0), line(&pipeline, &lake, "stay", 0));
    assert_eq!((text(&visit, "step"), text(&stay, "step")), ("roster", "phone"));
    assert_eq!(stay["person"], visit["person"], "not whom the visit was before it found her");
}

/// As before, but people said of the third row whose it is and whose it is not, when these were two persons.
#[test]
fn a_row_that_was_refused_a_person_is_not_given_to_them_by_another_decision() {
    let home = temp();
    let visits = ["V00,,李秀英,2,1962-07-03,620122101201,13900000099".to_owned()];
    let stays = ["S00,,李秀英,,,,13900000099".to_owned()];
    let told = |name: &str, people: &[String], decisions: Option<&str>| {
        let home = home.path().join(name);
        let pipeline = pipeline(&home, decisions);
        of_three_tables(&pipeline);
        let input = extracts(&home, people, &visits);
        extract(&input, "2026-11-10", "住院", &format!("visit_no,{HEAD}"), &stays);
        night(&pipeline, &input, &home.join("lake"), &[]);
        line(&pipeline, &home.join("lake"), "stay", 0)
    };
    let people = residents();
    let without: Vec<String> = people.iter().filter(|p| !p.contains("李秀英")).cloned().collect();
    let (own, hers) = (told("without", &without, None), told("with", &people, None));
    assert_ne!(own["person"], hers["person"]);
    assert_eq!(text(&own, "mention"), text(&hers, "mention"));
    let number = text(&own, "mention");
    let decisions = format!(
        "mention,person,verdict\n{number},{},same\n{number},{},different\n",
        text(&own, "person"),
        text(&hers, "person"),
    );
    let decided = told("decided", &people, Some(&decisions));
    assert_ne!(decided["person"], hers["person"], "{decided}");
}

#[test]
fn faults_of_the_list_are_found_before_the_night_and_on_their_lines() {
    let home = temp();
    let list = "# 核对结果\nmention,person,verdict,note\n\n12,x,same,王某某\n\
        -1,0000000000000001,same,\n0000000000000001,0000000000000002,maybe,\n";
    let broken = pipeline(home.path(), Some(list));
    let input = extracts(home.path(), &residents(), &["V00,,,,,,".to_owned()]);
    for said in [
        Bidui::new("check").arg(&broken).go().ended(2),
        run(&broken, &input, &home.path().join("lake")).go().ended(2),
    ] {
        for line in [4, 5, 6] {
            assert!(said.stderr.contains(&format!("link_decision.csv:{line}")), "{}", said.stderr);
        }
        assert!(!said.stderr.contains("王某某"), "notes are not shown: {}", said.stderr);
    }
    let headless = pipeline(&home.path().join("other"), Some("# 无\nmention,verdict\n"));
    let said = Bidui::new("check").arg(&headless).go().ended(2);
    assert!(said.stderr.contains("link_decision.csv:2"), "{}", said.stderr);
}

/// He has a number that the register does not know, and was born ten days later than his namesake.
#[test]
fn a_row_that_people_are_asked_about_is_explained_and_decided() {
    let number = id("629777", "1956-05-22", "013");
    let visits = [
        format!("V00,{number},张建国,1,1956-05-22,620122101201,"),
        "V01,,张建国,1,1956-05-12,620122101201,".to_owned(),
    ];
    let world = World::after(&visits);
    let told = explained(&world.pipeline, &world.lake, "visit", 0);
    let asked = &told["review"][0];
    let namesake = world.line("visit", 1);
    assert_eq!((text(&namesake, "step"), &asked["person"]), ("roster", &namesake["person"]));
    let world = world.again(asked, text(asked, "person"), "same");
    let now = world.line("visit", 0);
    assert_eq!((text(&now, "step"), &now["person"]), ("decision", &namesake["person"]));
}

#[test]
fn decisions_that_are_passed_over_are_counted_every_night() {
    let visits = ["V00,,李秀英,2,1962-07-03,620122101201,".to_owned()];
    let world = World::after(&visits);
    let number = text(&world.line("visit", 0), "mention").to_owned();
    let nobody = "0123456789abcdef";
    let lines = [format!("{number},{nobody},same"), format!("{nobody},{nobody},different")];
    let (pipeline, lake) = (world.decided(&lines), world.home.path().join("other"));
    let expected = serde_json::json!({"in_force": 0, "no_person": 1, "no_row": 1});
    // On the later nights there are no news, and the third takes over the links of the second.
    for day in ["2026-11-10", "2026-11-11", "2026-11-12"] {
        std::fs::create_dir_all(world.input.join(day)).expect("a folder");
        let said = run(&pipeline, &world.input, &lake).args(&["--date", day]).go().ended(0);
        let summary = said.json().pop().expect("a night");
        assert_eq!(text(&summary, "date"), day);
        assert_eq!(summary["identity_decisions"], expected, "{day}");
        let page = std::fs::read_to_string(current(&lake).join("report.html")).expect("a report");
        assert!(page.contains("未采用 <b>2</b>"), "the report says so");
    }
}

/// The register has him without a number. One of two rows under a number makes it his; the other was refused.
#[test]
fn who_was_refused_is_parted_though_another_row_makes_the_id_the_persons() {
    let number = id("629010", "1951-02-03", "015");
    let visits = [
        format!("V00,{number},赵德福,1,1951-02-03,620122101202,"),
        format!("V01,{number},赵德福,1,,,13900000004"),
        // With a third spelling the others are variants, which have a number that people know.
        format!("V02,{number},赵德,1,1951-02-03,620122101201,13900000077"),
    ];
    let world = World::after(&visits);
    let [he, other] = [0, 1].map(|row| world.line("visit", row));
    let register = world.line("resident", 7);
    assert_eq!((&he["person"], &other["person"]), (&register["person"], &register["person"]));
    let world = world.again(&other, text(&other, "person"), "different");
    let [same, other] = [0, 1].map(|row| world.line("visit", row));
    let register = world.line("resident", 7);
    assert_eq!((&same["person"], &register["person"]), (&he["person"], &he["person"]));
    assert_ne!(other["person"], he["person"]);
    assert_eq!(text(&other, "step"), "clash");
}

/// As before, but nobody else speaks for the number: then it does not become that of the person.
#[test]
fn a_number_whose_only_row_was_refused_is_not_taken_by_the_person() {
    let number = id("629010", "1951-02-03", "015");
    let visits = [
        format!("V00,{number},赵德福,1,1951-02-03,620122101202,"),
        format!("V01,{number},赵德,1,1951-02-03,620122101201,13900000077"),
    ];
    let world = World::after(&visits);
    let he = world.line("visit", 0);
    assert_eq!(he["person"], world.line("resident", 7)["person"]);
    let world = world.again(&he, text(&he, "person"), "different");
    let [visit, register] = ["visit", "resident"].map(|table| {
        let row = if table == "visit" { 0 } else { 7 };
        world.line(table, row)
    });
    assert_ne!(visit["person"], register["person"]);
}

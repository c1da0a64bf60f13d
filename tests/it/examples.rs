//! The sample pipelines: well written, true to their worked examples, and right about a world whose
//! faults are known.

use crate::support::{Bidui, Policies, gansu, list, root, shared, temp};

#[test]
fn check_is_silent_when_all_is_well() {
    let said = Bidui::new("check").arg(gansu()).go().ended(0);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("", ""));
}

#[test]
fn check_says_how_views_are_built() {
    let said = Bidui::new("check").arg(gansu()).arg("--verbose").go().ended(0);
    let line = |view: &str| {
        let found = said.stdout.lines().find(|l| l.split_whitespace().next() == Some(view));
        found.unwrap_or_else(|| panic!("{view} in {}", said.stdout)).to_owned()
    };
    assert!(line("person").contains("bucket by bucket"));
    assert!(line("facility").contains("whole"));
    assert!(line("household").contains("some hh_no at a time"));
}

#[test]
fn worked_examples_pass() {
    let said = Bidui::new("test").arg(gansu()).go().ended(0);
    assert!(said.stdout.contains(" 0 failed"), "{}", said.stdout);
}

/// Who begins another province has its own counties and thresholds, and the examples of the vocabulary.
#[test]
fn worked_examples_hold_in_another_province() {
    let policies = Policies::new();
    std::fs::create_dir_all(policies.file("other/codes")).expect("a folder");
    let villages = "code,label,aliases,parent,level,poverty832\n";
    let places = format!("{villages}63,某省,,,1,\n6301,某市,,63,2,\n630121,某县,,6301,3,0\n");
    let yaml = "title: {zh: 某省, en: Other}\nextends: basic-medical\ndivision_root: \"63\"\n\
                divisions: [division, village_code]\n";
    for (name, text) in [
        ("other/pipeline.yaml", yaml),
        ("other/codes/division.csv", places.as_str()),
        ("other/codes/village_code.csv", villages),
    ] {
        std::fs::write(policies.file(name), text).expect("written");
    }
    let said = Bidui::new("test").arg(policies.file("other")).go().ended(0);
    assert!(said.stdout.contains(" 0 failed"), "{}", said.stdout);
}

/// That nothing failed of nothing that was tried would look like success.
#[test]
fn a_part_of_an_id_that_nothing_has_is_a_fault() {
    let tried = |pipeline: &str, part: &str| {
        let said = Bidui::new("test").arg(root().join(pipeline)).args(&["--rule", part]);
        said.go().ended(2).stderr
    };
    let typo = tried("pipelines/gansu", "TRT5");
    assert!(typo.contains("`TRT5`") && typo.contains("did you mean `TRT05`?"), "{typo}");
    let small = tried("pipelines/gansu", "ins01");
    assert!(small.contains("did you mean `INS01`?"), "{small}");
    let off = tried("pipelines/henan", "FEE02");
    assert!(off.contains("FEE02 is switched off: "), "{off}");
}

/// That as many are left out as are named says little: it may be others.
#[test]
fn who_is_not_applicable_is_tried_by_name() {
    let policies = Policies::new();
    let test = "basic-medical/rules/INS01.test.yaml";
    policies.edit(test, "not_applicable: [\"3\", ", "not_applicable: [\"2\", ");
    let said = Bidui::new("test").arg(policies.gansu()).args(&["--rule", "INS01"]).go().ended(1);
    let told = "INS01 applies to 1 of those in not_applicable";
    assert!(said.stdout.contains(told), "{}", said.stdout);
}

/// What was found is what was planted, rule by rule, nothing else and nothing less.
#[test]
fn found_is_planted() {
    let truth = shared().input.join("truth");
    let said = Bidui::new("truth").arg(gansu()).arg("--lake").arg(&shared().lake);
    let said = said.arg("--truth").arg(truth).arg("--list").go().ended(0);
    assert!(said.stdout.contains(" 0 differ"), "{}", said.stdout);
}

/// A rule that differs in a waiver alone says about whom.
#[test]
fn waivers_are_held_against_the_truth_by_subject() {
    let home = temp();
    let path = shared().input.join("truth/plants.csv");
    let plants = std::fs::read_to_string(path).expect("the truth");
    // There from the first night on, and never gone.
    let first = plants.lines().skip(1).find(|line| line.ends_with(",,false")).expect("a plant");
    let other = first.replace(",,false", ",,true");
    std::fs::write(home.path().join("plants.csv"), plants.replace(first, &other)).expect("written");
    let said = Bidui::new("truth").arg(gansu()).arg("--lake").arg(&shared().lake);
    let said = said.arg("--truth").arg(home.path()).arg("--list").go().ended(1);
    let rule = first.split(',').next().expect("a rule");
    assert!(said.stdout.contains(&format!("\n{rule} waiver differs ")), "{}", said.stdout);
    assert!(said.stdout.contains(" 1 differ"), "{}", said.stdout);
}

/// The shared world plants something for most rules, or the test above says little.
#[test]
fn most_rules_have_something_to_find() {
    let rules = list(shared().last(), "rules");
    let found = rules.iter().filter(|r| r["violated"].as_u64() > Some(0)).count();
    assert!(found * 2 > rules.len(), "{found} of {} rules", rules.len());
}

//! What a night would make as the night before made it is taken over, and nobody sees a difference.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{copy, current, file_like, gansu, run, temp, tiny, tiny_lake, tree};

const CLAIMS: &str = "views/claim.parquet";
const LINKS: &str = "identity/link.parquet";

/// The nights of the smaller world and one that follows them.
struct World {
    _home: tempfile::TempDir,
    before: PathBuf,
    night: PathBuf,
}

impl World {
    /// `change` may change the folder of the night before and the one for the night's extracts.
    fn after(date: &str, change: impl Fn(&Path, &Path)) -> Self {
        let home = temp();
        let (input, lake) = (home.path().join("input"), home.path().join("lake"));
        copy(tiny(), &input);
        copy(tiny_lake(), &lake);
        let (before, folder) = (current(&lake), input.join(date));
        std::fs::create_dir_all(&folder).expect("a folder");
        change(&before, &folder);
        run(&gansu(), &input, &lake).args(&["--date", date, "--only"]).go().ended(0);
        let night = current(&lake);
        assert_ne!(night, before);
        Self { _home: home, before, night }
    }

    /// A night of which nothing is taken over.
    fn anew(date: &str) -> Self {
        Self::after(date, |before, _| {
            std::fs::remove_file(before.join("marks.json")).expect("marks");
        })
    }

    /// Is a file of the night the very one of the night before?
    fn took(&self, name: &str) -> bool {
        let [old, new] = [&self.before, &self.night]
            .map(|night| night.join(name).metadata().expect("a file of both nights").ino());
        old == new
    }
}

#[test]
fn a_night_without_news_takes_over_what_would_be_the_same() {
    let (kept, anew) = (World::after("2026-11-12", |_, _| ()), World::anew("2026-11-12"));
    assert!(kept.took(CLAIMS) && kept.took(LINKS));
    assert!(!anew.took(CLAIMS) && !anew.took(LINKS));
    // Another day, other ages.
    assert!(!kept.took("views/person.parquet"));
    assert_eq!(tree(&kept.night), tree(&anew.night));
}

#[test]
fn what_hangs_on_the_year_is_built_anew_in_the_next() {
    let (world, anew) = (World::after("2027-01-01", |_, _| ()), World::anew("2027-01-01"));
    assert!(!world.took(CLAIMS) && world.took(LINKS));
    assert_eq!(tree(&world.night), tree(&anew.night));
}

#[test]
fn what_others_changed_is_built_anew() {
    let world = World::after("2026-11-12", |_, folder| {
        let old = file_like(&tiny().join("2026-11-11"), "家庭医生签约_");
        let text = std::fs::read(&old).expect("an extract");
        let rows: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let less = rows[..rows.len() - 1].concat();
        std::fs::write(folder.join(old.file_name().expect("a name")), less).expect("written");
    });
    // Contracts name persons, but no bill rests on them.
    assert!(world.took(CLAIMS) && !world.took(LINKS));
}

#[test]
fn a_night_that_is_run_again_takes_over_what_no_new_row_touches() {
    const DAY: &str = "2026-11-11";
    // A correction of one feed comes after breakfast: its last row once more.
    let correct = |feed: &str, folder: &Path| {
        let old = file_like(&tiny().join(DAY), feed);
        let mut text = std::fs::read(&old).expect("an extract");
        let last = text.split_inclusive(|byte| *byte == b'\n').next_back().expect("a row").to_vec();
        text.extend(last);
        std::fs::write(folder.join(old.file_name().expect("a name")), text).expect("written");
    };
    let person = "views/person.parquet";
    let household = "views/household.parquet";
    for (feed, taken, built) in [
        ("对口帮扶协议_", &[person, household][..], "views/facility.parquet"),
        ("健康帮扶措施_", &[person], household),
    ] {
        let again = World::after(DAY, |_, folder| correct(feed, folder));
        let anew = World::after(DAY, |before, folder| {
            std::fs::remove_file(before.join("marks.json")).expect("marks");
            correct(feed, folder);
        });
        assert!(taken.iter().all(|view| again.took(view) && !anew.took(view)), "{feed}");
        assert!(!again.took(built), "{feed}");
        assert_eq!(tree(&again.night), tree(&anew.night), "{feed}");
    }
}

#[test]
fn what_was_damaged_since_is_not_taken_over() {
    let spoil = |name: &'static str| {
        World::after("2026-11-12", move |before, _| {
            let path = before.join(name);
            let mut bytes = std::fs::read(&path).expect("a file");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(path, bytes).expect("written");
        })
    };
    let sound = World::anew("2026-11-12");
    for name in [CLAIMS, LINKS, "marks.json"] {
        let world = spoil(name);
        assert!(!world.took(name));
        let (mut own, mut other) = (tree(&world.night), tree(&sound.night));
        // A night tells the hash of the list of files before it, not what became of these files.
        assert_eq!(own.remove("manifest.json"), other.remove("manifest.json"), "{name}");
        assert_eq!(own, other, "{name}");
    }
}

/// How rows were linked is counted in the summary of the night that linked them.
#[test]
fn counts_that_were_damaged_since_are_not_taken_over() {
    let world = World::after("2026-11-12", |before, _| {
        let path = before.join("summary.json");
        let text = std::fs::read(&path).expect("a summary");
        let mut summary: Value = serde_json::from_slice(&text).expect("JSON");
        let tables = summary["identity_steps"].as_object_mut().expect("tables");
        let count =
            tables.values_mut().find_map(|steps| steps.as_object_mut()?.values_mut().next());
        let count = count.expect("a step");
        *count = (count.as_u64().expect("rows") + 1).into();
        std::fs::write(path, summary.to_string()).expect("written");
    });
    assert!(!world.took(LINKS));
}

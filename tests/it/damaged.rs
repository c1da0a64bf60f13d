//! R20: a night reads nothing of the lake that is not what was written. It names the file, says what to
//! do, and leaves all that is published as it is.

use std::path::{Path, PathBuf};

use bidui::lake::names_in;
use bidui::ledger::store::{Store, file_address};

use crate::mini::{Mini, NIGHTS, mini};
use crate::support::{Bidui, Said, copy, current, file_like, run, temp, text, tree};

/// The small world in a folder of its own.
struct World(tempfile::TempDir);

impl World {
    /// The first of its nights are run.
    fn new(nights: usize) -> Self {
        let world = Self(temp());
        let Mini { pipeline, input } = mini();
        copy(pipeline, &world.path("pipeline"));
        copy(input, &world.path("input"));
        for date in &NIGHTS[..nights] {
            world.night(date).ended(0);
        }
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn night(&self, date: &str) -> Said {
        let [pipeline, input, lake] = ["pipeline", "input", "lake"].map(|name| self.path(name));
        run(&pipeline, &input, &lake).args(&["--date", date, "--only"]).go()
    }

    /// The one delivery of a feed.
    fn delivery(&self, feed: &str) -> PathBuf {
        file_like(&self.path("lake/deliveries").join(feed), "2026")
    }

    /// Runs a night that must not be published, for this file.
    fn is_refused(&self, date: &str, file: &Path, next: &str) {
        let nights = tree(&self.path("lake/nights"));
        let before = current(&self.path("lake"));
        let said = self.night(date).ended(3);
        let file = file.strip_prefix(self.path("lake")).expect("a file of the lake").display();
        for part in [&*format!("{file} is not what was written"), "bidui verify", "backup", next] {
            assert!(said.stderr.contains(part), "{part} in {}", said.stderr);
        }
        assert_eq!(current(&self.path("lake")), before);
        assert_eq!(tree(&self.path("lake/nights")), nights);
    }
}

/// Another byte, in a file that says as much as before to whoever does not hold it to its hash.
fn spoil(file: &Path) -> Vec<u8> {
    let sound = std::fs::read(file).expect("a file");
    let mut bytes = sound.clone();
    if file.extension().is_some_and(|end| end == "json") {
        bytes.push(b' ');
    } else {
        let at = bytes.len() / 3;
        bytes[at] ^= 1;
    }
    std::fs::write(file, bytes).expect("written");
    sound
}

#[test]
fn a_damaged_delivery_is_not_read() {
    let world = World::new(1);
    let [residents, payments] = ["resident", "payment"].map(|feed| world.delivery(feed));
    let files = ["rows.parquet", "receipt.json"].map(|name| residents.join(name));
    for file in files.iter().chain([&payments.join("rejects.parquet")]) {
        let sound = spoil(file);
        world.is_refused(NIGHTS[1], file, "inbox");
        std::fs::write(file, sound).expect("written");
    }
    // One that is gone, or that nobody can vouch for.
    for name in ["rejects.parquet", "manifest.json"] {
        let file = residents.join(name);
        let sound = std::fs::read(&file).expect("a file");
        std::fs::remove_file(&file).expect("removed");
        world.is_refused(NIGHTS[1], &file, "inbox");
        std::fs::write(&file, sound).expect("written");
    }
    // What is said is what helps: the extract lies in the inbox.
    spoil(&residents.join("rows.parquet"));
    std::fs::remove_dir_all(&residents).expect("removed");
    world.night(NIGHTS[1]).ended(0);
    let sound = World::new(2);
    let [own, other] = [&world, &sound].map(|world| tree(&current(&world.path("lake"))));
    assert_eq!(own, other);
    let verify = Bidui::new("verify").arg(world.path("pipeline"));
    verify.arg("--lake").arg(world.path("lake")).go().ended(0);
}

#[test]
fn the_memory_of_a_damaged_night_is_not_trusted() {
    let world = World::new(1);
    let before = current(&world.path("lake"));
    let next = format!("--date {} --only", NIGHTS[0]);
    for name in ["memory.parquet", "history.parquet", "identity/known.parquet"] {
        let file = before.join(name);
        let sound = spoil(&file);
        world.is_refused(NIGHTS[1], &lake_path(&world, &before, name), &next);
        std::fs::remove_file(&file).expect("removed");
        // A history that is not there would be one that never was.
        world.is_refused(NIGHTS[1], &lake_path(&world, &before, name), &next);
        std::fs::write(&file, sound).expect("written");
    }
    spoil(&before.join("memory.parquet"));
    std::fs::remove_dir_all(&before).expect("removed");
    world.night(NIGHTS[0]).ended(0);
    world.night(NIGHTS[1]).ended(0);
}

/// As a kill leaves it between the night's place and the ledger: what the ledger records it never loses.
#[test]
fn the_acts_of_a_night_that_was_killed_are_what_was_written() {
    let world = World::new(1);
    let lake = world.path("lake");
    let night = current(&lake);
    std::fs::remove_file(lake.join("current")).expect("removed");
    for name in names_in(&lake).iter().filter(|name| name.starts_with("ledger.sqlite")) {
        std::fs::remove_file(lake.join(name)).expect("removed");
    }
    let acts = night.join("acts.ndjson");
    let sound = std::fs::read_to_string(&acts).expect("acts");
    let (_, rest) = sound.split_once('\n').expect("the first night opens cases");
    std::fs::write(&acts, rest).expect("written");
    let said = world.night(NIGHTS[0]).ended(3);
    for part in
        ["acts.ndjson is not what was written", "bidui verify", "remove that night's folder"]
    {
        assert!(said.stderr.contains(part), "{part} in {}", said.stderr);
    }
    let store = Store::open_existing(&file_address(&lake.join("ledger.sqlite")));
    let store = store.expect("a ledger");
    assert!(store.nights().expect("nights").is_empty() && !lake.join("current").is_symlink());
    drop(store);
    // What is said is what helps.
    std::fs::remove_dir_all(&night).expect("removed");
    world.night(NIGHTS[0]).ended(0);
    assert_eq!(current(&lake), night);
    assert_eq!(std::fs::read_to_string(&acts).expect("acts"), sound);
    // Those of a night that is recorded are nobody's to read.
    std::fs::write(&acts, rest).expect("written");
    world.night(NIGHTS[0]).ended(0);
}

/// A file of a night by the name of the lake that was given.
fn lake_path(world: &World, night: &Path, name: &str) -> PathBuf {
    world.path("lake/nights").join(night.file_name().expect("a name")).join(name)
}

/// Under another contract the copies that the lake kept are read again.
#[test]
fn a_damaged_copy_of_an_extract_is_not_read_again() {
    let world = World::new(1);
    let day = NIGHTS[0].replace('-', "");
    let name = format!("缴费_{day}.csv");
    std::fs::remove_file(world.path("input").join(NIGHTS[0]).join(&name)).expect("removed");
    let feed = world.path("pipeline/feeds/payment.yaml");
    let contract = std::fs::read_to_string(&feed).expect("a feed");
    std::fs::write(&feed, format!("{contract}# another contract\n")).expect("written");
    let delivery = world.delivery("payment");
    let copied = delivery.join("raw").join(&name);
    let sound = std::fs::read(&copied).expect("a copy");
    let more = [&sound[..], "P99,,测试丙,1.00\n".as_bytes()].concat();
    std::fs::write(&copied, more).expect("written");
    let said = world.night(NIGHTS[1]).ended(3);
    let id = delivery.file_name().expect("a name").to_string_lossy().into_owned();
    for part in ["copy of an extract", id.as_str(), "is not what was written", "bidui verify"] {
        assert!(said.stderr.contains(part), "{part} in {}", said.stderr);
    }
    std::fs::write(&copied, sound).expect("written");
    let said = world.night(NIGHTS[1]).ended(0).json();
    assert_eq!(text(&said[0], "date"), NIGHTS[1]);
}

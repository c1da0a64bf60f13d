//! Nights that are run again: of one date the night that was published last counts, not the one with
//! the largest hash, and it does not lose what it was built on.

use std::path::{Path, PathBuf};

use bidui::ledger::chain::Head;
use bidui::ledger::store::{NightRecord, Store, file_address};
use serde_json::Value;

use crate::mini::{Mini, NIGHTS, mini};
use crate::support::{Bidui, copy, current, gansu, list, run, temp, text, tiny, tiny_lake, tree};

/// The small world in a folder of its own, where extracts are corrected.
struct World {
    home: tempfile::TempDir,
    corrections: u32,
}

impl World {
    fn new() -> Self {
        let home = temp();
        let Mini { pipeline, input } = mini();
        copy(pipeline, &home.path().join("pipeline"));
        copy(input, &home.path().join("input"));
        Self { home, corrections: 0 }
    }

    /// A first night that was corrected five times, all of which are kept, and a second one; the last of
    /// either.
    fn often_corrected() -> (Self, [String; 2]) {
        let mut world = Self::new();
        let file = world.path("pipeline/pipeline.yaml");
        let yaml = std::fs::read_to_string(&file).expect("a pipeline");
        std::fs::write(file, yaml.replace("{nights: 2}", "{nights: 40}")).expect("written");
        world.night(NIGHTS[0]);
        let first = (0..5).map(|_| world.corrected(NIGHTS[0])).last().expect("corrected");
        let second = world.night(NIGHTS[1]);
        (world, [first, second])
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Runs one night; its name.
    fn night(&self, date: &str) -> String {
        let [pipeline, input, lake] = ["pipeline", "input", "lake"].map(|name| self.path(name));
        let said = run(&pipeline, &input, &lake).args(&["--date", date, "--only"]).go().ended(0);
        text(&said.json()[0], "night").to_owned()
    }

    /// Corrects an extract of a night, each time to something else, and runs the night.
    fn corrected(&mut self, date: &str) -> String {
        self.corrections += 1;
        let file = format!("input/{date}/缴费_{}.csv", date.replace('-', ""));
        let path = self.path(&file);
        let text = std::fs::read_to_string(&path).expect("an extract");
        let more = format!("{text}C{},,测试丙,{}.00\n", self.corrections, self.corrections);
        std::fs::write(path, more).expect("written");
        self.night(date)
    }

    fn current(&self) -> String {
        name(&current(&self.path("lake")))
    }

    fn has(&self, night: &str) -> bool {
        self.path("lake/nights").join(night).is_dir()
    }

    fn summary(&self, night: &str) -> Value {
        let path = self.path("lake/nights").join(night).join("summary.json");
        serde_json::from_str(&std::fs::read_to_string(path).expect("a summary")).expect("JSON")
    }
}

fn name(folder: &Path) -> String {
    folder.file_name().expect("a name").to_string_lossy().into_owned()
}

#[test]
fn nights_of_one_date_do_not_push_out_the_night_before() {
    let mut world = World::new();
    let before = world.night(NIGHTS[0]);
    let mut last = world.night(NIGHTS[1]);
    // The pipeline keeps two nights. There is room for these only because one takes another's place.
    for _ in 0..4 {
        let corrected = world.corrected(NIGHTS[1]);
        assert_ne!(corrected, last);
        assert_eq!(text(&world.summary(&corrected), "last_night"), before);
        assert!(world.has(&before) && !world.has(&last), "{last} was corrected, {before} counts");
        last = corrected;
    }
    assert_eq!(world.night(NIGHTS[1]), last, "a run without news changes nothing");
}

/// What is used stays as it was; that the correction was refused has to be said all the same.
#[test]
fn a_correction_that_is_refused_is_told_by_a_night_of_its_own() {
    let world = World::new();
    world.night(NIGHTS[0]);
    let before = world.night(NIGHTS[1]);
    let found = world.summary(&before)["rules"].clone();
    let extract = world.path("input/2026-11-11/缴费_20261111.csv");
    std::fs::write(extract, "单号\nP1\n").expect("written");
    let after = world.night(NIGHTS[1]);
    assert_ne!(after, before, "the run did not say that nothing changed");
    assert_eq!(world.current(), after);
    let summary = world.summary(&after);
    let refused = |d: &&Value| text(d, "verdict") == "refused" && text(d, "feed") == "payment";
    assert_eq!(list(&summary, "deliveries").iter().filter(refused).count(), 1);
    assert_eq!(summary["rules"], found);
    assert_eq!(world.night(NIGHTS[1]), after, "it is said once");
}

/// A correction under a wrong name changes nothing, and who sent it has to hear why.
#[test]
fn a_file_that_no_feed_knows_is_told_by_a_night_of_its_own() {
    let world = World::new();
    let before = world.night(NIGHTS[0]);
    let name = "缴费更正.csv";
    std::fs::write(world.path("input/2026-11-10").join(name), "单号\n").expect("written");
    let after = world.night(NIGHTS[0]);
    assert_ne!(after, before, "the run did not say that nothing changed");
    assert_eq!(world.summary(&after)["unknown_files"], serde_json::json!([name]));
    assert_eq!(world.summary(&after)["rules"], world.summary(&before)["rules"]);
    assert_eq!(world.night(NIGHTS[0]), after, "it is said once");
    // Nor does any night take in what lies beside their folders.
    std::fs::write(world.path("input/缴费_20261110.csv"), "单号\n").expect("written");
    let beside = world.night(NIGHTS[0]);
    let unknown = serde_json::json!(["缴费_20261110.csv", name]);
    assert_eq!(world.summary(&beside)["unknown_files"], unknown);
}

/// Many times, since a hash would be right half of the time.
#[test]
fn a_night_stands_on_the_one_that_was_published_last() {
    let (mut world, [first, second]) = World::often_corrected();
    assert_eq!(text(&world.summary(&second), "last_night"), first);
    assert_eq!(world.night(NIGHTS[1]), second, "a run without news is the same night");
    for _ in 0..5 {
        // A night of the past that is run again is nobody's night before.
        let past = world.corrected(NIGHTS[0]);
        assert!(world.has(&past), "it is there to be looked at");
        assert_eq!(world.current(), second);
    }
    let third = world.night(NIGHTS[2]);
    assert_eq!(text(&world.summary(&third), "last_night"), second);
    let corrected = world.corrected(NIGHTS[1]);
    assert_eq!(text(&world.summary(&corrected), "last_night"), first);
}

/// A damaged night may be removed and run again (docs/schedules.md): `current` leads nowhere then.
#[test]
fn a_night_that_was_removed_is_built_on_the_night_that_it_was_built_on() {
    let (world, [first, second]) = World::often_corrected();
    // What is not there has not found nothing, for those who look at it meanwhile.
    for lost in [format!("{second}/anomalies"), second] {
        std::fs::remove_dir_all(world.path("lake/nights").join(lost)).expect("removed");
        let show = Bidui::new("show").arg("anomalies").arg(world.path("pipeline"));
        let said = show.arg("--lake").arg(world.path("lake")).go().ended(3);
        assert!(said.stderr.contains("is not there"), "{}", said.stderr);
    }
    let again = world.night(NIGHTS[1]);
    assert_eq!(text(&world.summary(&again), "last_night"), first);
    assert_eq!(world.current(), again);
}

/// Killed between the ledger and the pointer: a night of the past that is run first must not take what
/// the ledger knows out of the lake, where the pipeline keeps two nights.
#[test]
fn the_night_that_the_ledger_recorded_last_is_kept() {
    let world = World::new();
    let [first, second, third] = NIGHTS.map(|date| world.night(date));
    assert!(!world.has(&first) && world.has(&second));
    let current = world.path("lake/current");
    std::fs::remove_file(&current).expect("removed");
    std::os::unix::fs::symlink(Path::new("nights").join(&second), &current).expect("a link");
    assert_eq!(world.night(NIGHTS[0]), first);
    assert!(world.has(&third), "it is published when its date is run again");
    assert_eq!(world.night(NIGHTS[2]), third);
    assert!(world.current() == third && !world.has(&first));
}

/// Nights that do nothing to cases leave no trace in the chain, and are nights all the same.
#[test]
fn a_night_of_the_past_writes_no_acts_though_later_nights_made_none() {
    let mut world = World::new();
    for night in NIGHTS {
        let pay = night.replace('-', "");
        std::fs::remove_file(world.path(&format!("input/{night}/缴费_{pay}.csv"))).expect("gone");
    }
    // One extract of payments: all nights find the same.
    let pay = "单号,号码,姓名,金额\nP1,,测试丙,380.00\n";
    std::fs::write(world.path("input/2026-11-10/缴费_20261110.csv"), pay).expect("written");
    let register = world.path("input/2026-11-12/人口_20261112.csv");
    std::fs::remove_file(register).expect("gone");
    for night in NIGHTS {
        world.night(night);
    }
    let ledger = file_address(&world.path("lake/ledger.sqlite"));
    let head = || Store::open_existing(&ledger).and_then(|store| store.head()).expect("a ledger");
    let before = head();
    assert!(before.seq > 0, "the first night opens cases");
    let past = world.corrected(NIGHTS[0]);
    assert_eq!(world.summary(&past)["cases"]["past"], true);
    assert_eq!(head(), before);
}

/// Under another secret all persons would be others: nothing is found again, and every case ends.
#[test]
fn a_lake_of_another_secret_is_left_alone() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(tiny_lake(), &lake);
    let before = tree(&lake.join("nights"));
    let (pipeline, lake_of) = (gansu(), lake.as_os_str());
    let night = run(&pipeline, tiny(), &lake).args(&["--date", "2026-11-12"]);
    let list =
        Bidui::new("case").args(&["list", "--pipeline"]).arg(&pipeline).arg("--lake").arg(lake_of);
    for call in [night, list] {
        let said = call.env("BIDUI_SECRET", "another secret").go().ended(2);
        assert!(said.stderr.contains("was made with another secret"), "{}", said.stderr);
        assert!(said.stderr.contains("identity.secret"), "it says what to do: {}", said.stderr);
    }
    assert_eq!(tree(&lake.join("nights")), before);
}

/// The end of a ledger and the nights that it recorded.
fn known(address: &str) -> (Head, Vec<NightRecord>) {
    let store = Store::open_existing(address).expect("a ledger");
    (store.head().expect("an end"), store.nights().expect("nights"))
}

/// A lake that is made anew does not know its secret, but the ledger beside it does. A pipeline that was
/// only tried out must not end the cases of another either.
#[test]
fn a_ledger_of_another_secret_is_left_alone() {
    let world = World::new();
    world.night(NIGHTS[0]);
    let address = file_address(&world.path("lake/ledger.sqlite"));
    let told = || known(&address);
    let before = told();
    assert!(before.0.seq > 0, "the first night opens cases");
    let other = world.path("other");
    copy(&world.path("pipeline"), &other);
    let file = other.join("pipeline.yaml");
    let yaml = std::fs::read_to_string(&file).expect("a pipeline");
    assert!(yaml.contains("demo secret"), "{yaml}");
    std::fs::write(file, yaml.replace("demo secret", "another secret")).expect("written");
    let (input, lake) = (world.path("input"), world.path("other-lake"));
    let night = |pipeline: &Path| {
        let night = run(pipeline, &input, &lake).args(&["--date", NIGHTS[0], "--only"]);
        night.env("BIDUI_LEDGER", &address).go()
    };
    let said = night(&other).ended(2);
    assert!(said.stderr.contains("was made with another secret"), "{}", said.stderr);
    assert_eq!(told(), before);
    assert!(!lake.join("deliveries").exists(), "nothing is taken in");
}

/// A lake that is made to try something out has the same secret; its nights must not end the cases of
/// another.
#[test]
fn a_ledger_of_another_lake_is_left_alone() {
    let world = World::new();
    world.night(NIGHTS[0]);
    let address = file_address(&world.path("lake/ledger.sqlite"));
    let told = || known(&address);
    let before = told();
    let [pipeline, input, lake] = ["pipeline", "input", "other-lake"].map(|name| world.path(name));
    let night = |date: &str| {
        let night = run(&pipeline, &input, &lake).args(&["--date", date, "--only"]);
        night.env("BIDUI_LEDGER", &address).go()
    };
    let list = || {
        let list = Bidui::new("case").args(&["list", "--pipeline"]).arg(&pipeline);
        list.arg("--lake").arg(&lake).env("BIDUI_LEDGER", &address).go()
    };
    let id = std::fs::read_to_string(world.path("lake/id")).expect("an id");
    let takes = format!("`echo {} > {}/id`", id.trim(), lake.display());
    for date in NIGHTS {
        let said = night(date).ended(2);
        for part in ["the nights of another lake", "is BIDUI_LEDGER that of", takes.as_str()] {
            assert!(said.stderr.contains(part), "{part} in {}", said.stderr);
        }
    }
    assert_eq!(told(), before);
    assert!(!lake.join("deliveries").exists(), "nothing is taken in");
    // What is said is what helps: the lake is built again.
    std::fs::write(lake.join("id"), &id).expect("written");
    night(NIGHTS[0]).ended(0);
    list().ended(0);
    assert_eq!(told().0, before.0);
    // Nor are its cases those of a lake that has its own.
    std::fs::write(lake.join("id"), "another\n").expect("written");
    list().ended(2);
    night(NIGHTS[1]).ended(2);
    assert_eq!(told().0, before.0);
}

/// As after an older program, or where only the ledger in it was put back.
#[test]
fn a_lake_without_an_id_takes_that_of_the_ledger_in_it() {
    let world = World::new();
    world.night(NIGHTS[0]);
    let file = world.path("lake/id");
    let id = std::fs::read_to_string(&file).expect("an id");
    std::fs::remove_file(&file).expect("removed");
    world.night(NIGHTS[1]);
    assert_eq!(std::fs::read_to_string(&file).expect("an id"), id);
    let other = World::new();
    other.night(NIGHTS[0]);
    assert_ne!(std::fs::read_to_string(other.path("lake/id")).expect("an id"), id);
}

/// As where a script forgets to say where the ledger is: all cases would be opened anew.
#[test]
fn a_ledger_that_lost_what_the_night_knows_is_refused() {
    let world = World::new();
    let first = world.night(NIGHTS[0]);
    let [pipeline, input, lake, none] =
        ["pipeline", "input", "lake", "none.sqlite"].map(|name| world.path(name));
    let address = file_address(&none);
    let night = run(&pipeline, &input, &lake).args(&["--date", NIGHTS[1]]);
    let said = night.env("BIDUI_LEDGER", &address).go().ended(2);
    for part in ["no event in the ledger", first.as_str(), "BIDUI_LEDGER"] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
    assert!(!none.exists() && world.current() == first);
    // Neither is an empty one shown.
    drop(Store::open(&address).expect("a ledger"));
    let list = Bidui::new("case").args(&["list", "--pipeline"]).arg(&pipeline);
    let list = list.arg("--lake").arg(&lake).env("BIDUI_LEDGER", &address);
    list.go().ended(2);
    world.night(NIGHTS[1]);
}

/// R19: as where a backup of another day was put back. What would be written on it could never be
/// joined with what was lost.
#[test]
fn a_ledger_that_is_older_than_the_night_is_refused() {
    let world = World::new();
    let [pipeline, input, lake] = ["pipeline", "input", "lake"].map(|name| world.path(name));
    let (ledger, older, newest) =
        (lake.join("ledger.sqlite"), world.path("older.sqlite"), world.path("newest.sqlite"));
    let end = || Store::open_existing(&file_address(&ledger)).and_then(|store| store.head());
    let first = world.night(NIGHTS[0]);
    let before = end().expect("a ledger").seq;
    std::fs::copy(&ledger, &older).expect("a backup");
    let second = world.night(NIGHTS[1]);
    assert!(before > 0 && end().expect("a ledger").seq > before, "both nights act");
    std::fs::copy(&ledger, &newest).expect("a backup");
    let put_back = |backup: &Path| _ = std::fs::copy(backup, &ledger).expect("put back");
    let night = || run(&pipeline, &input, &lake).args(&["--date", NIGHTS[2], "--only"]).go();
    let list = || {
        let list = Bidui::new("case").args(&["list", "--pipeline"]).arg(&pipeline);
        list.arg("--lake").arg(&lake).go()
    };
    put_back(&older);
    for said in [night().ended(2), list().ended(2)] {
        for part in [second.as_str(), "newest backup", &format!("nights/{first} current")] {
            assert!(said.stderr.contains(part), "{part} in {}", said.stderr);
        }
    }
    assert_eq!(world.current(), second);
    // What is said is what helps: the newest one, or a night that the older one knows.
    put_back(&newest);
    list().ended(0);
    put_back(&older);
    std::fs::remove_file(lake.join("current")).expect("a link");
    std::os::unix::fs::symlink(Path::new("nights").join(&first), lake.join("current"))
        .expect("a link");
    let said = night().ended(0).json();
    assert_eq!(said[0]["last_night"], first);
}

/// The pipeline keeps two nights; the second cannot be as it was without the first.
#[test]
fn a_night_that_has_lost_the_night_before_it_is_not_run_again() {
    let world = World::new();
    let nights = NIGHTS.map(|date| world.night(date));
    assert!(!world.has(&nights[0]) && world.has(&nights[1]));
    let [pipeline, input, lake] = ["pipeline", "input", "lake"].map(|name| world.path(name));
    let said = run(&pipeline, &input, &lake).args(&["--date", NIGHTS[1], "--only"]).go().ended(2);
    for part in ["the night before 2026-11-11 is no longer kept", "retention"] {
        assert!(said.stderr.contains(part), "{}", said.stderr);
    }
    assert_eq!(world.current(), nights[2]);
    // There never was a night before the first one.
    let first = world.night(NIGHTS[0]);
    assert_eq!(world.summary(&first)["last_night"], Value::Null);
    // And now the second one has one again.
    world.night(NIGHTS[1]);
}

/// In the sixth row of a list, which the engine's own words for its plan leave out.
#[test]
fn a_view_that_hides_the_nights_date_in_a_list_is_built_anew() {
    let view = r"/*---
title: {zh: 地方, en: Place}
subject: village_code
division: village_code
---*/
SELECT r.village_code, count(*) AS people, max(d.told) AS latest
FROM resident r CROSS JOIN (VALUES
  (DATE '2001-01-01'), (DATE '2001-01-02'), (DATE '2001-01-03'), (DATE '2001-01-04'), (DATE '2001-01-05'),
  (asof())) AS d(told)
GROUP BY r.village_code
";
    // The second night brings no residents.
    let views = [false, true].map(|anew| {
        let world = World::new();
        std::fs::write(world.path("pipeline/views/place.sql"), view).expect("written");
        let first = world.night(NIGHTS[0]);
        let folder = world.path("lake/nights").join(first);
        if anew {
            std::fs::remove_file(folder.join("marks.json")).expect("marks");
        }
        world.night(NIGHTS[1]);
        let read = |night: &Path| std::fs::read(night.join("views/place.parquet")).expect("a view");
        assert_ne!(read(&folder), read(&current(&world.path("lake"))), "another day");
        read(&current(&world.path("lake")))
    });
    assert_eq!(views[0], views[1]);
}

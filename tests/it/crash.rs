//! Killed at any moment, the published night stays whole and the next run ends with the same bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use bidui::ledger::store::{Store, file_address};
use serde_json::Value;

use crate::mini::{NIGHTS, mini};
use crate::support::{
    Bidui, copy, current, gansu, list, run, scratch, temp, text, tiny, tiny_lake, tree,
};

const SIGABRT: i32 = 6;

/// Holds a night against the hashes of its own manifest.
fn verify(night: &Path) {
    let text_of = std::fs::read_to_string(night.join("manifest.json")).expect("a manifest");
    let manifest: Value = serde_json::from_str(&text_of).expect("the manifest is JSON");
    let mut files = tree(night);
    files.remove("manifest.json").expect("the manifest is a file");
    let entry = |f: &Value| (text(f, "path").to_owned(), text(f, "blake3").to_owned());
    let listed: BTreeMap<String, String> = list(&manifest, "files").iter().map(entry).collect();
    assert_eq!(listed, files, "{}", night.display());
}

/// What must be the same after any crash: the nights, the deliveries, the ledger, and nothing else.
fn outcome(lake: &Path) -> BTreeMap<String, String> {
    let mut files = tree(lake);
    files.remove("lock");
    // It is made by chance, so that two lakes of the same extracts are two.
    files.remove("id").expect("a lake that has recorded a night has an id");
    // The ledger's file says when it was made; what counts is what stands in it, and that it is whole.
    files.retain(|path, _| !path.starts_with("ledger.sqlite"));
    let ledger = Store::open_existing(&file_address(&lake.join("ledger.sqlite")));
    let ledger = ledger.expect("a ledger");
    assert_eq!(ledger.verify(&[]).expect("it reads"), None);
    let said = format!("{:?}, {:?}", ledger.head(), ledger.nights());
    files.insert("the ledger".into(), said);
    let current = std::fs::read_link(lake.join("current")).expect("a published night");
    files.insert("current".into(), current.display().to_string());
    files
}

/// Nights that the ledger of a lake has recorded, read from a copy: whoever opens a ledger tidies up
/// after a kill, and that is for the next run to do.
fn recorded(lake: &Path) -> BTreeSet<String> {
    let aside = quick_temp();
    for name in bidui::lake::names_in(lake).iter().filter(|n| n.starts_with("ledger.sqlite")) {
        std::fs::copy(lake.join(name), aside.path().join(name)).expect("a copy");
    }
    let ledger = Store::open_existing(&file_address(&aside.path().join("ledger.sqlite")));
    let nights = ledger.and_then(|ledger| ledger.nights()).expect("a ledger");
    nights.into_iter().map(|record| record.night).collect()
}

/// A folder for lakes that are killed. A kill loses nothing that was written, so a folder in memory
/// shows as much as one on disk, and does not wait for the disk at each sync.
fn quick_temp() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let home = if memory.is_dir() { memory } else { scratch() };
    tempfile::Builder::new().prefix("bidui-").tempdir_in(home).expect("a folder")
}

/// Nights that are run again and again, and what they end with when nobody disturbs them.
struct World {
    pipeline: PathBuf,
    input: PathBuf,
    outcome: BTreeMap<String, String>,
    /// Every night that is published on the way, with the hash of its manifest.
    nights: BTreeMap<String, String>,
}

impl World {
    /// Runs the nights one by one.
    fn new(pipeline: &Path, input: &Path, dates: &[&str]) -> Self {
        let home = quick_temp();
        let lake = home.path().join("lake");
        let mut nights = BTreeMap::new();
        for date in dates {
            run(pipeline, input, &lake).args(&["--date", date]).go().ended(0);
            nights.extend([published(&lake)]);
        }
        assert_eq!(nights.len(), dates.len(), "every date is a night of its own");
        let (pipeline, input) = (pipeline.to_owned(), input.to_owned());
        Self { pipeline, input, outcome: outcome(&lake), nights }
    }

    fn mini() -> Self {
        Self::new(&mini().pipeline, &mini().input, &NIGHTS)
    }

    fn gansu() -> Self {
        Self::new(&gansu(), tiny(), &NIGHTS[..2])
    }

    fn run(&self, lake: &Path, threads: u64) -> Bidui {
        run(&self.pipeline, &self.input, lake).args(&["--threads", &threads.to_string()])
    }

    /// Runs where no file may have more than so many blocks: to whoever writes, the disk is full there.
    fn run_with_room(&self, lake: &Path, blocks: u32) -> Output {
        let (script, blocks) = ("trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", blocks.to_string());
        let mut shell = Command::new("sh");
        shell.env_clear().env("PATH", "/usr/bin:/bin").args(["-c", script, blocks.as_str()]);
        shell.args([env!("CARGO_BIN_EXE_bidui"), "run", "--quiet", "--threads", "1"]);
        shell.arg(&self.pipeline).arg("--input").arg(&self.input).arg("--lake").arg(lake);
        shell.output().expect("a shell")
    }

    /// Crashes at the k-th step; with one thread it is the same step every time. Did it get there?
    fn crash(&self, lake: &Path, threads: u64, at: u64) -> bool {
        let said = self.run(lake, threads).env("BIDUI_CRASH_AT", &at.to_string()).go();
        if said.code == Some(0) {
            return false;
        }
        assert_eq!(said.signal, Some(SIGABRT), "step {at}: {}", said.stderr);
        // Whoever looks now sees one of the nights, whole, or none yet.
        if lake.join("current").is_symlink() {
            let (night, hash) = published(lake);
            assert_eq!(self.nights.get(&night), Some(&hash), "{night} after a crash at step {at}");
            // Its cases are those of the ledger: a night and its acts are one effect.
            assert!(recorded(lake).contains(&night), "{night} after a crash at step {at}");
        }
        true
    }

    /// Crashes at these steps of one run after the other, looks, runs to the end, and looks again.
    /// Did it crash every time?
    fn crash_and_recover(&self, threads: u64, steps: &[u64]) -> bool {
        let home = quick_temp();
        let lake = home.path().join("lake");
        if !steps.iter().all(|at| self.crash(&lake, threads, *at)) {
            return false;
        }
        self.run(&lake, threads).go().ended(0);
        let found = outcome(&lake);
        let names = found.keys().chain(self.outcome.keys());
        let differ: BTreeSet<&String> =
            names.filter(|n| found.get(*n) != self.outcome.get(*n)).collect();
        assert!(differ.is_empty(), "after crashes at {steps:?} these differ: {differ:?}");
        true
    }

    /// Crashes at each step that there is; how many there are.
    fn crash_everywhere(&self) -> u64 {
        let (next, last, beyond) = (AtomicU64::new(1), AtomicU64::new(0), AtomicU64::new(u64::MAX));
        by_two(|| {
            let at = next.fetch_add(1, Ordering::SeqCst);
            if at >= beyond.load(Ordering::SeqCst) {
                return false;
            }
            if self.crash_and_recover(1, &[at]) {
                last.fetch_max(at, Ordering::SeqCst);
            } else {
                beyond.fetch_min(at, Ordering::SeqCst);
            }
            true
        });
        let (last, beyond) = (last.into_inner(), beyond.into_inner());
        assert_eq!(last + 1, beyond, "every step up to the last one crashes");
        last
    }

    /// Crashes at each of these lists of steps; how many are not as long as that.
    fn missed(&self, threads: u64, lists: &[Vec<u64>]) -> usize {
        let (next, missed) = (AtomicU64::new(0), AtomicU64::new(0));
        by_two(|| {
            let at = next.fetch_add(1, Ordering::SeqCst) as usize;
            let Some(steps) = lists.get(at) else { return false };
            if !self.crash_and_recover(threads, steps) {
                missed.fetch_add(1, Ordering::SeqCst);
            }
            true
        });
        missed.into_inner() as usize
    }
}

/// The night that readers see, held against its manifest, with the hash of that.
fn published(lake: &Path) -> (String, String) {
    let night = current(lake);
    verify(&night);
    let name = night.file_name().expect("a name").to_string_lossy().into_owned();
    let manifest = std::fs::read(night.join("manifest.json")).expect("a manifest");
    (name, blake3::hash(&manifest).to_hex().to_string())
}

/// Works on two cores until there is nothing more to do.
fn by_two(work: impl Fn() -> bool + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| while work() {});
        }
    });
}

/// R1, at every step of a small world: three nights in which deliveries come in, rows are rejected,
/// nights are published, and the first one is removed. Then twice in a row, for pairs of steps that
/// look random and are the same in every run; and with two threads, where the step that is killed
/// is whichever of them comes to it.
#[test]
fn killed_at_every_step_the_next_run_ends_the_same() {
    let world = World::mini();
    let start = Instant::now();
    let last = world.crash_everywhere();
    assert!(last > 150, "{last} steps");
    let nights = world.nights.keys().filter(|n| world.outcome.contains_key(&manifest(n))).count();
    assert_eq!(nights, 2, "the first of three nights is removed");
    println!("R1: {last} of {last} crash points, {:.0} s", start.elapsed().as_secs_f64());

    let pairs = pairs(last, 64);
    assert_eq!(world.missed(1, &pairs), 0, "every pair of {pairs:?} crashes twice");
    println!("R1: {} pairs of crash points, {:.0} s", pairs.len(), start.elapsed().as_secs_f64());

    let points: Vec<Vec<u64>> = (0..36).map(|n| vec![1 + n * (last - 1) / 35]).collect();
    assert_eq!(world.missed(2, &points), 0, "with two threads there are as many steps");
    println!("R1: {} with two threads, {:.0} s", points.len(), start.elapsed().as_secs_f64());
}

fn manifest(night: &str) -> String {
    format!("nights/{night}/manifest.json")
}

/// A step, and one of the run that recovers from it: that has at least what was left, and a step
/// more to clear what was begun.
fn pairs(last: u64, count: u64) -> Vec<Vec<u64>> {
    let mut seed = 2026_u64;
    let mut draw = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        1 + (seed >> 33) % below
    };
    (0..count)
        .map(|_| {
            let first = draw(last);
            vec![first, draw(last - first + 1)]
        })
        .collect()
}

/// R4: wherever there is no room, the run ends and says where, what is published stays whole, and the
/// next run finishes.
#[test]
fn without_room_a_run_ends_and_the_next_one_finishes() {
    let world = World::mini();
    let mut full = 0;
    for blocks in [0, 1, 3, 5, 8, 12, 20, 40, 70, 120, 200, 400] {
        let home = quick_temp();
        let lake = home.path().join("lake");
        let said = world.run_with_room(&lake, blocks);
        let stderr = String::from_utf8_lossy(&said.stderr);
        if !said.status.success() {
            assert_eq!(said.status.code(), Some(3), "{blocks} blocks: {stderr}");
            assert!(stderr.contains("/lake/"), "{blocks} blocks: {stderr}");
            assert!(!stderr.contains("newer bidui"), "{blocks} blocks: {stderr}");
            assert!(
                !lake.join("staging").exists(),
                "{blocks} blocks: what is of no use makes room"
            );
            full += 1;
        }
        if lake.join("current").is_symlink() {
            let (night, hash) = published(&lake);
            assert_eq!(world.nights.get(&night), Some(&hash), "{blocks} blocks");
        }
        world.run(&lake, 1).go().ended(0);
        assert_eq!(outcome(&lake), world.outcome, "{blocks} blocks");
    }
    assert!(full > 5, "the disk was full {full} times");
}

/// R1 on the sample pipeline, at steps that lie ever farther apart. With `BIDUI_TEST_DEEP` in the
/// environment every step is tried (`BIDUI_TEST_DEEP=1 cargo test --test it sample_pipeline --
/// --nocapture`), which takes long.
#[test]
fn killed_in_the_sample_pipeline_the_next_run_ends_the_same() {
    let world = World::gansu();
    let start = Instant::now();
    if std::env::var_os("BIDUI_TEST_DEEP").is_some() {
        let last = world.crash_everywhere();
        println!("R1 deep: {last} of {last} crash points, {:.0} s", start.elapsed().as_secs_f64());
        return;
    }
    let points: Vec<Vec<u64>> =
        [1, 2, 4, 9, 20, 45, 90, 160, 250, 350, 420, 500].map(|at| vec![at]).into();
    assert_eq!(world.missed(1, &points), 0, "there are so many steps");
}

/// A night that was corrected and killed before `current` moved on: the next run moves it.
#[test]
fn a_corrected_night_that_was_killed_before_the_pointer_moved_is_shown() {
    let plain = temp();
    let corrected = plain.path().join("input");
    copy(tiny(), &corrected);
    let night = corrected.join("2026-11-11");
    let file = crate::support::file_like(&night, "家庭医生签约_");
    let text = std::fs::read(&file).expect("a file");
    // Without its last row.
    let end = text[..text.len() - 1].iter().rposition(|b| *b == b'\n').expect("lines") + 1;
    std::fs::write(&file, &text[..end]).expect("written");
    for (before, after) in [(tiny(), &*corrected), (&*corrected, tiny())] {
        let home = temp();
        let lake = home.path().join("lake");
        run(&gansu(), before, &lake).go().ended(0);
        let old = std::fs::read_link(lake.join("current")).expect("a night");
        run(&gansu(), after, &lake).go().ended(0);
        let new = std::fs::read_link(lake.join("current")).expect("a night");
        assert_ne!(old, new, "another extract is another night");
        // As a kill leaves it between the night's place and the pointer.
        std::fs::remove_file(lake.join("current")).expect("removed");
        std::os::unix::fs::symlink(&old, lake.join("current")).expect("a link");
        run(&gansu(), after, &lake).go().ended(0);
        let shown = std::fs::read_link(lake.join("current")).expect("a night");
        assert_eq!(shown, new, "the run says it is done; `current` shows the night before it");
    }
}

/// A night of a day without a folder, killed before `current` moved on: the next night follows it.
#[test]
fn a_night_that_only_the_ledger_knows_is_shown_before_the_next() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&mini().input.join(NIGHTS[0]), &input.join(NIGHTS[0]));
    let night = |date: &str| {
        run(&mini().pipeline, &input, &lake).args(&["--date", date]).go().ended(0).json()
    };
    night(NIGHTS[0]);
    let first = std::fs::read_link(lake.join("current")).expect("a night");
    let second = night("2026-11-13");
    // As a kill leaves it between the ledger and the pointer.
    std::fs::remove_file(lake.join("current")).expect("removed");
    std::os::unix::fs::symlink(&first, lake.join("current")).expect("a link");
    let nights = night("2026-11-14");
    let dates: Vec<&str> = nights.iter().map(|night| text(night, "date")).collect();
    assert_eq!(dates, ["2026-11-13", "2026-11-14"]);
    assert_eq!(nights[1]["last_night"], second[0]["night"]);
}

/// R5.
#[test]
fn a_lake_that_is_held_is_left_alone() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(tiny_lake(), &lake);
    let file = std::fs::File::options().read(true).write(true).open(lake.join("lock"));
    let file = file.expect("the lock's file");
    file.lock().expect("the lock");
    let before = tree(&lake);
    let said = run(&gansu(), tiny(), &lake).go().ended(3);
    assert!(said.stderr.contains("another run holds the lake"), "{}", said.stderr);
    assert!(said.stderr.contains("hint:"), "{}", said.stderr);
    assert_eq!(before, tree(&lake));
    drop(file);
    run(&gansu(), tiny(), &lake).go().ended(0);
}

/// R5: two at once into a new lake: one works, the other waits for nobody.
#[test]
fn of_two_runs_at_once_one_works() {
    let home = temp();
    let lake = home.path().join("lake");
    let codes: Vec<Option<i32>> = std::thread::scope(|scope| {
        let calls: Vec<_> =
            (0..3).map(|_| scope.spawn(|| run(&gansu(), tiny(), &lake).go().code)).collect();
        calls.into_iter().map(|c| c.join().expect("it ends")).collect()
    });
    assert!(codes.contains(&Some(0)), "{codes:?}");
    assert!(codes.iter().all(|c| matches!(c, Some(0 | 3))), "{codes:?}");
    assert_eq!(outcome(&lake), outcome(tiny_lake()));
}

/// A run that fails on a full or forbidden disk says which folder, and leaves the night alone.
#[test]
fn a_lake_that_cannot_be_written_is_named() {
    let path = scratch().join("a-file-where-the-lake-should-be");
    std::fs::write(&path, "not a folder").expect("written");
    let said = run(&gansu(), tiny(), &path).go().ended(3);
    assert!(said.stderr.contains("a-file-where-the-lake-should-be"), "{}", said.stderr);
}

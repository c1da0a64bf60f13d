//! Killed at any moment, the published night stays whole and the next run ends with the same bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use crate::support::{
    Said, copy, current, gansu, list, run, scratch, temp, text, tiny, tiny_lake, tree,
};

/// Crash points that are tried besides those that find the last one.
const SAMPLES: u64 = 34;
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

/// What must be the same after any crash: the nights, the deliveries, and nothing else.
fn outcome(lake: &Path) -> BTreeMap<String, String> {
    let mut files = tree(lake);
    files.remove("lock");
    let current = std::fs::read_link(lake.join("current")).expect("a published night");
    files.insert("current".into(), current.display().to_string());
    files
}

fn crash(lake: &Path, at: u64) -> Said {
    // Threads take turns as they like: with one, the k-th step is the same one every time.
    let args = ["--threads", "1"];
    run(&gansu(), tiny(), lake).args(&args).env("BIDUI_CRASH_AT", &at.to_string()).go()
}

/// Crashes at the k-th step of two nights, looks, runs again, and looks again. Did it crash?
fn crash_and_recover(at: u64) -> bool {
    let home = temp();
    let lake = home.path().join("lake");
    let said = crash(&lake, at);
    if said.code == Some(0) {
        return false;
    }
    assert_eq!(said.signal, Some(SIGABRT), "step {at}: {}", said.stderr);
    if lake.join("current").is_symlink() {
        verify(&current(&lake));
    }
    run(&gansu(), tiny(), &lake).go().ended(0);
    assert_eq!(outcome(&lake), outcome(tiny_lake()), "after a crash at step {at}");
    true
}

/// The number of the last step of two nights, by trying.
fn last_step() -> u64 {
    let mut beyond = 512;
    while crash_and_recover(beyond) {
        beyond *= 2;
    }
    let mut crashed = beyond / 2;
    while beyond - crashed > 1 {
        let middle = crashed.midpoint(beyond);
        if crash_and_recover(middle) { crashed = middle } else { beyond = middle }
    }
    crashed
}

/// R1.
#[test]
fn killed_at_any_step_the_next_run_ends_the_same() {
    let last = last_step();
    assert!(last > 100, "{last} steps");
    let points: Vec<u64> = (0..SAMPLES).map(|n| 1 + n * (last - 2) / (SAMPLES - 1)).collect();
    let next = AtomicUsize::new(0);
    let missed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(at) = points.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if !crash_and_recover(*at) {
                        missed.lock().expect("a list").push(*at);
                    }
                }
            });
        }
    });
    let missed = missed.into_inner().expect("a list");
    assert!(missed.is_empty(), "no crash at {missed:?} of {last} steps");
}

/// The last steps of a night publish it: every one of them is tried, and a second crash on the way
/// back too.
#[test]
fn killed_while_publishing_and_again_while_recovering() {
    for (at, again) in [(1, 1), (40, 3), (200, 30), (400, 200)] {
        let home = temp();
        let lake = home.path().join("lake");
        assert_eq!(crash(&lake, at).signal, Some(SIGABRT), "step {at}");
        assert_eq!(crash(&lake, again).signal, Some(SIGABRT), "step {again} after {at}");
        run(&gansu(), tiny(), &lake).go().ended(0);
        assert_eq!(outcome(&lake), outcome(tiny_lake()), "steps {at} and {again}");
    }
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

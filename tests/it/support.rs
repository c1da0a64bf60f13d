//! What the tests share: the binary in a scrubbed environment, a synthetic input made once, copies
//! of lakes and pipelines, and a log of everything that the binary ever said.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bidui::anomaly::Anomaly;
use bidui::division::Divisions;
use bidui::feed::inbox::Parcel;
use bidui::feed::{Received, Receiver};
use bidui::lake::{Lake, files_below};
use bidui::pipeline::Pipeline;
use bidui::privacy::PersonKeys;
use serde_json::Value;
use tempfile::TempDir;

/// The repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The sample pipeline.
pub fn gansu() -> PathBuf {
    root().join("pipelines/gansu")
}

/// A folder of this run of the suite; those of runs that are over are removed.
pub fn scratch() -> &'static Path {
    static HOME: OnceLock<PathBuf> = OnceLock::new();
    HOME.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        for entry in std::fs::read_dir(home).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let over = |pid: &str| !Path::new("/proc").join(pid).exists();
            if name.strip_prefix("it-").is_some_and(over) {
                _ = std::fs::remove_dir_all(entry.path());
            }
        }
        let own = home.join(format!("it-{}", std::process::id()));
        std::fs::create_dir_all(own.join("log")).expect("a scratch folder");
        own
    })
}

/// Where all stdout and stderr of the binary is kept.
pub fn log_dir() -> PathBuf {
    scratch().join("log")
}

/// A folder that vanishes with the test.
pub fn temp() -> TempDir {
    tempfile::tempdir_in(scratch()).expect("a folder")
}

/// What a command said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub signal: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    /// Fails the test unless the command ended with this exit code.
    #[track_caller]
    pub fn ended(self, code: i32) -> Self {
        let Self { stdout, stderr, signal, .. } = &self;
        assert_eq!(self.code, Some(code), "signal {signal:?}\n{stdout}\n{stderr}");
        self
    }

    /// The lines of JSON on stdout.
    pub fn json(&self) -> Vec<Value> {
        let parse = |line: &str| serde_json::from_str(line).expect("stdout is JSON, line by line");
        self.stdout.lines().map(parse).collect()
    }
}

/// A call of the binary.
pub struct Bidui(Command);

impl Bidui {
    pub fn new(verb: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bidui"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", scratch());
        command.env("LANG", "C.UTF-8").env("NO_COLOR", "1");
        // Whatever a crash leaves behind stays out of the repository.
        command.current_dir(scratch()).arg(verb).stdin(Stdio::null());
        Self(command)
    }

    pub fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub fn args(mut self, args: &[&str]) -> Self {
        self.0.args(args);
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    pub fn go(mut self) -> Said {
        let output = self.0.output().expect("the binary runs");
        log(&self.0, &output);
        Said {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

fn log(command: &Command, output: &std::process::Output) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let number = CALLS.fetch_add(1, Ordering::Relaxed);
    let path = log_dir().join(format!("{number:05}.log"));
    let mut bytes = format!("{:?}\n", command.get_args().next()).into_bytes();
    bytes.extend_from_slice(&output.stdout);
    bytes.extend_from_slice(&output.stderr);
    std::fs::write(path, bytes).expect("the log is written");
}

/// `bidui run` that sums up as JSON.
pub fn run(pipeline: &Path, input: &Path, lake: &Path) -> Bidui {
    let run = Bidui::new("run").arg(pipeline).arg("--input").arg(input);
    run.arg("--lake").arg(lake).args(&["--output", "json", "--quiet"])
}

/// Synthetic extracts.
pub fn fake(out: &Path, people: u64, seed: u64, nights: u64, counties: &str) {
    let numbers = [people, seed, nights].map(|n| n.to_string());
    let [people, seed, nights] = &numbers;
    let fake = Bidui::new("fake").arg(gansu()).arg("--out").arg(out).args(&[
        "--people",
        people,
        "--seed",
        seed,
        "--nights",
        nights,
        "--counties",
        counties,
        "--quiet",
    ]);
    fake.go().ended(0);
}

/// The two nights that the suite shares. Nobody writes into them.
pub struct Shared {
    pub input: PathBuf,
    pub lake: PathBuf,
    /// Summaries of both nights.
    pub nights: Vec<Value>,
}

impl Shared {
    pub fn last(&self) -> &Value {
        self.nights.last().expect("two nights")
    }
}

/// Makes the shared input and runs its nights, once.
pub fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let (input, lake) = (scratch().join("input"), scratch().join("lake"));
        fake(&input, 600, 7, 2, "620423,620122");
        let said = run(&gansu(), &input, &lake).go().ended(0);
        Shared { input, lake, nights: said.json() }
    })
}

/// A smaller world of two nights, for tests that run many.
pub fn tiny() -> &'static Path {
    static TINY: OnceLock<PathBuf> = OnceLock::new();
    TINY.get_or_init(|| {
        let input = scratch().join("tiny");
        fake(&input, 60, 11, 2, "620122");
        input
    })
}

/// The lake of the smaller world, both nights run.
pub fn tiny_lake() -> &'static Path {
    static LAKE: OnceLock<PathBuf> = OnceLock::new();
    LAKE.get_or_init(|| {
        let lake = scratch().join("tiny-lake");
        run(&gansu(), tiny(), &lake).go().ended(0);
        lake
    })
}

/// Copies a folder with its symbolic links and times.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder to copy").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_symlink() {
            let points_at = std::fs::read_link(&source).expect("a link");
            std::os::unix::fs::symlink(points_at, target).expect("a link");
        } else if source.is_dir() {
            copy(&source, &target);
        } else {
            std::fs::copy(&source, &target).expect("a copy");
            let time = source.metadata().and_then(|m| m.modified()).expect("a time");
            let file = std::fs::File::options().write(true).open(&target).expect("a file");
            file.set_modified(time).expect("a time is set");
        }
    }
}

/// A copy of the pipelines' folder that a test may edit.
pub struct Policies(TempDir);

impl Policies {
    pub fn new() -> Self {
        let home = temp();
        copy(&root().join("pipelines"), home.path());
        Self(home)
    }

    pub fn gansu(&self) -> PathBuf {
        self.0.path().join("gansu")
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Replaces text that must be there.
    #[track_caller]
    pub fn edit(&self, name: &str, from: &str, to: &str) {
        let path = self.file(name);
        let text = std::fs::read_to_string(&path).expect("a policy file");
        assert!(text.contains(from), "{name} holds {from:?}");
        std::fs::write(path, text.replacen(from, to, 1)).expect("written");
    }
}

/// Takes one file in as October's delivery of the feed `visit`.
pub fn take_in(
    pipeline: &Pipeline,
    divisions: &Divisions,
    lake: &Path,
    file: &Path,
) -> bidui::error::Result<Received> {
    let (lake, keys) = (Lake::at(lake), PersonKeys::new(b"a secret of a test"));
    let receiver = Receiver { pipeline, lake: &lake, divisions, keys: &keys, buckets: 4 };
    let day = |m, d| chrono::NaiveDate::from_ymd_opt(2026, m, d).expect("a day");
    let parcel = Parcel {
        feed: "visit".into(),
        period: day(10, 31),
        part: None,
        received: day(11, 10),
        files: vec![file.to_owned()],
    };
    receiver.receive(&parcel, &receiver.name(&parcel)?)
}

/// BLAKE3 of every file below a folder.
pub fn tree(folder: &Path) -> BTreeMap<String, String> {
    let files = files_below(folder).expect("a readable folder");
    files.into_iter().map(|f| (f.path, f.blake3)).collect()
}

/// The files that make up a night's anomalies.
pub fn anomaly_files(night: &Path) -> BTreeMap<String, String> {
    let own = |path: &String| path == "anomalies.csv" || path.starts_with("anomalies/");
    tree(night).into_iter().filter(|(path, _)| own(path)).collect()
}

/// Night that `current` points at.
pub fn current(lake: &Path) -> PathBuf {
    let link = lake.join("current");
    assert!(link.is_symlink(), "{} is a symbolic link", link.display());
    std::fs::canonicalize(link).expect("it points at a night")
}

/// Rows of the night's anomaly table.
pub fn anomalies(night: &Path) -> Vec<Anomaly> {
    bidui::night::read_anomalies(night).expect("the anomaly table reads")
}

/// Rows of a CSV without quotes around line ends, under its heading.
pub fn csv(path: &Path) -> Vec<BTreeMap<String, String>> {
    let text = std::fs::read_to_string(path).expect("a CSV file");
    let mut lines = text.trim_start_matches('\u{feff}').lines().map(bidui::codes::split);
    let names = lines.next().expect("a heading");
    lines.map(|row| names.iter().cloned().zip(row).collect()).collect()
}

/// The one file of a folder whose name begins so.
#[track_caller]
pub fn file_like(folder: &Path, start: &str) -> PathBuf {
    let found = files_like(folder, start);
    assert!(!found.is_empty(), "no file {start}* in {}", folder.display());
    found[0].clone()
}

/// The files of a folder whose names begin so.
pub fn files_like(folder: &Path, start: &str) -> Vec<PathBuf> {
    let mut names = bidui::lake::names_in(folder);
    names.retain(|n| n.starts_with(start));
    names.sort();
    names.into_iter().map(|n| folder.join(n)).collect()
}

/// An array of a JSON value.
#[track_caller]
pub fn list<'v>(value: &'v Value, name: &str) -> &'v Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("{name} is a list"))
}

/// A number of a JSON value.
#[track_caller]
pub fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("{name} is a number in {value}"))
}

/// A text of a JSON value.
#[track_caller]
pub fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is a text in {value}"))
}

/// A third night after the two of the smaller world, whose folder holds what `fill` puts there.
pub struct Third {
    home: TempDir,
    pub said: Said,
}

impl Third {
    pub fn run(pipeline: &Path, fill: impl Fn(&Path)) -> Self {
        let home = temp();
        let (input, lake) = (home.path().join("input"), home.path().join("lake"));
        copy(tiny(), &input);
        copy(tiny_lake(), &lake);
        let folder = input.join("2026-11-12");
        std::fs::create_dir_all(&folder).expect("a folder");
        fill(&folder);
        let said = run(pipeline, &input, &lake).go();
        Self { home, said }
    }

    pub fn lake(&self) -> PathBuf {
        self.home.path().join("lake")
    }

    /// The summary, when the night was published.
    #[track_caller]
    pub fn night(&self) -> Value {
        assert_eq!(self.said.code, Some(0), "{}\n{}", self.said.stdout, self.said.stderr);
        let night = self.said.json().pop().expect("a night");
        assert_eq!(text(&night, "date"), "2026-11-12");
        night
    }
}

//! A simulated year from end to end: extracts of `bidui fake` every month, a pack for each county,
//! and counties that answer in time, late, wrongly, twice or never. After every night the books are
//! held against what the events themselves say.
//!
//! A world of `bidui fake` lasts half a year. So the year has two, and the lake of the second begins
//! anew, as after a loss: only the ledger goes on.

mod books;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bidui::ledger::act::{Act, Draft};
use bidui::ledger::store::{Store, file_address};
use chrono::{Days, NaiveDate};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use serde_json::Value;
use tempfile::TempDir;

use books::Books;

use crate::form::{FIXED, Form, NUMBER, place};
use crate::support::{Bidui, gansu, run, temp};

const COUNTIES: [&str; 2] = ["620122", "620423"];

/// How a county answers a month's pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Manner {
    InTime,
    Late,
    Wrongly,
    Twice,
    Never,
}

const MANNERS: [Manner; 5] =
    [Manner::InTime, Manner::Late, Manner::Wrongly, Manner::Twice, Manner::Never];

/// What happened in the year.
#[derive(Debug, Default)]
struct Seen {
    manners: BTreeSet<Manner>,
    late: usize,
}

struct Year {
    home: TempDir,
    random: ChaCha8Rng,
    /// The lake of the half-year.
    lake: PathBuf,
    books: Books,
    /// Forms that a county keeps for the month after.
    kept: Vec<PathBuf>,
    seen: Seen,
}

impl Year {
    fn new(seed: u64) -> Self {
        let home = temp();
        let year = Self {
            lake: home.path().join("lake-1"),
            random: ChaCha8Rng::seed_from_u64(seed),
            books: Books::default(),
            kept: Vec::new(),
            seen: Seen::default(),
            home,
        };
        for (half, from) in [(1, "2026-01-12"), (2, "2026-07-12")] {
            let out = year.home.path().join(format!("input-{half}"));
            let fake = Bidui::new("fake").arg(gansu()).arg("--out").arg(out).args(&["--quiet"]);
            let fake = fake.args(&["--people", "160", "--nights", "6", "--every", "30"]);
            let fake = fake.args(&["--date", from, "--seed", &seed.to_string()]);
            fake.args(&["--plant-rate", "0.1", "--counties", &COUNTIES.join(",")]).go().ended(0);
        }
        year
    }

    fn draw(&mut self, below: usize) -> usize {
        (self.random.next_u64() % below as u64) as usize
    }

    fn address(&self) -> String {
        file_address(&self.home.path().join("ledger.sqlite"))
    }

    fn store(&self) -> Store {
        Store::open(&self.address()).expect("a ledger")
    }

    fn run_night(&self, half: usize, day: NaiveDate) -> Value {
        let input = self.home.path().join(format!("input-{half}"));
        let call = run(&gansu(), &input, &self.lake).args(&["--date", &day.to_string(), "--only"]);
        let said = call.env("BIDUI_LEDGER", &self.address()).go().ended(0);
        said.json().pop().expect("a night")
    }

    fn pack(&self, words: &[&str], codes: &[i32]) {
        let call = Bidui::new("pack").args(words).arg("--pipeline").arg(gansu()).arg("--lake");
        let call = call.arg(&self.lake).env("BIDUI_LEDGER", &self.address());
        let said = call.env("BIDUI_ACTOR", "省级").go();
        assert!(said.code.is_some_and(|c| codes.contains(&c)), "{}\n{}", said.stdout, said.stderr);
    }

    /// A month: the night, the packs, what the counties send, what the province decides.
    fn month(&mut self, half: usize, day: NaiveDate) {
        let before = self.store().cases().expect("cases");
        let summary = self.run_night(half, day);
        self.books.check_night(&self.store(), &self.lake, day, &summary, &before);
        let month = day.format("%Y-%m").to_string();
        self.pack(&["issue", "--month", &month], &[0]);
        let late = std::mem::take(&mut self.kept);
        self.seen.late += late.len();
        let mut files: Vec<PathBuf> = late;
        for county in COUNTIES {
            files.extend(self.answers(&month, county, day));
        }
        let mut words = vec!["take-back".to_owned()];
        words.extend(files.iter().map(|f| f.display().to_string()));
        if words.len() > 1 {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            self.pack(&words, &[0, 1]);
        }
        self.decide(day);
        let store = self.store();
        self.books.look(&store, day, None);
        self.books.check_stock(&store, day);
    }

    /// The forms that a county sends now; a late one keeps its form for the month after.
    fn answers(&mut self, month: &str, county: &str, day: NaiveDate) -> Vec<PathBuf> {
        let manner = MANNERS[self.draw(MANNERS.len())];
        let packs = self.lake.join("packs").join(month);
        let files = bidui::lake::files_below(&packs).expect("packs");
        let file = files.into_iter().find(|f| f.path.contains(&format!("-{county}_")));
        let Some(file) = file.filter(|_| manner != Manner::Never) else {
            self.seen.manners.insert(Manner::Never);
            return Vec::new();
        };
        self.seen.manners.insert(manner);
        let mut form = Form::open(&packs.join(file.path));
        // A late county looks into its cases now, and sends its form a month later.
        for number in form.numbers() {
            self.fill(&mut form, &number, day, manner == Manner::Wrongly);
        }
        let path = self.home.path().join(format!("{county}-{month}.xlsx"));
        let path = form.save(&path);
        let bytes = std::fs::read(&path).expect("the form");
        match manner {
            Manner::Wrongly => {
                self.books.wrong.insert(blake3::hash(&bytes).to_hex().to_string());
                vec![path]
            }
            Manner::Late => {
                self.kept.push(path);
                Vec::new()
            }
            Manner::Twice => {
                let again = self.home.path().join(format!("{county}-{month}-再报.xlsx"));
                std::fs::write(&again, bytes).expect("a second file");
                vec![path, again]
            }
            _ => vec![path],
        }
    }

    /// Fills in a row as a county would, or in a way that cannot be used.
    fn fill(&mut self, form: &mut Form, case: &str, day: NaiveDate, wrong: bool) {
        let results = ["属实已整改", "不属实", "属实整改中", "情况特殊申请豁免", "转其他部门"];
        // Every fifth row is left empty; most of the others say that it is done.
        let result = match self.draw(10) {
            0 | 1 => return,
            2..=5 => results[0],
            n => results[n - 5],
        };
        let on = day.to_string();
        form.put(case, &FIXED);
        form.put(
            case,
            &[("核查结果", result), ("核查日期", &on), ("完成日期", &on), ("备注", "请转医保局")],
        );
        if !wrong {
            return;
        }
        match self.draw(4) {
            0 => form.put(case, &[("核查结果", "已经办好")]),
            1 => form.put(case, &[("核查日期", "昨天")]),
            2 => form.put(case, &[("异常描述", "改过的描述")]),
            // Another county's case, or one that there never was.
            _ => {
                let here = COUNTIES.iter().find(|c| case.contains(**c));
                let other = COUNTIES.iter().find(|c| Some(*c) != here).expect("the other");
                let mut number = here.map_or_else(String::new, |c| case.replace(*c, other));
                // Not one of this form: two rows that trade numbers twice would be right again.
                if form.numbers().contains(&number) {
                    number.push('9');
                }
                let (row, heading) = form.row(case);
                row[place(&heading, NUMBER)] = number;
            }
        }
    }

    /// Now and then the province waives a case for forty days, or gives one to the other county.
    fn decide(&mut self, day: NaiveDate) {
        let store = self.store();
        let cases = store.cases().expect("cases");
        let mut drafts = Vec::new();
        for case in cases.by_number.values().filter(|c| c.state.is_open()) {
            let other = COUNTIES.iter().find(|c| **c != case.county).expect("the other");
            let act = match self.draw(60) {
                0 => Act::Waive {
                    reason: "异地居住".into(),
                    approver: "处长".into(),
                    evidence_no: "E-1".into(),
                    until: day.checked_add_days(Days::new(40)),
                },
                1 => Act::HandOver {
                    county: (*other).to_owned(),
                    owner: case.owner.clone(),
                    reason: "户籍迁移".into(),
                },
                _ => continue,
            };
            drafts.push(Draft { about: case.number.clone(), day, actor: "省级".into(), act });
        }
        store.append(drafts, &format!("{day}T00:00:00Z")).expect("recorded");
    }
}

/// Twelve months; what was seen in them.
fn simulate(seed: u64) -> (Seen, Books) {
    let mut year = Year::new(seed);
    for half in 1..=2 {
        year.lake = year.home.path().join(format!("lake-{half}"));
        if half == 2 {
            // The new lake takes the old one's place, as docs/schedules.md says.
            std::fs::create_dir_all(&year.lake).expect("a folder");
            let id = year.home.path().join("lake-1/id");
            std::fs::copy(id, year.lake.join("id")).expect("copied");
        }
        let mut days: Vec<NaiveDate> = nights(&year.home.path().join(format!("input-{half}")));
        days.sort();
        assert_eq!(days.len(), 6);
        for day in days {
            year.month(half, day);
        }
    }
    let store = year.store();
    assert_eq!(store.verify(&[]).expect("read"), None);
    assert_eq!(store.rebuild().expect("rebuilt"), []);
    let events = store.events().expect("events");
    let mut returns: BTreeMap<&str, usize> = BTreeMap::new();
    for event in &events {
        if let Act::PackReturn { blake3, .. } = &event.draft.act {
            *returns.entry(blake3).or_default() += 1;
        }
    }
    assert!(returns.values().all(|n| *n == 1), "a file that comes twice counts once");
    (year.seen, year.books)
}

fn nights(input: &Path) -> Vec<NaiveDate> {
    bidui::lake::names_in(input).iter().filter_map(|n| n.parse().ok()).collect()
}

/// One seed; with `BIDUI_TEST_DEEP` in the environment twenty, and with `BIDUI_TEST_SEED` that one
/// (`BIDUI_TEST_DEEP=1 cargo test --test it year:: -- --nocapture`).
#[test]
fn a_year_of_late_wrong_double_and_missing_answers_adds_up_every_night() {
    let deep = std::env::var_os("BIDUI_TEST_DEEP").is_some();
    let (mut acts, mut manners) = (BTreeMap::new(), BTreeSet::new());
    let (mut wrong, mut late, mut overdue) = (0, 0, 0);
    let one = std::env::var("BIDUI_TEST_SEED").ok().and_then(|s| s.parse::<u64>().ok());
    let seeds = one.map_or(1..=if deep { 20 } else { 1 }, |seed| seed..=seed);
    for seed in seeds {
        println!("seed {seed}");
        let (seen, books) = simulate(seed);
        for (word, count) in books.acts {
            *acts.entry(word).or_insert(0) += count;
        }
        manners.extend(seen.manners);
        (wrong, late) = (wrong + books.wrong.len(), late + seen.late);
        overdue += books.overdue;
    }
    println!("{acts:?} {manners:?} {wrong} wrong, {late} late files, {overdue} late answers");
    if one.is_some() {
        return;
    }
    assert_eq!(manners.len(), MANNERS.len(), "every manner of answering was there");
    assert!(wrong > 0 && late > 0 && overdue > 0);
    let happened = [
        "open",
        "issue",
        "answer",
        "progress",
        "review",
        "send_back",
        "close",
        "vanish",
        "reopen",
        "waive",
        "lapse",
        "hand_over",
        "escalate",
        "pack_issue",
        "pack_receive",
        "pack_return",
    ];
    for word in happened {
        assert!(acts.get(word).is_some_and(|n| *n > 0), "nothing was ever {word}: {acts:?}");
    }
}

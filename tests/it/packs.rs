//! Workbooks for counties: whose cases stand in them, what they lock, that nobody is named, and
//! that a second issue or a crash changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use bidui::feedback::reveal::Names;
use bidui::ledger::act::{Act, Draft};
use bidui::ledger::case::Case;
use bidui::ledger::state::State;
use bidui::ledger::store::{Store, file_address};
use bidui::privacy::PersonKeys;
use calamine::Reader;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{
    Bidui, Policies, Said, copy, current, gansu, list, number, shared, temp, text, tiny_lake, tree,
};

const MONTH: &str = "2026-11";

/// A lake with cases, and a folder for packs.
struct World {
    home: TempDir,
}

impl World {
    fn of(lake: &Path) -> Self {
        let home = temp();
        copy(lake, &home.path().join("lake"));
        Self { home }
    }

    fn lake(&self) -> PathBuf {
        self.home.path().join("lake")
    }

    fn out(&self) -> PathBuf {
        self.home.path().join("packs")
    }

    fn store(&self) -> Store {
        Store::open(&file_address(&self.lake().join("ledger.sqlite"))).expect("a ledger")
    }

    fn pack(&self, words: &[&str]) -> Bidui {
        let call = Bidui::new("pack").args(words).arg("--pipeline").arg(gansu());
        call.arg("--lake").arg(self.lake()).env("BIDUI_ACTOR", "省卫健委甲")
    }

    fn issue(&self, words: &[&str]) -> Said {
        let call = self.pack(&[&["issue", "--month", MONTH], words].concat());
        call.arg("--out").arg(self.out()).go()
    }

    fn cases(&self) -> BTreeMap<String, Case> {
        self.store().cases().expect("cases").by_number
    }

    fn manifest(&self, batch: &str) -> Value {
        let path = self.out().join(batch).join("province/manifest.json");
        serde_json::from_str(&std::fs::read_to_string(path).expect("a manifest")).expect("JSON")
    }

    /// Workbooks of counties by code.
    fn books(&self, batch: &str) -> BTreeMap<String, PathBuf> {
        let manifest = self.manifest(batch);
        let own = list(&manifest, "files").iter().filter(|f| !text(f, "pack").is_empty());
        let path = |f: &Value| self.out().join(batch).join(text(f, "path"));
        own.map(|f| (text(f, "division").to_owned(), path(f))).collect()
    }
}

/// All texts of a workbook by sheet.
fn sheets(book: &Path) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut file = calamine::open_workbook_auto(book).expect("a workbook");
    let names = file.sheet_names();
    let rows = |range: calamine::Range<calamine::Data>| {
        range.rows().map(|r| r.iter().map(ToString::to_string).collect()).collect()
    };
    names
        .into_iter()
        .map(|n| (n.clone(), rows(file.worksheet_range(&n).expect("a sheet"))))
        .collect()
}

/// Rows below the headings of the sheets of themes: number to sheet.
fn numbers(book: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (sheet, rows) in sheets(book) {
        let Some(at) = rows.iter().position(|r| r.contains(&"督办编号".to_owned())) else {
            continue;
        };
        let column = rows[at].iter().position(|h| h == "督办编号").expect("a heading");
        for row in rows[at + 1..].iter().filter(|r| !r[column].is_empty()) {
            assert!(found.insert(row[column].clone(), sheet.clone()).is_none(), "{}", row[column]);
        }
    }
    found
}

/// XML parts of a workbook below a folder.
fn parts(book: &Path, folder: &str) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(book).expect("a file")).expect("a zip");
    let mut parts = BTreeMap::new();
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).expect("a part");
        if part.name().starts_with(folder) && part.name().ends_with(".xml") {
            let mut text = String::new();
            part.read_to_string(&mut text).expect("text");
            parts.insert(part.name().to_owned(), text);
        }
    }
    parts
}

#[test]
fn a_county_gets_its_own_cases_and_the_ledger_knows_them() {
    let world = World::of(&shared().lake);
    let before = world.cases();
    let said = world.issue(&[]).ended(0);
    assert!(said.stdout.contains("会宁县") || said.stdout.contains("620423"), "{}", said.stdout);
    let after = world.cases();
    let books = world.books(MONTH);
    assert!(books.len() >= 2, "{books:?}");
    let mut listed = BTreeSet::new();
    for (county, book) in &books {
        let found = numbers(book);
        let own: BTreeSet<&String> = before
            .values()
            .filter(|c| c.county == *county && c.state.is_open())
            .map(|c| &c.number)
            .collect();
        assert_eq!(found.keys().collect::<BTreeSet<_>>(), own, "{county}");
        listed.extend(found.into_keys());
        // Nothing of another county, in no sheet, visible or not.
        let texts = sheets(book);
        for other in before.values().filter(|c| c.county != *county) {
            let there = texts.values().flatten().flatten().any(|t| *t == other.number);
            assert!(!there, "{} in the pack of {county}", other.number);
        }
    }
    for number in &listed {
        let (was, is) = (&before[number], &after[number]);
        assert_eq!(was.state, State::Pending);
        assert_eq!(
            (is.state, is.pack.as_str()),
            (State::Issued, &*format!("{}-{MONTH}-{}", prefix(), is.county))
        );
        assert!(is.due >= is.issued, "{number}");
    }
    let manifest = world.manifest(MONTH);
    assert_eq!(number(&manifest["totals"], "rows"), listed.len() as u64);
    let files = tree(&world.out().join(MONTH));
    for file in list(&manifest, "files") {
        assert_eq!(files[text(file, "path")], text(file, "blake3"));
    }
    let status = world.pack(&["status", "--output", "json"]).go().ended(0);
    let status = status.json().pop().expect("a list");
    let rows: u64 = status.as_array().expect("rows").iter().map(|l| number(l, "rows")).sum();
    let open: u64 = status.as_array().expect("rows").iter().map(|l| number(l, "open")).sum();
    assert_eq!((rows, open), (listed.len() as u64, rows));
}

fn prefix() -> String {
    bidui::pipeline::load(&gansu()).expect("a pipeline").settings.cases.prefix
}

/// R25, S9: what is locked, what can be chosen, and that nothing is a formula.
#[test]
fn keys_are_locked_answers_are_chosen_and_nothing_is_a_formula() {
    let world = World::of(tiny_lake());
    world.issue(&[]).ended(0);
    let book = world.books(MONTH).into_values().next().expect("a workbook");
    let mut themes = 0;
    for (name, xml) in parts(&book, "xl/worksheets/") {
        assert!(!xml.contains("<f>") && !xml.contains("<f "), "{name} holds a formula");
        assert!(xml.contains("<sheetProtection sheet=\"1\""), "{name} is not locked");
        if xml.contains("<dataValidation ") {
            themes += 1;
            assert!(xml.contains("\"入户,电话,调档,系统\""), "{name}");
            assert!(
                xml.contains("属实已整改,属实整改中,不属实,情况特殊申请豁免,转其他部门"),
                "{name}"
            );
            // A check comes after the issue; what it finds may have been put right before.
            let days = xml.split("<dataValidation ").filter(|v| v.starts_with("type=\"date\""));
            let ends = days.map(|v| v.contains("operator=\"lessThanOrEqual\""));
            assert_eq!(ends.collect::<Vec<_>>(), [false, true], "{name}: 核查日期, 完成日期");
            assert!(xml.contains("autoFilter=\"0\"") && xml.contains("<autoFilter "), "{name}");
            // Whoever wants to sort can lift the protection; each row has its seal.
            assert!(!xml.contains("password=") && !xml.contains("hashValue="), "{name}");
        }
    }
    assert!(themes > 1, "{themes} sheets to fill in");
    let about = &parts(&book, "xl/workbook")["xl/workbook.xml"];
    assert!(about.contains("name=\"_bidui\"") && about.contains("state=\"veryHidden\""));
    let hidden = &sheets(&book)["_bidui"];
    let value = |name: &str| hidden.iter().find(|r| r[0] == name).expect("a line")[1].clone();
    let head = world.manifest(MONTH)["ledger"]["hash"].clone();
    assert_eq!(
        (value("ledger_hash"), value("shown")),
        (head.as_str().expect("a hash").to_owned(), "masked".into())
    );
    let sealed: BTreeMap<&str, &str> = hidden
        .iter()
        .filter(|r| r[2].len() == 16)
        .map(|r| (r[0].as_str(), r[1].as_str()))
        .collect();
    let found = numbers(&book);
    let listed: BTreeMap<&str, &str> =
        found.iter().map(|(n, s)| (n.as_str(), s.as_str())).collect();
    assert_eq!(sealed, listed);
}

/// S2: nobody is named unless the ledger has been told why.
#[test]
fn names_are_shown_only_after_the_ledger_knows_why() {
    let masked = World::of(&shared().lake);
    let pipeline = bidui::pipeline::load(&gansu()).expect("a pipeline");
    let cases = masked.cases();
    let open = || cases.values().filter(|c| c.state.is_open());
    let keys = PersonKeys::new(b"a secret of a test");
    let names = Names::read(&pipeline, &keys, &current(&masked.lake()), open()).expect("names");
    let whole = |c: &Case| names.get(&c.subject_kind, &c.subject).map(str::to_owned);
    let people: BTreeSet<String> =
        open().filter_map(whole).filter(|n| n.chars().count() > 1).collect();
    assert!(people.len() > 20, "{} people", people.len());
    let named = |world: &World| -> usize {
        let cells =
            |b: &PathBuf| sheets(b).into_values().flatten().flatten().collect::<BTreeSet<String>>();
        world.books(MONTH).values().map(|b| cells(b).intersection(&people).count()).sum()
    };
    masked.issue(&[]).ended(0);
    assert_eq!(named(&masked), 0);
    let shown = World::of(&shared().lake);
    shown.issue(&["--reveal"]).ended(2);
    shown.issue(&["--reveal", "--reason", " "]).ended(2);
    let start = shown.store().head().expect("a head").seq;
    shown.issue(&["--reveal", "--reason", "县级入户核查"]).ended(0);
    assert!(named(&shown) > 20);
    let events = shown.store().events().expect("events");
    let new: Vec<_> = events.iter().filter(|e| e.seq > start).collect();
    let reveals = new.iter().take_while(
        |e| matches!(&e.draft.act, Act::Reveal { reason, .. } if reason == "县级入户核查"),
    );
    assert_eq!(
        reveals.count(),
        shown.books(MONTH).len(),
        "one for each pack, before anything else"
    );
    // The workbook of a rule that is sensitive names nobody even then.
    for case in open().filter(|c| pipeline.rules[&c.rule].sensitive) {
        let book = &shown.books(MONTH)[&case.county];
        let rows: Vec<Vec<String>> = sheets(book).into_values().flatten().collect();
        let row = rows.iter().find(|r| r.contains(&case.number)).expect("its row");
        assert!(
            !row.contains(&case.subject) && row.iter().all(|t| !people.contains(t)),
            "{}",
            case.number
        );
    }
}

/// `pack issue` would end in the middle, as if bidui were wrong.
#[test]
fn sheets_of_one_name_are_a_fault_of_the_policy() {
    let policies = Policies::new();
    let pack = "basic-medical/packs/county.yaml";
    let names = ["参保资助", "封面", "_BIDUI"];
    for (from, to) in ["待遇费用", "大病慢病", "名单证件"].into_iter().zip(names) {
        policies.edit(pack, &format!("sheet: {from}"), &format!("sheet: {to}"));
    }
    let said = Bidui::new("check").arg(policies.gansu()).go().ended(2);
    let said = said.stdout + &said.stderr;
    for name in names {
        assert!(said.contains(&format!("a second sheet would be called `{name}`")), "{said}");
    }
    assert!(said.contains("county.yaml:"), "{said}");
}

#[test]
fn a_second_issue_changes_nothing_and_a_supplement_holds_what_came_since() {
    let world = World::of(tiny_lake());
    world.issue(&[]).ended(0);
    let (files, head) = (tree(&world.out()), world.store().head().expect("a head"));
    let said = world.issue(&[]).ended(0);
    assert!(said.stdout.contains("issued before"), "{}", said.stdout);
    let said = world.issue(&["--supplement"]).ended(0);
    assert!(said.stdout.contains("nothing to issue"), "{}", said.stdout);
    assert_eq!((tree(&world.out()), world.store().head().expect("a head")), (files.clone(), head));
    // The same packs again, into another folder.
    let again = world.home.path().join("again");
    let call = world.pack(&["issue", "--month", MONTH]).arg("--out").arg(&again);
    call.go().ended(0);
    assert_eq!(tree(&again), files);
    // One case is given to the same county anew.
    let case = world.cases().into_values().find(|c| c.state == State::Issued).expect("a case");
    let act = Act::HandOver {
        county: case.county.clone(),
        owner: "township".into(),
        reason: "转乡镇".into(),
    };
    let day = case.moved;
    let draft = Draft { about: case.number.clone(), day, actor: "甲".into(), act };
    world.store().append(vec![draft], "2026-11-12T00:00:00Z").expect("recorded");
    let said = world.issue(&[]).ended(0);
    assert!(said.stderr.contains("1 cases wait"), "{}", said.stderr);
    world.issue(&["--supplement"]).ended(0);
    let book = world.books(&format!("{MONTH}-2"))[&case.county].clone();
    assert_eq!(numbers(&book).into_keys().collect::<Vec<_>>(), std::slice::from_ref(&case.number));
    let now = &world.cases()[&case.number];
    assert_eq!(
        (now.state, now.pack.as_str()),
        (State::Issued, &*format!("{}-{MONTH}-{}-2", prefix(), case.county))
    );
}

/// What a county has from earlier months is in its first pack of the month, in a supplement too.
#[test]
fn a_county_that_the_first_batch_left_out_gets_its_whole_stock() {
    let world = World::of(&shared().lake);
    let october = world.pack(&["issue", "--month", "2026-10"]).arg("--out").arg(world.out());
    october.go().ended(0);
    world.issue(&["--county", "620423"]).ended(0);
    let said = world.issue(&[]).ended(0);
    assert!(said.stderr.contains("cases wait for a pack"), "{}", said.stderr);
    world.issue(&["--supplement"]).ended(0);
    let supplement = format!("{MONTH}-2");
    let (cases, books) = (world.cases(), world.books(&supplement));
    assert!(books.contains_key("620122") && !books.contains_key("620423"), "{books:?}");
    for (county, book) in &books {
        let open = cases.values().filter(|c| c.county == *county && c.state.is_open());
        let open: BTreeSet<&String> = open.map(|c| &c.number).collect();
        assert_eq!(numbers(book).keys().collect::<BTreeSet<_>>(), open, "{county}");
    }
    let status = world.pack(&["status", "--month", MONTH, "--output", "json"]).go().ended(0);
    let status = status.json().pop().expect("a list");
    for line in status.as_array().expect("rows") {
        assert_eq!(number(line, "rows"), number(line, "open"), "{line}");
    }
    // Of a month without packs an empty list would say that all is done.
    let said = world.pack(&["status", "--month", "2019-01"]).go().ended(2);
    for part in ["no pack of 2019-01 was issued", &format!("there are packs is {MONTH}")] {
        assert!(said.stderr.contains(part) && said.stdout.is_empty(), "{}", said.stderr);
    }
    let said = world.issue(&["--supplement"]).ended(0);
    assert!(said.stdout.contains("nothing to issue"), "{}", said.stdout);
    // The same files again, with the cases of no county in the province's index.
    let home = world.out().join(&supplement);
    let files = tree(&home);
    std::fs::remove_dir_all(&home).expect("removed");
    let said = world.issue(&[]).ended(0);
    assert!(said.stdout.contains("finished"), "{}", said.stdout);
    assert_eq!(tree(&home), files);
}

/// A county that is not in the batch is not one that has nothing to do.
#[test]
fn a_batch_for_some_counties_tells_of_no_other() {
    let is_county = |name: &String| name.ends_with(['县', '区']);
    // Counties that have a pack, and those of which the summaries tell.
    let counties = |world: &World, batch: &str| -> [BTreeSet<String>; 2] {
        let manifest = world.manifest(batch);
        let files = list(&manifest, "files");
        let packs = files.iter().filter(|f| !text(f, "pack").is_empty());
        let packs = packs.map(|f| text(f, "name").to_owned()).filter(is_county).collect();
        let sums = files.iter().filter(|f| text(f, "pack").is_empty()).flat_map(|f| {
            let mut book = sheets(&world.out().join(batch).join(text(f, "path")));
            book.remove("汇总").expect("a summary")
        });
        [packs, sums.map(|row| row[0].clone()).filter(is_county).collect()]
    };
    let all = World::of(&shared().lake);
    all.issue(&[]).ended(0);
    let [packs, told] = counties(&all, MONTH);
    assert!(told.is_superset(&packs) && told.len() > packs.len(), "{packs:?}, {told:?}");
    let some = World::of(&shared().lake);
    some.issue(&["--county", "620423"]).ended(0);
    let [packs, told] = counties(&some, MONTH);
    assert_eq!((packs.len(), &packs), (1, &told));
    some.issue(&["--supplement"]).ended(0);
    let [packs, told] = counties(&some, &format!("{MONTH}-2"));
    assert_eq!((packs.contains("皋兰县"), &packs), (true, &told));
}

/// Nothing shines where there are no cases: it may be that nobody sent anything.
#[test]
fn a_county_without_cases_has_no_light() {
    let world = World::of(&shared().lake);
    world.issue(&[]).ended(0);
    let mut book = sheets(&world.out().join(MONTH).join("province/index.xlsx"));
    let mut seen = BTreeSet::new();
    for row in book.remove("排名").expect("a page") {
        if let Ok(cases) = row[2].parse::<u64>() {
            assert_eq!(row[7] == "—", cases == 0, "{row:?}");
            seen.insert(cases == 0);
        }
    }
    assert_eq!(seen.len(), 2, "some have cases, some have none");
}

/// Its names are not shown without a reason, so it cannot be made again by the way.
#[test]
fn an_older_batch_that_was_put_away_does_not_block_the_next() {
    let world = World::of(&shared().lake);
    let reveal = ["--reveal", "--reason", "县级入户核查"];
    world.issue(&reveal).ended(0);
    let case = world.cases().into_values().find(|c| c.state == State::Issued).expect("a case");
    let act = Act::HandOver {
        county: case.county.clone(),
        owner: "township".into(),
        reason: "转乡镇".into(),
    };
    let day = case.moved.succ_opt().expect("a day");
    let draft = Draft { about: case.number.clone(), day, actor: "甲".into(), act };
    world.store().append(vec![draft], "2026-11-13T00:00:00Z").expect("recorded");
    let (home, away) = (world.out().join(MONTH), world.home.path().join("away"));
    std::fs::rename(&home, &away).expect("put away");
    let said = world.issue(&[]).ended(1);
    assert!(said.stderr.contains("cannot be made again as it was sent"), "{}", said.stderr);
    let said = world.issue(&["--supplement"]).ended(0);
    assert!(said.stderr.contains("warning: ") && !home.exists(), "{}", said.stderr);
    assert!(world.books(&format!("{MONTH}-2")).contains_key(&case.county));
    // With its names it can, though the ledger has gone on since its day.
    let said = world.issue(&reveal).ended(0);
    assert!(said.stdout.contains("finished"), "{}", said.stdout);
    assert_eq!(tree(&home), tree(&away));
}

#[test]
fn a_crash_at_any_step_is_finished_by_the_next_call() {
    let whole = World::of(tiny_lake());
    whole.issue(&["--threads", "1"]).ended(0);
    let (files, cases) = (tree(&whole.out()), whole.cases());
    let events = whole.store().head().expect("a head").seq;
    let mut crashes = 0;
    for step in (2..).step_by(5) {
        let world = World::of(tiny_lake());
        let words = ["issue", "--month", MONTH, "--threads", "1"];
        let call = world.pack(&words).arg("--out").arg(world.out());
        let said = call.env("BIDUI_CRASH_AT", &step.to_string()).go();
        if said.code == Some(0) {
            break;
        }
        crashes += 1;
        assert!(!world.out().join(MONTH).exists() || tree(&world.out()) == files, "step {step}");
        world.issue(&["--threads", "2"]).ended(0);
        assert_eq!(tree(&world.out()), files, "step {step}");
        assert_eq!(world.cases(), cases, "step {step}");
        assert_eq!(world.store().head().expect("a head").seq, events, "step {step}");
    }
    assert!(crashes > 4, "{crashes} crashes");
    // After the ledger was told, before the folder had its name; what lay aside is lost too.
    let world = World::of(tiny_lake());
    world.issue(&[]).ended(0);
    std::fs::remove_dir_all(world.out()).expect("removed");
    let said = world.issue(&[]).ended(0);
    assert!(said.stdout.contains("finished"), "{}", said.stdout);
    assert_eq!(tree(&world.out()), files);
}

#[test]
fn letters_name_late_cases_and_no_people() {
    let world = World::of(tiny_lake());
    world.issue(&[]).ended(0);
    let said = world.pack(&["letters", "--on", "2026-11-11"]).go().ended(0);
    assert!(said.stdout.contains("nothing is overdue"), "{}", said.stdout);
    let out = world.home.path().join("letters");
    let call = world.pack(&["letters", "--on", "2027-03-01"]).arg("--out").arg(&out);
    call.go().ended(0);
    let mut told = BTreeSet::new();
    let names = bidui::lake::names_in(&out);
    let highest = names.iter().any(|n| n.ends_with("_约谈通知.txt"));
    assert!(highest, "{names:?}");
    for name in names {
        let letter = std::fs::read_to_string(out.join(&name)).expect("a letter");
        let numbers = letter.lines().filter_map(|l| l.split_once(". ")?.1.split('　').next());
        told.extend(numbers.map(str::to_owned));
        assert!(!letter.contains(['{', '}', '*']), "{letter}");
        // None of these was ever written before, whatever its kind.
        for claim in ["前期", "已发", "经提示", "再次"] {
            assert!(!letter.contains(claim), "{letter}");
        }
    }
    let late: BTreeSet<String> =
        world.cases().into_values().filter(|c| c.state.is_open()).map(|c| c.number).collect();
    assert_eq!(told, late, "every case is late by then");
}

/// Letters are written once a month, say: the milder ones of a case gave way meanwhile. They can be
/// had as of their own day, whatever the ledger noted since.
#[test]
fn letters_of_a_day_that_is_over_are_those_of_that_day() {
    let world = World::of(tiny_lake());
    world.issue(&[]).ended(0);
    let case = world.cases().into_values().find(|c| c.letter_days().len() == 3);
    let case = case.expect("a case with three letters");
    let [_, second, _] = case.letter_days()[..] else { panic!("three letters") };
    let later = second + chrono::Days::new(1);
    let note = |step: usize| Draft {
        about: case.number.clone(),
        day: later,
        actor: "bidui".into(),
        act: Act::Escalate { step },
    };
    world.store().append(vec![note(1), note(2)], "t").expect("a night notes two letters");
    let write = |on: chrono::NaiveDate| {
        let said = world.pack(&["letters", "--on", &on.to_string()]).go().ended(0);
        let home = world.lake().join(format!("packs/letters-{on}"));
        let mut names = bidui::lake::names_in(&home);
        let text = |name: &String| std::fs::read_to_string(home.join(name)).expect("a letter");
        names.retain(|name| text(name).contains(&case.number));
        (names, said.stderr)
    };
    let hint = format!("--on {second}` writes it");
    let (names, told) = write(later);
    assert!(names.len() == 1 && names[0].ends_with("_督办函.txt"), "the highest: {names:?}");
    assert!(told.contains("提示函") && told.contains(&hint), "{told}");
    let (names, _) = write(second);
    assert!(names.len() == 1 && names[0].ends_with("_提示函.txt"), "as of its day: {names:?}");
    let (_, told) = write(later);
    assert!(!told.contains(&hint), "it is written: {told}");
    // Of a county of another province nobody can say that nothing is overdue there.
    for word in ["letters", "status"] {
        world.pack(&[word, "--county", "410325"]).go().ended(2);
        world.pack(&[word, "--county", "皋兰县"]).go().ended(0);
    }
}

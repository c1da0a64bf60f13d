//! No citizen ID and no name comes out of bidui unasked: all persons of the shared input are
//! canaries, and everything that the suite's commands say or publish by default is searched for them.

use std::path::{Path, PathBuf};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::support::{
    Bidui, Third, anomalies, copy, csv, current, file_like, gansu, list, log_dir, run, shared,
    temp, tiny,
};

/// What is searched for, with the form that it is in.
struct Canaries {
    finder: AhoCorasick,
    forms: Vec<&'static str>,
}

fn full_width(text: &str) -> String {
    let wide = |c: char| char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c);
    text.chars().map(wide).collect()
}

/// The forms in which a person's ID could come out.
fn forms_of_id(id: &str) -> Vec<(&'static str, Vec<u8>)> {
    let spaced = format!("{} {} {}", &id[..6], &id[6..14], &id[14..]);
    let mut forms = vec![
        ("18 digits", id.as_bytes().to_vec()),
        ("birth and sequence", id.as_bytes()[6..].to_vec()),
        ("full-width", full_width(id).into_bytes()),
        ("spaced", spaced.into_bytes()),
        ("UTF-16", id.encode_utf16().flat_map(u16::to_le_bytes).collect()),
    ];
    if id.ends_with('X') {
        forms.push(("lower-case x", id.to_lowercase().into_bytes()));
        forms.push(("lower-case tail", id[6..].to_lowercase().into_bytes()));
    }
    if id[6..].starts_with("19") {
        forms.push(("15 digits", format!("{}{}", &id[..6], &id[8..17]).into_bytes()));
    }
    forms
}

fn forms_of_name(name: &str) -> Vec<(&'static str, Vec<u8>)> {
    if name.chars().count() < 3 {
        return Vec::new();
    }
    vec![
        ("name", name.as_bytes().to_vec()),
        ("name in UTF-16", name.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("name in GB18030", encoding_rs::GB18030.encode(name).0.into_owned()),
    ]
}

fn canaries(inputs: &[&Path]) -> Canaries {
    let (mut forms, mut patterns) = (Vec::new(), Vec::new());
    for input in inputs {
        for person in csv(&input.join("truth/people.csv")) {
            let mut all = forms_of_id(&person["id_no"]);
            all.extend(forms_of_name(&person["name"]));
            for (form, pattern) in all {
                forms.push(form);
                patterns.push(pattern);
            }
        }
    }
    assert!(patterns.len() > 400, "{} patterns", patterns.len());
    let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(patterns);
    Canaries { finder: finder.expect("patterns that build"), forms }
}

impl Canaries {
    /// What is found in some bytes, with a little of what stands around it.
    fn hits(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let hit = |m: aho_corasick::Match| {
            let around = &bytes[m.start().saturating_sub(60)..(m.end() + 20).min(bytes.len())];
            let form = self.forms[m.pattern().as_usize()];
            format!("{place}: {form} in {:?}", String::from_utf8_lossy(around))
        };
        self.finder.find_iter(bytes).map(hit).collect()
    }
}

#[track_caller]
fn clean(mut hits: Vec<String>) {
    let count = hits.len();
    hits.truncate(20);
    assert!(hits.is_empty(), "{count} hits\n{}", hits.join("\n"));
}

#[test]
fn a_planted_leak_is_found() {
    let canaries = canaries(&[&shared().input]);
    let people = csv(&shared().input.join("truth/people.csv"));
    let id = people[0]["id_no"].clone();
    let name = &people.iter().find(|p| p["name"].chars().count() > 2).expect("a name")["name"];
    let mut leaks: Vec<Vec<u8>> = forms_of_id(&id).into_iter().map(|(_, form)| form).collect();
    leaks.extend(forms_of_name(name).into_iter().map(|(_, form)| form));
    for leak in leaks {
        let text = [b"error: line 7 ", &leak[..], b" is wrong"].concat();
        assert!(!canaries.hits("planted", &text).is_empty(), "{leak:?}");
    }
    let masked = bidui::privacy::mask_name(name);
    assert!(canaries.hits("masked", masked.as_bytes()).is_empty(), "{masked}");
}

/// Commands whose every word is searched, besides what the other tests happen to say.
fn talk(home: &Path) -> Vec<PathBuf> {
    let trace = |call: Bidui| call.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    let lake = home.join("lake");
    trace(run(&gansu(), &shared().input, &lake)).go().ended(0);
    let table = Bidui::new("run").arg(gansu()).arg("--input").arg(&shared().input);
    trace(table.arg("--lake").arg(&lake)).go().ended(0);
    let mut files = Vec::new();
    for what in ["anomalies", "rejects", "deliveries", "runs"] {
        for form in ["table", "csv", "json", "parquet"] {
            let show = Bidui::new("show").arg(what).arg(gansu()).arg("--lake").arg(&lake);
            let mut show = trace(show.args(&["--output", form]));
            if form == "parquet" {
                let file = home.join(format!("{what}.parquet"));
                show = show.arg("--to").arg(&file);
                files.push(file);
            }
            show.go().ended(0);
        }
    }
    for words in [&["case", "list"][..], &["ledger", "show"]] {
        let list = Bidui::new(words[0]).args(&words[1..]).arg("--pipeline").arg(gansu());
        trace(list.arg("--lake").arg(&lake).args(&["--output", "csv"])).go().ended(0);
    }
    let all = anomalies(&current(&lake));
    for anomaly in all.iter().step_by(all.len().div_ceil(12).max(1)) {
        for form in ["table", "json"] {
            let explain = Bidui::new("explain").arg(&anomaly.anomaly).arg(gansu());
            trace(explain.arg("--lake").arg(&lake).args(&["--output", form])).go().ended(0);
        }
    }
    trace(Bidui::new("check").arg(gansu())).go().ended(0);
    let truth = Bidui::new("truth").arg(gansu()).arg("--lake").arg(&lake).arg("--list");
    trace(truth.arg("--truth").arg(shared().input.join("truth"))).go();
    files
}

/// Text of a Parquet file's columns, which its compression hides from a search of its bytes.
pub fn cells(path: &Path) -> Vec<u8> {
    use bidui::lake::rows::{Part, RowsFile};
    let file = RowsFile::open(path).expect("a Parquet file");
    let names: Vec<String> = file.schema().fields().iter().map(|f| f.name().clone()).collect();
    let mut text = Vec::new();
    for batch in file.scan(Part::All, &names, &Default::default()).expect("a scan") {
        let batch = batch.expect("a batch");
        let mut writer = arrow::json::LineDelimitedWriter::new(&mut text);
        writer.write(&batch).expect("JSON");
        writer.finish().expect("JSON");
    }
    text
}

/// Hits in what a night publishes by default: its tables, its accounts and its report.
fn published(canaries: &Canaries, night: &Path) -> Vec<String> {
    let mut hits = Vec::new();
    let mut seen = 0;
    for file in bidui::lake::files_below(night).expect("a night") {
        // Rows of views and of re-linked persons are the lake's own, as the deliveries are.
        if file.path.starts_with("views/") || file.path.starts_with("identity/") {
            continue;
        }
        let path = night.join(&file.path);
        let bytes = std::fs::read(&path).expect("a file");
        hits.extend(canaries.hits(&file.path, &bytes));
        if file.path.starts_with("anomalies/") || file.path == "memory.parquet" {
            hits.extend(canaries.hits(&file.path, &cells(&path)));
        }
        seen += 1;
    }
    assert!(seen > 6, "{seen} files");
    hits
}

/// S1.
#[test]
fn nothing_that_is_published_names_a_person() {
    let canaries = canaries(&[&shared().input]);
    for night in &shared().nights {
        clean(published(&canaries, Path::new(crate::support::text(night, "folder"))));
    }
}

/// Bytes of a file, and of what is packed in it.
fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = std::fs::read(path).expect("a file");
    if path.extension().is_some_and(|e| e == "xlsx") {
        let file = std::fs::File::open(path).expect("a file");
        let mut zip = zip::ZipArchive::new(file).expect("a workbook");
        for at in 0..zip.len() {
            let mut part = zip.by_index(at).expect("a part");
            std::io::Read::read_to_end(&mut part, &mut bytes).expect("read");
        }
    }
    bytes
}

/// S1: workbooks, letters, bulletins and lists go to counties, readers and doctors.
#[test]
fn nothing_that_leaves_the_province_names_a_person() {
    let canaries = canaries(&[&shared().input]);
    let home = temp();
    let (lake, out) = (home.path().join("lake"), home.path().join("out"));
    copy(&shared().lake, &lake);
    std::fs::create_dir(&out).expect("a folder");
    let to = |name: &str| out.join(name).display().to_string();
    let [packs, letters, visits, lines] = ["packs", "letters", "visits.html", "visits.csv"].map(to);
    let [page, annex] = ["b.html", "b.xlsx"].map(to);
    let [public, tables] = ["public.html", "public.xlsx"].map(to);
    for words in [
        &["pack", "issue", "--month", "2026-11", "--out", &packs][..],
        &["pack", "letters", "--on", "2027-03-01", "--out", &letters],
        &["bulletin", "--month", "2026-11", "--out", &page, "--annex", &annex],
        &["bulletin", "--month", "2026-11", "--public", "--out", &public, "--annex", &tables],
        &["worklist", "--village", "62", "--office", "--html", &visits],
        &["worklist", "--village", "62", "--office", "--output", "csv", "--to", &lines],
    ] {
        let call = Bidui::new(words[0]).args(&words[1..]).arg("--pipeline").arg(gansu());
        call.arg("--lake").arg(&lake).env("BIDUI_ACTOR", "省卫健委甲").go().ended(0);
    }
    let files = bidui::lake::files_below(&out).expect("files");
    assert!(files.len() > 12, "{} files", files.len());
    let hits =
        |file: &bidui::lake::FileEntry| canaries.hits(&file.path, &unpacked(&out.join(&file.path)));
    clean(files.iter().flat_map(hits).collect());
}

/// S1.
#[test]
fn nothing_that_is_said_names_a_person() {
    let canaries = canaries(&[&shared().input, tiny()]);
    let home = temp();
    let files = talk(home.path());
    let mut hits = Vec::new();
    for name in bidui::lake::names_in(&log_dir()) {
        let bytes = std::fs::read(log_dir().join(&name)).expect("a log");
        hits.extend(canaries.hits(&name, &bytes));
    }
    for file in files {
        hits.extend(canaries.hits(&file.display().to_string(), &cells(&file)));
    }
    clean(hits);
}

/// S1: whatever is wrong with an extract, its persons are not told of.
#[test]
fn errors_about_extracts_name_no_person() {
    let canaries = canaries(&[tiny()]);
    let night = tiny().join("2026-11-11");
    let read = |start: &str| std::fs::read(file_like(&night, start)).expect("an extract");
    let text = String::from_utf8_lossy(&read("居民医保缴费_")).into_owned();
    let after_heading = text.split_once('\n').expect("a heading").1.to_owned();
    let third = Third::run(&gansu(), |folder| {
        // Without its heading: the first row looks like one.
        std::fs::write(folder.join("居民医保缴费_202610_a.csv"), &after_heading).expect("written");
        // A person's row where new columns would be.
        let first = after_heading.lines().next().unwrap_or_default();
        let people = csv(&tiny().join("truth/people.csv"));
        let who = format!("{},{}", people[0]["name"], people[0]["id_no"]);
        let wider = text.replacen('\n', &format!(",{who}\n"), 1);
        std::fs::write(folder.join("居民医保缴费_202609_b.csv"), wider).expect("written");
        // Every second row cut in its middle.
        let torn: String = text
            .lines()
            .enumerate()
            .map(|(n, l)| {
                let keep = if n % 2 == 1 { l.chars().count() / 2 } else { usize::MAX };
                l.chars().take(keep).chain(['\n']).collect::<String>()
            })
            .collect();
        std::fs::write(folder.join("居民医保缴费_202608_c.csv"), torn).expect("written");
        // A line of JSON that is no JSON.
        let record = format!("{{\"visitNo\": \"{first}\"\n");
        std::fs::write(folder.join("慢病随访_202610_d.ndjson"), record).expect("written");
    });
    let summary = third.night();
    assert!(list(&summary, "deliveries").len() >= 4);
    let mut hits = canaries.hits("stdout", third.said.stdout.as_bytes());
    hits.extend(canaries.hits("stderr", third.said.stderr.as_bytes()));
    hits.extend(published(&canaries, &current(&third.lake())));
    let show = Bidui::new("show").arg("rejects").arg(gansu()).arg("--lake").arg(third.lake());
    let shown = show.args(&["--output", "csv"]).go().ended(0);
    hits.extend(canaries.hits("show rejects", shown.stdout.as_bytes()));
    clean(hits);
}

/// S1: the number of a disability card is the citizen ID and two digits more.
#[test]
fn the_number_of_a_disability_card_is_not_shown() {
    let canaries = canaries(&[&shared().input]);
    let policies = crate::support::Policies::new();
    // All disabled persons, by a rule that rests on their cards.
    let rule = "basic-medical/rules/INS06.sql";
    let applies = "applies: alive AND resident_ins AND insured_in_province AND is_subsidy_eligible";
    policies.edit(rule, applies, "applies: alive");
    let poor = "---*/\nsubsidy_amt < param('subsidy_min', division, ins_year)";
    policies.edit(rule, poor, "---*/\ncoalesce(group_names LIKE '%重度残疾%', false)");
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(&shared().input.join("2026-11-10"), &input.join("2026-11-10"));
    run(&policies.gansu(), &input, &lake).go().ended(0);
    let mut cards = 0;
    for anomaly in anomalies(&current(&lake)).iter().filter(|a| a.rule == "INS06") {
        let explain = Bidui::new("explain").arg(&anomaly.anomaly).arg(policies.gansu());
        let said = explain.arg("--lake").arg(&lake).go().ended(0).stdout;
        clean(canaries.hits("explain", said.as_bytes()));
        cards += usize::from(said.contains("肢体二级"));
    }
    assert!(cards > 0, "somebody has a card");
}

/// S1: a rule that trips over a value does not repeat it.
#[test]
fn an_error_of_the_engine_quotes_no_value() {
    let canaries = canaries(&[tiny()]);
    let policies = crate::support::Policies::new();
    let rule = "basic-medical/rules/INS02.sql";
    let text = std::fs::read_to_string(policies.file(rule)).expect("a rule");
    let (header, _) = text.split_once("---*/").expect("a header");
    let applies =
        regex::Regex::new("applies: .*").expect("a regex").replace(header, "applies: true");
    let predicate = format!("{applies}---*/\nCAST(name AS BIGINT) > 0\n");
    std::fs::write(policies.file(rule), predicate).expect("written");
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    copy(tiny(), &input);
    let said = run(&policies.gansu(), &input, &lake).go();
    // A name is no number: the rule fails on it, is not run, and the night says so.
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("failed on a row"), "{}", said.stdout);
    let mut hits = canaries.hits("stderr", said.stderr.as_bytes());
    hits.extend(canaries.hits("stdout", said.stdout.as_bytes()));
    // Names of two characters are no canaries elsewhere; here any name counts.
    for person in csv(&tiny().join("truth/people.csv")) {
        if said.stderr.contains(&person["name"]) || said.stdout.contains(&person["name"]) {
            hits.push("a name in what was said".to_owned());
        }
    }
    clean(hits);
}

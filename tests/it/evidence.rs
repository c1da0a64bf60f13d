//! Every anomaly goes back to the lines that it rests on.

use std::path::Path;

use bidui::feed::receipt::{PartAccount, Receipt};
use bidui::ledger::case::Case;
use bidui::ledger::store::{Store, file_address};
use bidui::pipeline::schema::table_schema;
use serde_json::Value;

use crate::mini::{NIGHTS, mini};
use crate::support::{
    Bidui, Policies, anomalies, current, files_like, gansu, list, number, run, shared, temp, text,
    tiny_lake,
};

/// How many anomalies are followed back.
const SAMPLE: usize = 50;

fn explain(lake: &Path, anomaly: &str) -> Value {
    explain_by(&gansu(), lake, anomaly)
}

fn explain_by(pipeline: &Path, lake: &Path, anomaly: &str) -> Value {
    let said = Bidui::new("explain").arg(anomaly).arg(pipeline).arg("--lake");
    let said = said.arg(lake).args(&["--output", "json"]).go().ended(0);
    serde_json::from_str(&said.stdout).expect("one JSON object")
}

/// The receipt of a source row and the part that its line stands in.
fn part(row: &Value) -> (std::path::PathBuf, PartAccount) {
    let folder =
        shared().lake.join("deliveries").join(text(row, "feed")).join(text(row, "delivery"));
    let receipt = Receipt::read(&folder).expect("a receipt");
    let own = |p: &&PartAccount| {
        p.file == text(row, "file") && p.sheet.as_deref() == row["sheet"].as_str()
    };
    let part = receipt.parts.iter().find(own).unwrap_or_else(|| panic!("no part of {row}"));
    (folder, part.clone())
}

/// Cells of the record that begins at a byte of an archived file, and its line.
fn record_at(bytes: &[u8], at: usize, part: &PartAccount) -> (Vec<String>, u64) {
    let name = part.encoding.as_deref().unwrap_or("UTF-8").to_uppercase();
    let wide = name.contains("UTF-16");
    let encoding = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    let delimiter = part.delimiter.unwrap_or(',');
    if wide {
        let end =
            bytes[at..].chunks(2).position(|c| c == b"\n\0").map_or(bytes.len(), |n| at + n * 2);
        assert_eq!(&bytes[at - 2..at], b"\n\0", "a record begins after an end of line");
        let (line, _) = encoding.decode_without_bom_handling(&bytes[at..end]);
        let ends = bytes[..at].chunks(2).filter(|c| *c == b"\n\0").count();
        return (split(&line, delimiter), ends as u64 + 1);
    }
    assert_eq!(bytes[at - 1], b'\n', "a record begins after an end of line");
    let end = bytes[at..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| at + n);
    let (line, _) = encoding.decode_without_bom_handling(&bytes[at..end]);
    let ends = bytes[..at].iter().filter(|b| **b == b'\n').count();
    (split(&line, delimiter), ends as u64 + 1)
}

fn split(line: &str, delimiter: char) -> Vec<String> {
    let line = line.trim_end_matches(['\r', '\n']);
    if delimiter == ',' {
        return bidui::codes::split(line);
    }
    line.split(delimiter).map(str::to_owned).collect()
}

/// Re-reads the bytes of a row of a CSV file. Was it one?
fn reread(row: &Value) -> bool {
    let (folder, part) = part(row);
    let file = text(row, "file");
    let byte = row["byte"].as_u64().unwrap_or(0) as usize;
    if byte == 0 || !file.ends_with(".csv") || file.contains('!') {
        return false;
    }
    let bytes = std::fs::read(folder.join("raw").join(file)).expect("the archived file");
    let (cells, line) = record_at(&bytes, byte, &part);
    assert_eq!(line, number(row, "line"), "{file} at byte {byte}");
    let heading = heading(&bytes, &part);
    assert_eq!(cells.len(), heading, "{file}:{line} is a whole record");
    true
}

/// Number of headings of a part.
fn heading(bytes: &[u8], part: &PartAccount) -> usize {
    let name = part.encoding.as_deref().unwrap_or("UTF-8").to_uppercase();
    let encoding = encoding_rs::Encoding::for_label(name.as_bytes()).unwrap_or(encoding_rs::UTF_8);
    let (all, _, _) = encoding.decode(bytes);
    let line = all.lines().nth(part.header_line as usize - 1).expect("a heading");
    split(line, part.delimiter.unwrap_or(',')).len()
}

/// R9.
#[test]
fn every_anomaly_names_the_rows_that_it_rests_on() {
    let night = current(&shared().lake);
    let all: Vec<_> = anomalies(&night)
        .into_iter()
        .filter(|a| !matches!(a.state.word(), "cleared" | "held"))
        .collect();
    let step = all.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<_> = all.iter().step_by(step).collect();
    assert!(sample.len() >= 25, "{} of {} anomalies", sample.len(), all.len());
    let counter = std::sync::atomic::AtomicUsize::new(0);
    let reread_rows = &counter;
    std::thread::scope(|scope| {
        for half in sample.chunks(sample.len().div_ceil(2)) {
            scope.spawn(move || {
                for anomaly in half {
                    let said = explain(&shared().lake, &anomaly.anomaly);
                    assert_eq!(text(&said, "anomaly"), anomaly.anomaly);
                    assert_eq!(text(&said, "rule"), anomaly.rule);
                    assert_eq!(text(&said, "version"), anomaly.rule_version);
                    assert_eq!(text(&said, "message"), anomaly.message);
                    assert!(text(&said, "rule_text").contains("over:"), "{}", anomaly.rule);
                    assert!(said["evidence"].is_object());
                    let rows = list(&said, "rows");
                    assert!(
                        !rows.is_empty(),
                        "{} {} rests on no row",
                        anomaly.rule,
                        anomaly.anomaly
                    );
                    for row in rows.iter().filter(|r| !is_system(r)) {
                        assert!(number(row, "line") > 0, "{row}");
                        let (folder, _) = part(row);
                        let outer = text(row, "file").split('!').next().unwrap_or_default();
                        assert!(folder.join("raw").join(outer).is_file(), "{row}");
                        assert!(row["values"].is_object(), "{row}");
                        let counted = usize::from(reread(row));
                        reread_rows.fetch_add(counted, std::sync::atomic::Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let reread_rows = counter.into_inner();
    assert!(reread_rows >= 20, "{reread_rows} rows were read again from their bytes");
}

/// The archived files are the extracts, byte for byte.
#[test]
fn extracts_are_kept_as_they_came() {
    let home = shared().lake.join("deliveries");
    let mut count = 0;
    for feed in bidui::lake::names_in(&home) {
        for delivery in bidui::lake::names_in(&home.join(&feed)) {
            let folder = home.join(&feed).join(delivery);
            let receipt = Receipt::read(&folder).expect("a receipt");
            for file in &receipt.files {
                let night = shared().input.join(receipt.received.to_string());
                let hash =
                    |dir: &Path| bidui::lake::hash_file(&dir.join(&file.name)).expect("a file");
                assert_eq!(hash(&folder.join("raw")), file.blake3);
                assert_eq!(hash(&night), file.blake3);
                count += 1;
            }
        }
    }
    assert!(count > 40, "{count} files");
}

/// Does a row speak of a case or a delivery? Then no line of a file says it.
fn is_system(row: &Value) -> bool {
    ["case_file", "delivery_log"].contains(&text(row, "table"))
}

/// What rests on no line of an extract: a case that nobody answers, a delivery that did not come.
#[test]
fn anomalies_about_cases_and_deliveries_name_them() {
    let home = temp();
    let (input, lake) = (home.path().join("input"), home.path().join("lake"));
    let made = Bidui::new("fake").arg(gansu()).arg("--out").arg(&input).arg("--quiet");
    let made = made.args(&["--people", "120", "--seed", "11", "--nights", "2", "--every", "14"]);
    made.args(&["--counties", "620122,620423"]).go().ended(0);
    for file in files_like(&input.join("2026-11-24"), "健康帮扶措施_皋兰县") {
        std::fs::remove_file(file).expect("removed");
    }
    let night = |date: &str| run(&gansu(), &input, &lake).args(&["--date", date, "--only"]).go();
    night("2026-11-10").ended(0);
    let pack = Bidui::new("pack").args(&["issue", "--month", "2026-11", "--actor", "甲"]);
    pack.arg("--pipeline").arg(gansu()).arg("--lake").arg(&lake).go().ended(0);
    night("2026-11-24").ended(0);
    let found = anomalies(&current(&lake));

    let late = found.iter().find(|a| a.rule == "MEC04").expect("a case that is overdue");
    let said = explain(&lake, &late.anomaly);
    let [case] = list(&said, "rows").as_slice() else { panic!("one case: {said}") };
    assert_eq!((text(case, "case"), text(case, "table")), (late.subject.as_str(), "case_file"));
    assert_eq!(text(&case["values"], "状态"), "issued");
    let page = Bidui::new("explain").arg(&late.anomaly).arg(gansu()).arg("--lake").arg(&lake);
    let page = page.go().ended(0).stdout;
    assert!(page.contains(&format!("bidui case show {}", late.subject)), "{page}");

    let missing = found.iter().find(|a| a.subject == "measure:620122").expect("a delivery");
    let said = explain(&lake, &missing.anomaly);
    let [delivery] = list(&said, "rows").as_slice() else { panic!("its last delivery: {said}") };
    assert_eq!((text(delivery, "feed"), number(delivery, "line")), ("measure", 0));
    assert!(text(delivery, "file").starts_with("健康帮扶措施_皋兰县"), "{delivery}");
    let folder = lake.join("deliveries/measure").join(text(delivery, "delivery"));
    assert_eq!(Receipt::read(&folder).expect("a receipt").part.as_deref(), Some("皋兰县"));
    assert_eq!(text(&delivery["values"], "接收日期"), "2026-11-10");
}

/// The illness, or the deaths, that a household lacks.
const OF_NO_SUBJECT: [(&str, &str); 3] =
    [("LST07", "disease_reg"), ("MEC01", "death"), ("MEC02", "death")];

/// By its view's `trace`, its subject or `within`: who is on which list, say, for a bill.
#[test]
fn each_table_that_a_rule_needs_is_gone_back_to() {
    let pipeline = bidui::pipeline::load(&gansu()).expect("it loads");
    let mut count = 0;
    for rule in pipeline.active_rules() {
        let view = &pipeline.views[&rule.over];
        for table in rule.needs.iter().filter_map(|need| pipeline.tables.get(need)) {
            let subject = vec![view.subject.clone()];
            let columns = view.trace.get(&table.id).unwrap_or(&subject);
            let schema = table_schema(table);
            let traced = columns.iter().any(|column| schema.index_of(column).is_ok())
                || view.within.contains_key(&table.id);
            let pair = (rule.id.as_str(), table.id.as_str());
            assert_eq!(traced, !OF_NO_SUBJECT.contains(&pair), "{pair:?}");
            count += 1;
        }
    }
    assert!(count > 100, "{count} tables");
}

/// A total is told by how many rows lie in the county, and by the first of them.
#[test]
fn a_county_that_is_counted_goes_back_to_its_rows() {
    let found = anomalies(&current(&shared().lake));
    let one = found.iter().find(|a| a.rule == "REC02").expect("a county");
    let said = explain(&shared().lake, &one.anomaly);
    let of = |row: &&Value| text(row, "table") == "poverty_member";
    let members: Vec<&Value> = list(&said, "rows").iter().filter(of).collect();
    let count = said["counted"]["poverty_member"].as_i64().expect("a count");
    assert!(count > 5 && members.len() == 5, "{count} rows: {said}");
    let pipeline = bidui::pipeline::load(&gansu()).expect("it loads");
    let village = pipeline.tables["poverty_member"].column("village_code").expect("a column");
    for row in members {
        assert!(text(&row["values"], &village.title).starts_with(&one.subject), "{row}");
    }
    let page = Bidui::new("explain").arg(&one.anomaly).arg(gansu()).arg("--lake");
    let page = page.arg(&shared().lake).go().ended(0).stdout;
    assert!(page.contains(&format!("poverty_member · 区域内共 {count} 行")), "{page}");
}

#[test]
fn an_unknown_anomaly_is_said_to_be_unknown() {
    let said = Bidui::new("explain").arg("0123456789abcdef").arg(gansu());
    let said = said.arg("--lake").arg(&shared().lake).go().ended(2);
    assert!(said.stderr.contains("0123456789abcdef"), "{}", said.stderr);
}

/// What is over is in no later table: the newest night that has it tells of it.
#[test]
fn a_case_is_explained_by_its_number_when_its_anomaly_is_over_too() {
    let home = temp();
    let (world, lake) = (mini(), home.path().join("lake"));
    run(&world.pipeline, &world.input, &lake).go().ended(0);
    let store = Store::open(&file_address(&lake.join("ledger.sqlite"))).expect("a ledger");
    let cases = store.cases().expect("cases").by_number;
    let found = anomalies(&current(&lake));
    let there = |case: &Case| found.iter().any(|a| a.anomaly == case.anomaly);
    let explained = |case: &Case| {
        let said = explain_by(&world.pipeline, &lake, &case.number);
        assert_eq!(text(&said, "anomaly"), case.anomaly);
        (text(&said, "night").to_owned(), text(&said, "state").to_owned())
    };
    let over = cases.values().find(|case| !there(case)).expect("a case that is over");
    let (night, state) = explained(over);
    assert!(night.starts_with(NIGHTS[1]) && state == "cleared", "{night} {state}");
    let open = cases.values().find(|case| there(case)).expect("a case of tonight");
    assert!(explained(open).0.starts_with(NIGHTS[2]));
    let say = |words: &[&str], code| {
        let say = Bidui::new("explain").args(words).arg("--lake").arg(&lake);
        say.go().ended(code).stderr
    };
    let pipeline = world.pipeline.display().to_string();
    // A night that is asked for answers for itself.
    say(&[over.anomaly.as_str(), &pipeline, "--night", NIGHTS[2]], 2);
    assert!(say(&["BD-0", &pipeline], 2).contains("no anomaly or case BD-0"));
}

/// Contracts that were edited since read the same extracts anew, in the next run: the night rests on what
/// it had.
#[test]
fn an_anomaly_rests_on_what_its_night_had() {
    let policies = Policies::new();
    for name in bidui::lake::names_in(&policies.file("gansu/feeds")) {
        let path = policies.file("gansu/feeds").join(name);
        let text = std::fs::read_to_string(&path).expect("a feed");
        std::fs::write(path, format!("{text}\n# edited since\n")).expect("written");
    }
    let rows = |pipeline: &Path, anomaly: &str| -> Vec<Value> {
        let said = explain_by(pipeline, tiny_lake(), anomaly);
        list(&said, "rows").iter().filter(|row| !is_system(row)).cloned().collect()
    };
    let found = anomalies(&current(tiny_lake()));
    let mut count = 0;
    for anomaly in found.iter().filter(|a| a.state.word() != "cleared").step_by(20).take(4) {
        let then = rows(&gansu(), &anomaly.anomaly);
        assert_eq!(rows(&policies.gansu(), &anomaly.anomaly), then, "{}", anomaly.rule);
        count += then.len();
    }
    assert!(count > 3, "{count} rows");
}

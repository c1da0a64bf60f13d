//! Files and policies that are wrong: each is named, says what to do next, and leaves the published
//! night as it was.

use std::path::Path;

use serde_json::Value;

use crate::mini::{NIGHTS, mini};
use crate::support::{
    Bidui, Policies, Third, copy, current, file_like, gansu, list, run, temp, text, tiny,
    tiny_lake, tree,
};

/// A file that cannot be used: its name, its bytes (none for a folder), what is said of it and what
/// to do.
struct Broken {
    name: &'static str,
    bytes: Option<Vec<u8>>,
    says: &'static str,
    next: &'static str,
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..length).map(|_| byte()).collect()
}

fn settlement_zip() -> Vec<u8> {
    let file = file_like(&tiny().join("2026-11-11"), "医保结算明细_");
    std::fs::read(file).expect("a zip")
}

/// The same zip with every member marked as encrypted.
fn locked_zip() -> Vec<u8> {
    let mut bytes = settlement_zip();
    for at in 0..bytes.len() - 10 {
        match &bytes[at..at + 4] {
            b"PK\x03\x04" => bytes[at + 6] |= 1,
            b"PK\x01\x02" => bytes[at + 8] |= 1,
            _ => {}
        }
    }
    bytes
}

/// The wrapping of a workbook that was saved with a password.
fn locked_workbook() -> Vec<u8> {
    let mut bytes = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1".to_vec();
    bytes.resize(1024, 0);
    bytes.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
    bytes.resize(4096, 0);
    bytes
}

fn broken_files() -> Vec<Broken> {
    let zip = settlement_zip();
    vec![
        Broken {
            name: "居民医保缴费_202610_a.csv",
            bytes: Some(Vec::new()),
            says: "is empty",
            next: "deliver it again",
        },
        Broken {
            name: "患病核准_202610_b.csv", bytes: None, says: "is a folder", next: "file"
        },
        Broken {
            name: "医保结算明细_202610_c.zip",
            bytes: Some(zip[..zip.len() / 2].to_vec()),
            says: "cannot be read as a zip",
            next: "again",
        },
        Broken {
            name: "医保结算明细_202609_d.zip",
            bytes: Some(locked_zip()),
            says: "protected by a password",
            next: "password",
        },
        Broken {
            name: "派驻人员_202610_e.xlsx",
            bytes: Some(locked_workbook()),
            says: "protected by a password",
            next: "without a password",
        },
        Broken {
            name: "全员人口_202610_f.csv",
            bytes: Some(noise(20_000)),
            says: "全员人口_202610_f.csv",
            next: "encoding",
        },
        Broken {
            name: "家庭医生签约_202610_g.csv",
            bytes: Some("协议编号,身份证号,姓名\r\nQ1,,王某\r\n".as_bytes().to_vec()),
            says: "no column",
            next: "from",
        },
        Broken {
            name: "远程医疗接入_202609_h.xlsx",
            bytes: Some(noise(5000)),
            says: "by its first bytes",
            next: "again",
        },
    ]
}

fn put(folder: &Path, broken: &Broken) {
    let path = folder.join(broken.name);
    match &broken.bytes {
        Some(bytes) => std::fs::write(path, bytes).expect("written"),
        None => std::fs::create_dir(path).expect("a folder"),
    }
}

/// What the night says of a delivery with this file.
fn notes(night: &Value, name: &str) -> (String, String) {
    let speaks = |d: &&Value| d["notes"].to_string().contains(name);
    let own: Vec<&Value> = list(night, "deliveries").iter().filter(speaks).collect();
    assert_eq!(own.len(), 1, "{name} in {}", night["deliveries"]);
    (text(own[0], "verdict").to_owned(), own[0]["notes"].to_string())
}

#[test]
fn files_that_cannot_be_read_are_refused_and_the_night_goes_on() {
    let quiet = Third::run(&gansu(), |_| ()).night();
    let third = Third::run(&gansu(), |folder| {
        broken_files().iter().for_each(|b| put(folder, b));
    });
    let night = third.night();
    for broken in broken_files() {
        let (verdict, notes) = notes(&night, broken.name);
        assert_eq!(verdict, "refused", "{}", broken.name);
        assert!(notes.contains(broken.says), "{notes}");
    }
    // Nothing of what was known is lost for it.
    for name in ["feeds", "rules", "anomalies"] {
        assert_eq!(but_for_refusals(&night[name]), but_for_refusals(&quiet[name]), "{name}");
    }
}

/// What a night says, without how many deliveries of each feed it refused.
pub fn but_for_refusals(said: &Value) -> Value {
    let mut said = said.clone();
    let lines = said.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
    lines.for_each(|line| _ = line.remove("refused"));
    said
}

#[test]
fn a_file_that_cannot_be_opened_is_refused_and_the_night_goes_on() {
    let name = "患病核准_202610_s.csv";
    let third = Third::run(&gansu(), |folder| {
        std::os::unix::fs::symlink("/nowhere/at/all", folder.join(name)).expect("a link");
    });
    let (verdict, notes) = notes(&third.night(), name);
    assert_eq!(verdict, "refused");
    assert!(notes.contains("cannot open") && notes.contains("deliver it again"), "{notes}");
    assert!(!notes.contains("2026-11-12/"), "where the inbox is concerns nobody: {notes}");
}

#[test]
fn a_refusal_says_what_to_do_next() {
    let third = Third::run(&gansu(), |folder| {
        broken_files().iter().for_each(|b| put(folder, b));
    });
    let night = third.night();
    let without: Vec<String> = broken_files()
        .iter()
        .map(|b| (b, notes(&night, b.name).1))
        .filter(|(b, notes)| !notes.contains(b.next))
        .map(|(b, notes)| format!("{}: {notes} lacks {:?}", b.name, b.next))
        .collect();
    assert!(without.is_empty(), "{}", without.join("\n"));
}

#[test]
fn a_broken_file_whose_contract_says_stop_stops_the_night() {
    for broken in broken_files() {
        let policies = Policies::new();
        for feed in std::fs::read_dir(policies.file("gansu/feeds")).expect("feeds").flatten() {
            let text = std::fs::read_to_string(feed.path()).expect("a contract");
            let stop = text.replace("broken_file: report", "broken_file: stop");
            std::fs::write(feed.path(), stop).expect("written");
        }
        // The lake was made under the contract as it is in the repository.
        let third = Third::run(&policies.gansu(), |folder| put(folder, &broken));
        let said = &third.said;
        assert_eq!(said.code, Some(1), "{}: {}", broken.name, said.stderr);
        assert!(said.stderr.contains(broken.says), "{}", said.stderr);
        assert!(said.stderr.contains(broken.name), "{}", said.stderr);
        assert!(said.stderr.contains("hint:"), "{}", said.stderr);
        let (own, before) = (current(&third.lake()), current(tiny_lake()));
        assert_eq!(own.file_name(), before.file_name());
        assert_eq!(tree(&own), tree(&before));
    }
}

/// An extract with so many bad rows that its contract refuses it.
#[test]
fn an_extract_beyond_its_quarantine_limit_is_refused() {
    let third = Third::run(&gansu(), |folder| {
        let mut text = String::from(
            "登记编号,身份证号,姓名,出生日期,病种类别,病种,疾病编码,确诊日期,救治状态,首次救治日期,\
             救治机构代码,行政村区划代码\r\n",
        );
        for row in 0..20 {
            text.push_str(&format!("R{row},,王某,1960-01-01,,{},,第三天,,,,\r\n", "高血压"));
        }
        std::fs::write(folder.join("患病核准_202610_z.csv"), text).expect("written");
    });
    let night = third.night();
    let delivery = &list(&night, "deliveries")[0];
    assert_eq!(text(delivery, "verdict"), "refused", "{delivery}");
    assert!(delivery["notes"].to_string().contains("quarantined"), "{delivery}");
}

/// A fault of a pipeline: what is edited, what is said, where, and what to do.
struct Fault {
    edit: fn(&Policies),
    place: &'static str,
    says: &'static str,
    next: &'static str,
}

const VIEW: &str = "/*---\ntitle: {zh: 圈, en: Circle}\nsubject: a\ndivision: a\n---*/\n";

fn faults() -> Vec<Fault> {
    vec![
        Fault {
            edit: |p| {
                let view = |of: &str| format!("{VIEW}SELECT a FROM {of}\n");
                std::fs::write(p.file("gansu/views/one.sql"), view("two")).expect("written");
                std::fs::write(p.file("gansu/views/two.sql"), view("one")).expect("written");
            },
            place: "one.sql:1:1",
            says: "views read each other in a circle: one, two",
            next: "take what they share",
        },
        Fault {
            edit: |p| p.edit("gansu/pipeline.yaml", "extends: basic-medical", "extends: gansu"),
            place: "pipeline.yaml:2:",
            says: "`extends` goes round in a circle",
            next: "never itself",
        },
        Fault {
            edit: |p| p.edit("basic-medical/rules/ORG01.sql", "clinics = 0", "clinisc = 0"),
            place: "ORG01.sql:",
            says: "there is no column `clinisc`",
            next: "did you mean `clinics`",
        },
        Fault {
            edit: |p| p.edit("gansu/feeds/contract.yaml", "sender:", "sendr:"),
            place: "contract.yaml:2:1",
            says: "sendr",
            next: "sender",
        },
        Fault {
            edit: |p| p.edit("gansu/feeds/contract.yaml", "to: sign_date", "to: sing_date"),
            place: "contract.yaml:",
            says: "sing_date",
            next: "did you mean `sign_date`",
        },
        Fault {
            edit: |p| {
                p.edit("basic-medical/rules/ORG01.sql", "over: village_cover", "over: vilage")
            },
            place: "ORG01.sql:3:",
            says: "there is no view `vilage`",
            next: "did you mean `village_cover`",
        },
        Fault {
            edit: |p| {
                let test = p.file("basic-medical/rules/ORG01.test.yaml");
                std::fs::remove_file(test).expect("removed");
            },
            place: "ORG01.sql",
            says: "no worked example",
            next: "given and expect",
        },
        Fault {
            edit: |p| {
                p.edit(
                    "basic-medical/views/facility.sql",
                    "CROSS JOIN institution i",
                    "CROSS JOIN institution i WHER",
                )
            },
            place: "facility.sql:",
            says: "error",
            next: "facility.sql",
        },
    ]
}

/// A view that is said to be large, and that cannot be built for some households at a time.
fn large_view() -> Fault {
    Fault {
        edit: |p| p.edit("basic-medical/views/household.sql", "s.hh_no = m.hh_no AND s.", "s."),
        place: "household.sql:6:",
        says: "a join of hh_no tables is not on hh_no",
        next: "or take `large` away",
    }
}

/// Letters that would go out together: three working days are five days over a weekend.
fn letters_at_once() -> Fault {
    Fault {
        edit: |p| p.edit("basic-medical/rules/ORG01.sql", "[7d, 15d]", "[5d, 15d]"),
        place: "ORG01.sql:",
        says: "the letter of `5d` may go out with that of `3wd`",
        next: "terms count from the day of the pack",
    }
}

/// What names a person in what rules show: in other letters, as it came, as the view calls it, in an
/// anchor.
fn names() -> Vec<Fault> {
    fn named(says: &'static str, edit: fn(&Policies)) -> Fault {
        Fault { edit, place: "LST01.sql:", says, next: "leave it out" }
    }
    fn shown(p: &Policies, evidence: &str) {
        let more = format!("  - more: \"{evidence}\"\n  - members\n");
        p.edit("basic-medical/rules/LST01.sql", "  - members\n", &more);
    }
    vec![
        named("`more` shows `NAME`, which names a person", |p| shown(p, "substr(NAME, 1, 9)")),
        named("`more` shows `id_no_raw`, which names a person", |p| shown(p, "max(id_no_raw)")),
        named("anchor `head` shows `head`, which names a person", |p| {
            let anchored = "anchor: head\nseverity:";
            p.edit("basic-medical/rules/LST01.sql", "severity:", anchored);
            p.edit("basic-medical/views/household.sql", "name: head_name", "name: head");
        }),
    ]
}

/// What there is none of would be NULL, in a rule, a view and an indicator.
fn nothing_of_that_name() -> Vec<Fault> {
    vec![
        Fault {
            edit: |p| p.edit("basic-medical/rules/INS01.sql", "'newborn_days'", "'newborn_day'"),
            place: "INS01.sql:4:",
            says: "there is no parameter `newborn_day`",
            next: "did you mean `newborn_days`?",
        },
        Fault {
            edit: |p| p.edit("basic-medical/views/person.sql", "'subsidy_groups'", "'groups'"),
            place: "person.sql:",
            says: "there is no code list `groups`",
            next: "in_list('groups', group_code)) AS is_subsidy_group",
        },
        Fault {
            edit: |p| p.edit("basic-medical/indicators/I02.sql", "'subsidy_min'", "'subsidy'"),
            place: "I02.sql:",
            says: "there is no parameter `subsidy`",
            next: "subsidy_amt >= param('subsidy',",
        },
    ]
}

/// Waivers whose columns are not those of their table.
fn waivers() -> Vec<Fault> {
    vec![
        Fault {
            edit: |p| p.edit("basic-medical/pipeline.yaml", "to: valid_to", "to: valid_till"),
            place: "pipeline.yaml:",
            says: "there is no column of waiver `valid_till`",
            next: "did you mean `valid_to`?",
        },
        Fault {
            edit: |p| p.edit("basic-medical/pipeline.yaml", "from: valid_from", "from: approver"),
            place: "pipeline.yaml:",
            says: "`approver` of waiver is a day of waivers, and no date",
            next: "of type date",
        },
    ]
}

/// What gives something else each time that it is asked, in a rule, a view and an indicator.
fn clocks() -> Vec<Fault> {
    let next = "asof() is the night's date";
    vec![
        Fault {
            edit: |p| {
                let late = "clinics = 0 AND now() IS NOT NULL";
                p.edit("basic-medical/rules/ORG01.sql", "clinics = 0", late);
            },
            place: "ORG01.sql:",
            says: "Invalid function 'now'",
            next,
        },
        Fault {
            edit: |p| {
                let today = "  concat(i.name, CAST(current_date() AS VARCHAR)) AS org_name,";
                p.edit("basic-medical/views/facility.sql", "  i.name AS org_name,", today);
            },
            place: "facility.sql:",
            says: "Invalid function 'current_date'",
            next,
        },
        Fault {
            // Without brackets it is taken for a column.
            edit: |p| {
                let today = "  concat(i.name, CAST(current_date AS VARCHAR)) AS org_name,";
                p.edit("basic-medical/views/facility.sql", "  i.name AS org_name,", today);
            },
            place: "facility.sql:",
            says: "there is no column `current_date`",
            next: "facility.sql",
        },
        Fault {
            edit: |p| p.edit("basic-medical/indicators/I01.sql", "count(*)", "count(uuid())"),
            place: "I01.sql:",
            says: "Invalid function 'uuid'",
            next,
        },
    ]
}

/// A key that no rule has.
fn dead_key() -> Fault {
    Fault {
        edit: |p| {
            let key = "resolved_if: clinics > 0\nseverity:";
            p.edit("basic-medical/rules/ORG01.sql", "severity:", key);
        },
        place: "ORG01.sql:",
        says: "unknown field",
        next: "severity",
    }
}

#[test]
fn faults_of_a_pipeline_say_where_and_what_next() {
    let home = temp();
    let lake = home.path().join("lake");
    copy(tiny_lake(), &lake);
    let before = tree(&lake);
    let more = [large_view(), letters_at_once(), dead_key()];
    let more = more.into_iter().chain(waivers()).chain(names()).chain(nothing_of_that_name());
    for fault in faults().into_iter().chain(more).chain(clocks()) {
        let policies = Policies::new();
        // A folder `views` of its own, should the pipeline have none.
        std::fs::create_dir_all(policies.file("gansu/views")).expect("a folder");
        (fault.edit)(&policies);
        let check = Bidui::new("check").arg(policies.gansu()).go().ended(2);
        let night = run(&policies.gansu(), tiny(), &lake).go().ended(2);
        for said in [check, night] {
            for part in [fault.place, fault.says, fault.next] {
                assert!(said.stderr.contains(part), "{part:?} in\n{}", said.stderr);
            }
            assert_eq!(said.stdout, "");
        }
    }
    assert_eq!(before, tree(&lake));
}

#[test]
fn all_faults_are_said_at_once() {
    let policies = Policies::new();
    policies.edit("basic-medical/rules/ORG01.sql", "over: village_cover", "over: vilage");
    policies.edit("basic-medical/rules/ORG02.sql", "needs: [village,", "needs: [vilage,");
    policies.edit("gansu/feeds/contract.yaml", "to: sign_date", "to: sing_date");
    let said = Bidui::new("check").arg(policies.gansu()).go().ended(2);
    for name in ["ORG01.sql", "ORG02.sql", "contract.yaml", "3 faults"] {
        assert!(said.stderr.contains(name), "{name} in\n{}", said.stderr);
    }
}

#[test]
fn a_command_line_that_cannot_be_obeyed_says_why() {
    let home = temp();
    let nowhere = home.path().join("nowhere");
    let lake = home.path().join("lake");
    let said = run(&gansu(), &nowhere, &lake).go().ended(2);
    assert!(said.stderr.contains("nowhere") && said.stderr.contains("hint:"), "{}", said.stderr);
    let said = run(&gansu(), home.path(), &lake).go().ended(2);
    assert!(said.stderr.contains("--date"), "{}", said.stderr);
    let said = run(&gansu(), tiny(), &lake).args(&["--buckets", "48"]).go().ended(2);
    assert!(said.stderr.contains("power of two"), "{}", said.stderr);
    let said = run(&nowhere, tiny(), &lake).go().ended(2);
    assert!(said.stderr.contains("nowhere"), "{}", said.stderr);
    assert!(!lake.join("current").exists());
}

/// A pipeline without persons to believe still has its secret, and hears of them.
#[test]
fn a_secret_without_a_spine_is_not_lost() {
    let policies = Policies::new();
    policies.edit("gansu/pipeline.yaml", "  spine: [resident, poverty_member]\n", "");
    let (pipeline, faults) = bidui::pipeline::read_folder(&policies.gansu());
    let pipeline = pipeline.expect("it is read");
    assert!(pipeline.settings.identity.secret_demo.is_some(), "identity.secret was read");
    assert_eq!(faults.len(), 1, "{faults:?}");
}

/// A later night that fails does not hide those of the same run that were published.
#[test]
fn nights_before_one_that_fails_are_told() {
    let home = temp();
    let (pipeline, input) = (home.path().join("pipeline"), home.path().join("input"));
    copy(&mini().pipeline, &pipeline);
    copy(&mini().input, &input);
    let path = pipeline.join("feeds/payment.yaml");
    let contract = std::fs::read_to_string(&path).expect("a contract");
    std::fs::write(&path, format!("{contract}limits: {{broken_file: stop}}\n")).expect("written");
    let last = file_like(&input.join(NIGHTS[2]), "缴费_");
    std::fs::write(last, "").expect("written");
    let said = run(&pipeline, &input, &home.path().join("lake")).go().ended(1);
    assert!(said.stderr.contains("is empty"), "{}", said.stderr);
    let nights: Vec<String> =
        said.json().iter().map(|night| text(night, "date").to_owned()).collect();
    assert_eq!(nights, NIGHTS[..2]);
}

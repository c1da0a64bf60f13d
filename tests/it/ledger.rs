//! Cases and their ledger, as people use them: lists, acts, refusals, faults that are found, and
//! docs that are made from the table of moves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bidui::anomaly::{State as Found, table};
use bidui::ledger::act::{Act, Draft};
use bidui::ledger::advance::{Tonight, advance};
use bidui::ledger::case::{Case, Cases};
use bidui::ledger::policy::Policy;
use bidui::ledger::state::{MOVES, State};
use bidui::ledger::store::{NightEntry, Store, file_address};
use bidui::night::setup::date_of;
use bidui::privacy::PersonKeys;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Bidui, Policies, Said, anomalies, copy, current, gansu, root, temp, text, tiny_lake,
};

/// A copy of the smaller world's lake with its cases.
struct Ledger {
    home: TempDir,
    pipeline: PathBuf,
}

impl Ledger {
    fn new() -> Self {
        let home = temp();
        copy(tiny_lake(), &home.path().join("lake"));
        let own = Self { home, pipeline: gansu() };
        if own.store().head().expect("a head").seq == 0 {
            own.first_night();
        }
        own
    }

    fn lake(&self) -> PathBuf {
        self.home.path().join("lake")
    }

    fn store(&self) -> Store {
        Store::open(&file_address(&self.lake().join("ledger.sqlite"))).expect("a ledger")
    }

    /// Opens the cases of the current night.
    fn first_night(&self) {
        let folder = current(&self.lake());
        let night = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let day = date_of(&night).expect("a date");
        let pipeline = bidui::pipeline::load(&gansu()).expect("a pipeline");
        let rows = anomalies(&folder);
        let ran = BTreeSet::new();
        let tonight = Tonight {
            day,
            anomalies: &rows,
            ran: &ran,
            unheard: &|_, _| false,
            refreshed: &|_, _| None,
            counties: &|_| true,
        };
        let policy = Policy::of(&pipeline);
        let drafts = advance(&Cases::default(), &tonight, &policy).expect("a night");
        let entry = NightEntry { night, day, before: self.store().head().expect("a head") };
        self.store().record_night(&entry, drafts, &day.to_string()).expect("recorded");
    }

    /// A command on this lake by an auditor.
    fn call(&self, words: &[&str]) -> Bidui {
        let call = Bidui::new(words[0]).args(&words[1..]).arg("--pipeline").arg(&self.pipeline);
        call.arg("--lake").arg(self.lake())
    }

    /// An act by somebody who has a name.
    fn act(&self, words: &[&str]) -> Said {
        self.call(words).env("BIDUI_ACTOR", "省卫健委甲").go()
    }

    fn list(&self, words: &[&str]) -> Vec<Value> {
        let said =
            self.call(&[&["case", "list", "--output", "json"], words].concat()).go().ended(0);
        said.json().pop().and_then(|v| v.as_array().cloned()).expect("a list")
    }

    /// Some case in a state.
    fn some(&self, state: State) -> Case {
        let cases = self.store().cases().expect("cases");
        cases.by_number.into_values().find(|c| c.state == state).expect("a case")
    }

    fn state(&self, number: &str) -> State {
        self.store().case(number).expect("read").expect("a case").state
    }

    /// Changes the file behind the ledger's back.
    fn tamper(&self, sql: &'static str) {
        use sqlx::{Connection, Executor};
        let file = self.lake().join("ledger.sqlite");
        let work = async {
            let mut file = sqlx::SqliteConnection::connect(&file_address(&file)).await?;
            file.execute(sql).await?;
            file.close().await
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work).expect("changed");
    }
}

#[test]
fn cases_are_listed_as_the_night_found_them() {
    let ledger = Ledger::new();
    let all = ledger.list(&[]);
    let open = |a: &bidui::anomaly::Anomaly| !matches!(a.state, Found::Cleared | Found::Held);
    let found = anomalies(&current(&ledger.lake()));
    assert_eq!(
        ledger.list(&["--state", "open"]).len(),
        found.iter().filter(|a| open(a) && a.waived.is_none()).count()
    );
    for case in all.iter().filter(|c| c["state"] == "pending") {
        let anomaly = found.iter().find(|a| a.anomaly == text(case, "anomaly")).expect("found");
        assert_eq!(text(case, "message"), anomaly.message);
        assert_eq!(case["who"].as_str(), anomaly.who.as_deref());
        assert_eq!(text(case, "rule"), anomaly.rule);
    }
    let only = |words: &[&str], name: &str, value: &str| {
        let some = ledger.list(words);
        let expected = all.iter().filter(|c| text(c, name).starts_with(value)).count();
        assert!(expected > 0, "{name} {value}");
        assert_eq!(some.len(), expected, "{words:?}");
    };
    let first = &all[0];
    for (flag, name) in [("--rule", "rule"), ("--severity", "severity"), ("--owner", "owner")] {
        only(&[flag, text(first, name)], name, text(first, name));
    }
    only(&["--owner", text(first, "owner_name")], "owner", text(first, "owner"));
    only(&["--county", "皋兰县"], "county", "620122");
    only(&["--county", "620122"], "county", "620122");
    only(&["--city", "兰州市"], "county", "6201");
    assert_eq!(ledger.list(&["--limit", "1"]).len(), 1);
    let cut = ledger.call(&["case", "list", "--limit", "1"]).go().ended(0).stderr;
    assert!(cut.contains(&format!("left {} more rows out", all.len() - 1)), "{cut}");
    assert_eq!(ledger.list(&["--overdue"]), Vec::<Value>::new());
    let shown = ledger.call(&["case", "list"]).go().ended(0);
    assert!(
        shown.stdout.contains("督办编号") && shown.stdout.contains("待下发"),
        "{}",
        shown.stdout
    );
    let titled = shown.stdout.contains("县卫健局") && !shown.stdout.contains("county_health");
    assert!(titled, "offices go by their titles: {}", shown.stdout);
    let wrong = ledger.call(&["case", "list", "--state", "done"]).go().ended(2);
    assert!(wrong.stderr.contains("销号"), "the states that there are: {}", wrong.stderr);
    for nowhere in ["无此县", "", "629999"] {
        ledger.call(&["case", "list", "--county", nowhere]).go().ended(2);
    }
    // An empty list would say that there is nothing of the kind.
    for (flag, nothing) in [("--rule", "NO1"), ("--owner", "无此单位")] {
        ledger.call(&["case", "list", flag, nothing]).go().ended(2);
    }
    ledger.call(&["case", "list", "--county", "000000"]).go().ended(0);
}

/// What is to be copied into the next command.
#[test]
fn the_number_of_a_case_stays_whole_on_a_narrow_terminal() {
    let ledger = Ledger::new();
    let numbers = ledger.list(&[]);
    let shown = ledger.call(&["case", "list"]).env("COLUMNS", "80").go().ended(0).stdout;
    let whole = |case: &Value| shown.contains(text(case, "number"));
    assert!(!numbers.is_empty() && numbers.iter().all(whole), "{shown}");
    let wide = |line: &str| line.chars().map(|c| 1 + usize::from(!c.is_ascii())).sum::<usize>();
    assert!(shown.lines().all(|line| wide(line) <= 80), "{shown}");
    assert!(shown.contains("名称") && !shown.contains("说明"), "{shown}");
}

#[test]
fn a_case_that_is_late_says_by_how_much() {
    let ledger = Ledger::new();
    let case = ledger.some(State::Pending);
    let store = ledger.store();
    let day = store.last_day().expect("read").expect("a day");
    let (actor, about) = ("bidui".to_owned(), case.number.clone());
    let act = Act::Issue { pack: "p".into(), due: day, steps: Vec::new() };
    store.append(vec![Draft { about, day, actor, act }], "t").expect("issued");
    let on = (day + chrono::Days::new(3)).to_string();
    let late = ledger.list(&["--overdue", "--on", &on]);
    assert_eq!(late.len(), 1);
    assert_eq!((text(&late[0], "number"), &late[0]["days_overdue"]), (&*case.number, &3.into()));
    assert_eq!(ledger.list(&["--due-before", &on]).len(), 1);
    assert!(ledger.list(&["--due-before", &day.to_string()]).is_empty());
    let answer = json!({"outcome": "fixed", "pack": "p", "file": "f"});
    let act = Act::Answer(Box::new(serde_json::from_value(answer).expect("an answer")));
    let about = case.number.clone();
    let answered = Draft { about, day, actor: "甲".into(), act };
    store.append(vec![answered], "t").expect("answered");
    assert!(ledger.list(&["--due-before", &on]).is_empty(), "nobody is asked for it any more");
}

#[test]
fn acts_want_a_reason_and_a_name() {
    let ledger = Ledger::new();
    let number = ledger.some(State::Pending).number;
    let note = ["case", "note", &number];
    ledger.act(&note).ended(2);
    let said = ledger.act(&[&note[..], &["--reason", " "]].concat()).ended(2);
    assert!(said.stderr.contains("needs a reason"), "{}", said.stderr);
    let reason = [&note[..], &["--reason", "电话已核"]].concat();
    let said = ledger.call(&reason).go().ended(2);
    assert!(said.stderr.contains("BIDUI_ACTOR"), "{}", said.stderr);
    ledger.call(&reason).env("BIDUI_ACTOR", "bidui").go().ended(2);
    ledger.call(&reason).env("USER", "lin").go().ended(0);
    ledger.act(&[&reason[..], &["--on", "2020-01-01"]].concat()).ended(2);
    let events = ledger.store().events_about(&number).expect("events");
    assert_eq!(events.len(), 2, "what is refused is not written");
    assert_eq!((&*events[1].draft.actor, events[1].draft.act.word()), ("lin", "note"));
    assert!(events[1].at.ends_with('Z') && events[1].at.len() == 20, "{}", events[1].at);
}

#[test]
fn people_act_and_the_history_says_so() {
    let ledger = Ledger::new();
    let Case { number, anomaly, .. } = ledger.some(State::Pending);
    let why = ["--reason", "入户核实"];
    let go = |words: &[&str], code: i32| {
        ledger.act(&[&["case", words[0], &number][..], &words[1..], &why].concat()).ended(code)
    };
    go(&["assign", "--to", " "], 2);
    go(&["assign", "--to", "小王"], 0);
    let refused = go(&["close"], 2);
    assert!(refused.stderr.contains("bidui case waive"), "{}", refused.stderr);
    let refused = go(&["send-back"], 2);
    assert!(refused.stderr.contains("待下发"), "{}", refused.stderr);
    go(&["waive", "--until", "2027-01-31", "--evidence-no", "E-7"], 2);
    let waive = ["waive", "--until", "2027-01-31", "--evidence-no", "E-7", "--approver", "李处"];
    go(&[&waive[..], &["--on", "2027-02-01"]].concat(), 2);
    go(&waive, 0);
    assert_eq!(ledger.state(&number), State::Waived);
    go(&["hand-over", "--county", "榆中县"], 2);

    let other = ledger.some(State::Pending).number;
    let hand = |to: &[&str], code| {
        ledger.act(&[&["case", "hand-over", &other][..], to, &why].concat()).ended(code)
    };
    hand(&[], 2);
    hand(&["--county", "620100"], 2);
    let refused = hand(&["--owner", "no such office"], 2);
    assert!(refused.stderr.contains("township 乡镇"), "{}", refused.stderr);
    hand(&["--county", "榆中县"], 0);
    assert_eq!(ledger.state(&other), State::HandedOver);
    assert_eq!(ledger.list(&["--county", "620123"]).len(), 1);
    for words in [vec!["case", "show", &other], vec!["ledger", "show", "--about", &other]] {
        let page = ledger.call(&words).env("COLUMNS", "300").go().ended(0).stdout;
        assert!(page.contains("620123 榆中县 ") && !page.contains(" county_"), "{page}");
    }

    let all = ledger.list(&[]);
    let over = |case: &Value| ["waived", "closed", "vanished"].contains(&text(case, "state"));
    assert!(all.iter().skip_while(|&case| !over(case)).all(over), "what is over comes last");

    let page = ledger.call(&["case", "show", &anomaly]).go().ended(0).stdout;
    for words in ["立案", "指派", "小王", "豁免", "李处 E-7", "2027-01-31", "省卫健委甲"]
    {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains(&format!("bidui explain {anomaly}")), "{page}");
    let json = ledger.call(&["case", "show", &number, "--output", "json"]).go().ended(0).json();
    assert_eq!(text(&json[0], "state"), "waived");
    assert_eq!(json[0]["events"].as_array().map(Vec::len), Some(4));
    ledger.call(&["case", "show", "GS-0"]).go().ended(2);
    ledger.call(&["ledger", "verify"]).go().ended(0);
}

#[test]
fn a_rule_that_is_switched_off_lets_its_cases_be_closed() {
    let mut ledger = Ledger::new();
    let Case { number, rule, .. } = ledger.some(State::Pending);
    let policies = Policies::new();
    let path = policies.file("gansu/pipeline.yaml");
    let yaml = std::fs::read_to_string(&path).expect("read");
    std::fs::write(&path, format!("{yaml}\noff: {{{rule}: 政策调整}}\n")).expect("written");
    ledger.pipeline = policies.gansu();
    let close = |code| {
        ledger.act(&["case", "close", &number, "--reason", "规则停用"]).ended(code);
        ledger.state(&number)
    };
    let reopen = || {
        ledger.act(&["case", "reopen", &number, "--reason", "误关"]).ended(0);
        assert_eq!(ledger.state(&number), State::Pending);
    };
    assert_eq!(close(0), State::Vanished, "nobody has answered");
    let events = ledger.store().events_about(&number).expect("events");
    assert!(matches!(&events[2].draft.act, Act::Note { text } if text == "规则停用"));
    reopen();
    assert_eq!(close(0), State::Vanished, "to open it and close it again is no answer");
    reopen();
    // A waiver of such a rule does not lapse: no night looks at it.
    let waive = ["case", "waive", &number, "--reason", "失联", "--until", "2099-01-01"];
    let waive = [&waive[..], &["--evidence-no", "E-7", "--approver", "李处"]].concat();
    ledger.act(&waive).ended(0);
    assert_eq!(close(0), State::Vanished);
    assert_eq!(close(2), State::Vanished, "it has ended");
    reopen();
    // It is waived no more, so it can be waived until the same day.
    ledger.act(&waive).ended(0);
    ledger.act(&waive).ended(2);
    assert_eq!(close(0), State::Vanished);
    reopen();
    let unknown = ["case", "close", &number, "GS-0", "--reason", "规则停用"];
    ledger.act(&unknown).ended(2);
    assert_eq!(ledger.state(&number), State::Pending, "all or none");
    // What the county has answered is closed.
    let store = ledger.store();
    let day = store.last_day().expect("read").expect("a day");
    let own = |act| Draft { about: number.clone(), day, actor: "甲".into(), act };
    let answer = json!({"outcome": "fixed", "pack": "p", "file": "f"});
    let answer = serde_json::from_value(answer).expect("an answer");
    let issue = Act::Issue { pack: "p".into(), due: day, steps: Vec::new() };
    store.append(vec![own(issue), own(Act::Answer(Box::new(answer)))], "t").expect("answered");
    assert_eq!(close(0), State::Closed);
}

/// Not looked at is not gone, and it is not still there either.
#[test]
fn a_case_that_no_night_looked_for_is_not_said_to_be_still_there() {
    let ledger = Ledger::new();
    let Case { number, anomaly, .. } = ledger.some(State::Pending);
    let night = current(&ledger.lake());
    let mut memory =
        table::read_memory(&night, &PersonKeys::new(b"a secret of a test")).expect("a memory");
    let mut refused = |found: Option<Found>| {
        match found {
            Some(state) => memory.known.get_mut(&anomaly).expect("known").state = state,
            None => _ = memory.known.remove(&anomaly),
        }
        table::write(&night, &[], &memory).expect("written");
        ledger.act(&["case", "close", &number, "--reason", "已核实"]).ended(2).stderr
    };
    for (found, why) in [
        (Some(Found::Persisting), "its anomaly is still there"),
        (Some(Found::Held), "its rule was not run"),
        (None, "the lake does not remember"),
    ] {
        let said = refused(found);
        assert!(said.contains(why), "{found:?}: {said}");
    }
    assert_eq!(ledger.state(&number), State::Pending);
}

#[test]
fn faults_are_found_and_cases_made_again() {
    let ledger = Ledger::new();
    let summary = current(&ledger.lake()).join("summary.json");
    let head = ledger.store().head().expect("a head");
    let bytes = std::fs::read(&summary).expect("read");
    let mut json: Value = serde_json::from_slice(&bytes).expect("JSON");
    json["ledger"] = serde_json::to_value(&head).expect("JSON");
    std::fs::write(&summary, json.to_string()).expect("written");
    let verify = || ledger.call(&["ledger", "verify"]).go();
    assert!(verify().ended(0).stdout.contains(&head.hash));

    ledger.tamper(
        "UPDATE case_state SET owner = 'x' WHERE number = (SELECT MIN(number) FROM case_state)",
    );
    assert!(verify().ended(1).stdout.contains("owner"));
    let said = ledger.call(&["ledger", "rebuild"]).go().ended(0);
    assert!(said.stdout.contains("owner") && said.stdout.contains("1 cases differed"), "{said:?}");
    verify().ended(0);

    // A pack with fewer cases than the ledger's acts leave open is not sent.
    ledger.tamper(
        "DELETE FROM case_state WHERE number = (SELECT MAX(number) FROM case_state \
         WHERE state = 'pending' AND county = '620122')",
    );
    let said = ledger.act(&["pack", "issue", "--month", "2026-11"]).ended(1);
    assert!(said.stderr.contains("do not add up"), "{}", said.stderr);
    assert_eq!(ledger.store().head().expect("a head"), head, "nothing was issued");
    ledger.call(&["ledger", "rebuild"]).go().ended(0);
    verify().ended(0);

    ledger.tamper("DELETE FROM case_event WHERE seq = (SELECT MAX(seq) FROM case_event)");
    let said = verify().ended(1);
    assert!(said.stdout.contains(&format!("event {}", head.seq)), "{}", said.stdout);
    assert!(said.stdout.contains("night"), "it says who knows better: {}", said.stdout);
    ledger.tamper("UPDATE case_event SET body = replace(body, 'bidui', 'other') WHERE seq = 2");
    assert!(verify().ended(1).stdout.contains("event 2:"));
}

/// Changes what a night says of itself.
fn retell(night: &Path, change: impl FnOnce(&mut Value)) {
    let path = night.join("summary.json");
    let bytes = std::fs::read(&path).expect("read");
    let mut json: Value = serde_json::from_slice(&bytes).expect("JSON");
    change(&mut json);
    std::fs::write(&path, json.to_string()).expect("written");
}

/// Somebody wrote after a night had its place and before it was recorded: its folder stays, the end
/// of the chain that it notes never came to be.
#[test]
fn a_night_that_was_never_recorded_is_no_fault() {
    let ledger = Ledger::new();
    let night = current(&ledger.lake());
    let head = ledger.store().head().expect("a head");
    let day = ledger.store().last_day().expect("read").expect("a day");
    let orphan = night.with_file_name(format!("{day}-00000000"));
    copy(&night, &orphan);
    let never = json!({"seq": head.seq + 1, "hash": "f".repeat(64)});
    retell(&orphan, |summary| summary["ledger"] = never.clone());
    let verify = || ledger.call(&["ledger", "verify"]).go();
    verify().ended(0);
    // What it was made from is held against the chain all the same.
    retell(&orphan, |summary| summary["cases"]["before"] = json!({"seq": 1, "hash": "f"}));
    assert!(verify().ended(1).stdout.contains("-00000000 knows another event 1"));
    std::fs::remove_dir_all(&orphan).expect("removed");
    verify().ended(0);

    // A cut takes the record of the night along. Readers saw that night: its end counts.
    retell(&night, |summary| {
        summary["ledger"] = serde_json::to_value(&head).expect("JSON");
        summary["cases"]["before"] = json!({"seq": 0, "hash": ""});
    });
    verify().ended(0);
    ledger.tamper("DELETE FROM case_event WHERE seq = (SELECT MAX(seq) FROM case_event)");
    ledger.tamper("DELETE FROM ledger_night");
    let said = verify().ended(1).stdout;
    assert!(said.contains(&format!("knows {} events", head.seq)), "{said}");
}

#[test]
fn events_are_printed() {
    let ledger = Ledger::new();
    let number = ledger.some(State::Pending).number;
    ledger.act(&["case", "note", &number, "--reason", "=1+1"]).ended(0);
    let show = |words: &[&str]| {
        ledger.call(&[&["ledger", "show", "--about", &number][..], words].concat()).go().ended(0)
    };
    assert!(show(&[]).stdout.contains("备注"));
    let json = show(&["--output", "json"]).json().pop().expect("a list");
    let acts: Vec<&str> = json.as_array().expect("a list").iter().map(|e| text(e, "act")).collect();
    assert_eq!(acts, ["open", "note"]);
    assert!(show(&["--output", "csv", "--limit", "1"]).stdout.contains("\"'=1+1\""), "no formula");
    let since = ledger.call(&["ledger", "show", "--since", "2099-01-01", "--output", "csv"]).go();
    assert_eq!(since.ended(0).stdout.lines().count(), 1, "a heading only");
    let parquet = ledger.home.path().join("events.parquet");
    let parquet = parquet.display().to_string();
    show(&["--output", "parquet", "--to", &parquet]);
    assert!(Path::new(&parquet).metadata().expect("a file").len() > 100);
    let bare = temp();
    let nowhere = Bidui::new("ledger").args(&["show", "--pipeline"]).arg(gansu());
    nowhere.arg("--lake").arg(bare.path()).go().ended(2);
    assert_eq!(bidui::lake::names_in(bare.path()), Vec::<String>::new(), "looking makes nothing");
}

/// The table and the picture of the moves.
fn moves() -> String {
    let mut text = String::from("\n| from | by | to |\n|---|---|---|\n");
    let name = |s: &State| format!("{} {}", s.zh(), s.word());
    for (from, verb, to) in MOVES {
        let from: Vec<String> = from.iter().map(name).collect();
        let verb = format!("{} `{}`", verb.zh(), verb.word());
        text.push_str(&format!("| {} | {verb} | {} |\n", from.join("、"), name(&to)));
    }
    text.push_str("\n```mermaid\nstateDiagram-v2\n");
    for state in State::ALL {
        text.push_str(&format!("    {}: {} {}\n", state.word(), state.zh(), state.word()));
    }
    text.push_str("    [*] --> pending: 立案\n");
    for (from, verb, to) in MOVES {
        for state in from {
            text.push_str(&format!("    {} --> {}: {}\n", state.word(), to.word(), verb.zh()));
        }
    }
    text.push_str("```\n\n");
    text
}

#[test]
fn the_docs_show_the_moves_that_there_are() {
    let path = root().join("docs/cases.md");
    let docs = std::fs::read_to_string(&path).expect("docs/cases.md");
    let (begin, end) = ("<!-- moves: made from src/ledger/state.rs -->\n", "<!-- /moves -->");
    let (head, rest) = docs.split_once(begin).expect("where the moves begin");
    let (old, tail) = rest.split_once(end).expect("where the moves end");
    let new = moves();
    if old == new {
        return;
    }
    assert!(
        std::env::var_os("BIDUI_WRITE_DOCS").is_some(),
        "docs/cases.md is stale: run the test again with BIDUI_WRITE_DOCS=1"
    );
    std::fs::write(&path, format!("{head}{begin}{new}{end}{tail}")).expect("written");
}

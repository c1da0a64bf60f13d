//! `bidui case show`: what a case is and everything that happened to it.

use std::process::ExitCode;

use super::{Desk, Where};
use crate::cli::ledger::{for_people, leave_person_out};
use crate::cli::{Page, output};
use crate::error::{Error, Result};
use crate::ledger::act::{Act, Event, Fault, Outcome};
use crate::ledger::advance::NOWHERE;
use crate::ledger::case::{Case, Cases};
use crate::night::Setup;
use crate::privacy::hide_ids;

/// What `bidui case show` can be told.
#[derive(clap::Args)]
pub struct Args {
    /// Number of the case, or of its anomaly.
    number: String,
    #[command(flatten)]
    place: Where,
    /// Form of the result: a page of text, or JSON.
    #[arg(long, short, value_enum, default_value = "table")]
    output: Page,
}

/// Shows the case.
///
/// # Errors
/// No night or ledger, or a damaged one; no such case.
pub fn show(args: &Args) -> Result<ExitCode> {
    let desk = Desk::open(&args.place)?;
    let case = one(&desk, &args.number)?;
    let mut events = desk.store.events_about(&case.number)?;
    tell_terms(&mut events);
    match args.output {
        Page::Json => output::say(&json(&desk, &case, &events)?)?,
        Page::Table => output::say(&page(&desk, &case, &events)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The case of a number or anomaly.
///
/// # Errors
/// There is none; what the ledger says.
pub(super) fn one(desk: &Desk, name: &str) -> Result<Case> {
    let found = desk.store.case(name)?;
    found.ok_or_else(|| {
        Error::usage(format!("there is no case {name}")).hint("see `bidui case list`")
    })
}

fn json(desk: &Desk, case: &Case, events: &[Event]) -> Result<String> {
    let bug = |e: serde_json::Error| Error::bug(format!("a case is no JSON: {e}"));
    let mut shown = case.clone();
    if let Some(answer) = &mut shown.answer {
        leave_person_out(answer);
    }
    (shown.subject, shown.anchor) = (hide_ids(&case.subject), hide_ids(&case.anchor));
    let mut value = serde_json::to_value(&shown).map_err(bug)?;
    value["overdue"] = case.overdue(desk.day()?).into();
    value["owner_name"] = desk.setup.pipeline.office(&case.owner).into();
    if let Some(anomaly) = desk.memory()?.get(&case.anomaly) {
        value["title"] = anomaly.title.clone().into();
        value["message"] = anomaly.message.clone().into();
        value["who"] = anomaly.who.clone().into();
        value["tonight"] = anomaly.state.word().into();
    }
    let mut history = Vec::new();
    for event in events {
        let mut draft = event.draft.clone();
        for_people(&mut draft.act);
        let mut line = serde_json::to_value(&draft).map_err(bug)?;
        line["seq"] = event.seq.into();
        line["at"] = event.at.clone().into();
        line["night"] = event.night.clone().into();
        history.push(line);
    }
    value["events"] = history.into();
    Ok(value.to_string())
}

fn page(desk: &Desk, case: &Case, events: &[Event]) -> Result<String> {
    let day = desk.day()?;
    let memory = desk.memory()?;
    let anomaly = memory.get(&case.anomaly);
    let mut text = format!(
        "{} {}（{}）{}\n{} {} · {} · 责任 owner {}",
        case.number,
        case.state.zh(),
        case.state.word(),
        if case.overdue(day) { " 逾期 overdue" } else { "" },
        case.rule,
        anomaly.map_or("", |a| a.title.as_str()),
        place(&desk.setup, &case.county),
        desk.setup.pipeline.office(&case.owner),
    );
    if !case.assignee.is_empty() {
        text.push_str(&format!(" · 经办 assignee {}", case.assignee));
    }
    text.push('\n');
    if let Some(anomaly) = anomaly {
        text.push_str(&format!("\n{}\n", anomaly.message));
        if let Some(who) = &anomaly.who {
            text.push_str(&format!("对象 who: {who}\n"));
        }
        text.push_str(&format!("今夜 tonight: {}\n", anomaly.state.zh()));
    }
    text.push('\n');
    for (name, value) in facts(desk, case) {
        text.push_str(&format!("{name} {value}\n"));
    }
    text.push_str("\n经过 history\n");
    for event in events {
        let draft = &event.draft;
        let said = told(&desk.setup, &draft.act);
        let line = format!("  {} {} {} {said}", draft.day, draft.act.zh(), draft.actor);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str(&format!("\n依据 why: bidui explain {}", case.anomaly));
    Ok(text)
}

/// What there is to say about the case.
fn facts(desk: &Desk, case: &Case) -> Vec<(&'static str, String)> {
    let mut facts = vec![("立案 opened", case.opened.to_string())];
    let days = [
        ("下发 issued", case.issued_in_round()),
        ("期限 due", case.due),
        ("反馈 answered", case.answered),
        ("豁免至 waived until", case.waived_until),
        ("结束 ended", case.ended.filter(|_| !case.state.is_open())),
        ("重开 reopened", case.reopened),
    ];
    facts.extend(days.into_iter().filter_map(|(name, d)| Some((name, d?.to_string()))));
    if case.step > 0 {
        let letter = desk.policy.letter(case.step);
        facts.push(("应发督办文书 letters due", format!("{} {letter}", case.step)));
    }
    let counts = [("退回 sent back", case.sent_back), ("反弹 relapses", case.relapses)];
    facts.extend(counts.into_iter().filter(|c| c.1 > 0).map(|(n, c)| (n, c.to_string())));
    let from = place(&desk.setup, &case.handed_by);
    let texts = [
        ("反馈包 pack", &case.pack),
        ("理由 reason", &case.reason),
        ("转自 handed over by", &from),
    ];
    let said = texts.into_iter().filter(|t| !t.1.is_empty());
    facts.extend(said.map(|(name, text)| (name, text.clone())));
    facts
}

/// Puts the term that a case had after each act in the place of the one that the act gives: a case that is
/// sent again, or that comes back, keeps its own. The events of a case begin with its first.
pub(in crate::cli) fn tell_terms(events: &mut [Event]) {
    let mut cases = Cases::default();
    for event in events {
        // What a damaged ledger says is shown as it stands there.
        if cases.apply(&event.draft).is_err() {
            continue;
        }
        let due = cases.by_number.get(&event.draft.about).and_then(|case| case.due);
        if let (Act::Issue { due: told, .. } | Act::SendBack { due: told, .. }, Some(due)) =
            (&mut event.draft.act, due)
        {
            *told = due;
        }
    }
}

/// A county's code with its name, as far as there is one; nothing of no county.
fn place(setup: &Setup, county: &str) -> String {
    let name = match county {
        "" => return String::new(),
        NOWHERE => "归属不明",
        county => setup.divisions.name(county).unwrap_or_default(),
    };
    format!("{county} {name}").trim_end().to_owned()
}

/// What an act says to people, with the names of counties and offices.
pub(in crate::cli) fn told(setup: &Setup, act: &Act) -> String {
    match act {
        Act::Open { rule, county, .. } => format!("{rule} {}", place(setup, county)),
        Act::HandOver { county, owner, reason } => {
            let owner = setup.pipeline.office(owner);
            format!("{} {owner}：{reason}", place(setup, county))
        }
        act => said(act),
    }
}

/// What an act says, in a few words; who answered stays in the ledger.
pub(in crate::cli) fn said(act: &Act) -> String {
    match act {
        Act::Open { rule, county, .. } => format!("{rule} {county}"),
        Act::Issue { pack, due, .. } => format!("{pack} 期限 {due}"),
        Act::Answer(answer) | Act::Progress(answer) => {
            let parts = [outcome(answer.outcome), &answer.cause, &answer.measure, &answer.note];
            let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
            parts.join("；")
        }
        Act::SendBack { fault, due, reason } => {
            let fault = match fault {
                Fault::StillFound => "数据仍有",
                Fault::Refused => "审核不通过",
            };
            format!("{fault}：{reason}（期限 {due}）")
        }
        Act::Close { reason } | Act::Reopen { reason, .. } => reason.clone(),
        Act::Waive { reason, approver, evidence_no, until } => {
            let until = until.map_or_else(String::new, |u| format!(" 至 {u}"));
            let by = format!("{approver} {evidence_no}");
            format!("{reason}（{}）{until}", by.trim())
        }
        Act::HandOver { county, owner, reason } => format!("{county} {owner}：{reason}"),
        Act::Escalate { step } => format!("第 {step} 次"),
        Act::Assign { to } => to.clone(),
        Act::Note { text } => text.clone(),
        Act::PackIssue { month, division, rows, .. } => format!("{month} {division} {rows} 行"),
        Act::PackReceive { division } => division.clone(),
        Act::PackReturn { division, accepted, ignored, invalid, .. } => {
            format!("{division} 采纳 {accepted} 忽略 {ignored} 无效 {invalid}")
        }
        Act::Reveal { what, reason } => format!("{what}：{reason}"),
        Act::Receive | Act::Verify | Act::Review | Act::Vanish | Act::Lapse => String::new(),
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Fixed => "属实已整改",
        Outcome::Fixing => "属实整改中",
        Outcome::NotTrue => "不属实",
        Outcome::Waiver => "情况特殊申请豁免",
        Outcome::Elsewhere => "转其他部门",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::act::Draft;
    use crate::ledger::chain::{Head, link};

    /// The second pack and the reviewer give terms that are not the case's.
    #[test]
    fn the_history_tells_the_term_that_holds() {
        let day = |text: &str| -> chrono::NaiveDate { text.parse().expect("a day") };
        let issue = |due: &str| Act::Issue { pack: "p".into(), due: day(due), steps: Vec::new() };
        let reopen = Act::Reopen { relapse: false, reason: "不实".into() };
        let acts = [
            ("2026-11-01", Act::opening("a", "INS01", "620423")),
            ("2026-11-02", issue("2026-11-12")),
            // Ten days are left.
            ("2026-11-02", Act::Vanish),
            ("2026-12-01", reopen),
            ("2026-12-02", issue("2026-12-31")),
        ];
        let drafts = acts.map(|(on, act)| Draft {
            about: "GS-1".into(),
            day: day(on),
            actor: "甲".into(),
            act,
        });
        let mut events = link(&Head::default(), drafts.into(), None, "t").expect("links");
        let text = events[4].text.clone();
        tell_terms(&mut events);
        let told: Vec<String> = events.iter().map(|e| said(&e.draft.act)).collect();
        assert_eq!(told[1], "p 期限 2026-11-12");
        assert_eq!(told[4], "p 期限 2026-12-12");
        assert_eq!(events[4].text, text, "what was recorded stays");
    }
}

//! Letters to counties that are late: 提示函, 督办函, 约谈. They name cases, never people.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::show::Shower;
use crate::calendar::zh_date;
use crate::ledger::case::{Case, Cases};
use crate::pipeline::packs::Pack;

/// One letter to one county.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    pub county: String,
    pub name: String,
    /// 1 for the mildest.
    pub step: usize,
    /// What it is called.
    pub kind: String,
    pub cases: usize,
    /// Days of the case that is latest.
    pub latest: i64,
    pub file: String,
    pub text: String,
}

/// The letters that are due on a day: a county gets one of each kind, about the cases that have
/// come as far as that kind. Of a case only the highest is written: each asks for something by a
/// day of its own, and two of one day would ask for two things.
pub fn letters(cases: &Cases, shower: &Shower<'_>, form: &Pack, day: NaiveDate) -> Vec<Letter> {
    let mut due: BTreeMap<(&str, usize), Vec<&Case>> = BTreeMap::new();
    for case in cases.by_number.values() {
        // A night may have sent one more letter than the days say: its term was moved since.
        let step = if case.overdue(day) { case.step.max(case.letters_due(day)) } else { 0 };
        if step > 0 {
            let last = shower.policy.settings.letters.len().max(1);
            due.entry((&case.county, step.min(last))).or_default().push(case);
        }
    }
    let letters = due.into_iter().map(|((county, step), mut own)| {
        own.sort_by_key(|c| (c.due, c.number.clone()));
        letter(shower, form, day, (county, step), &own)
    });
    letters.collect()
}

/// Letters of late cases that were the highest on no day on which letters were written: they fell
/// due after the last such day, and gave way to the next letter before this one. How many cases, by
/// the last day on which the letter was the highest, and its step.
pub fn passed_over(
    cases: &Cases,
    before: Option<NaiveDate>,
    day: NaiveDate,
) -> BTreeMap<(NaiveDate, usize), usize> {
    let mut passed: BTreeMap<(NaiveDate, usize), usize> = BTreeMap::new();
    for case in cases.by_number.values() {
        let days = case.letter_days();
        for step in 1..case.letters_due(day) {
            // A letter is the highest after its own day, up to that of the next.
            if before.is_none_or(|before| before <= days[step - 1]) {
                *passed.entry((days[step], step)).or_default() += 1;
            }
        }
    }
    passed
}

fn letter(
    shower: &Shower<'_>,
    form: &Pack,
    day: NaiveDate,
    (county, step): (&str, usize),
    cases: &[&Case],
) -> Letter {
    let kind = shower.policy.letter(step);
    let kind = if kind.is_empty() { "提示函" } else { kind };
    let name = shower.county(county);
    let late = |case: &Case| case.due.map_or(0, |due| (day - due).num_days());
    let mut list = String::from("逾期未反馈督办件清单：\n");
    for (number, case) in (1..).zip(cases) {
        let due = case.due.map_or_else(String::new, |d| d.to_string());
        list.push_str(&format!(
            "{number}. {}　{}　反馈截止{due}　逾期{}天\n",
            case.number,
            shower.title_of(case),
            late(case),
        ));
    }
    let day_zh = zh_date(day);
    let template = form.letters.get(step - 1).or(form.letters.last());
    let body = template.map_or("{county}：{count}件逾期。\n{list}", String::as_str);
    let number = format!("{}-{day}-{county}-{step}", shower.policy.settings.prefix);
    // Who writes stands above the day, as in the bulletin.
    let office = shower.pipeline.settings.publish.words.get("office");
    let office = office.map(|name| format!("{name}\n")).unwrap_or_default();
    let values = [
        ("{county}", shower.place(county)),
        ("{city}", shower.city(county)),
        ("{count}", cases.len().to_string()),
        ("{day}", day_zh.clone()),
        ("{letter}", kind.to_owned()),
        ("{list}", list.trim_end().to_owned()),
    ];
    let mut text = body.trim_end().to_owned();
    for (word, value) in values {
        text = text.replace(word, &value);
    }
    Letter {
        county: county.to_owned(),
        step,
        kind: kind.to_owned(),
        cases: cases.len(),
        latest: cases.iter().map(|c| late(c)).max().unwrap_or(0),
        file: format!("{number}_{name}_{kind}.txt"),
        text: format!("{kind}\n编号：{number}\n\n{text}\n\n{office}{day_zh}\n"),
        name,
    }
}

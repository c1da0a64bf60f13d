//! Reads what a county filled in: choices by label or alias, days in any form, texts without IDs.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use regex::{Captures, Regex};

use super::book::folded;
use crate::calendar::{is_month, parse_date};
use crate::citizen_id::holds_id;
use crate::feed::read::FORMULA_ERRORS;
use crate::ledger::act::{Answer, Outcome};
use crate::pipeline::Pipeline;
use crate::pipeline::packs::{Fill, FillKind, Pack};
use crate::privacy::HIDDEN;

/// Cells that point at the row above, as people write them.
const SAME: [&str; 6] = ["同上", "〃", "″", "\"", "同前", "如上"];

/// Columns in which `同上` is taken for the cell above; each case has its own result and evidence.
const REPEATABLE: [&str; 7] = ["checked_on", "way", "cause", "measure", "unit", "person", "phone"];

/// Words for nothing, beside marks alone: who writes one has filled in nothing.
const NOTHING: [&str; 7] = ["无", "暂无", "没有", "不详", "NULL", "N/A", "NA"];

/// Years in which work can have been done: `2026.11` in a cell of dates is a day of 1905, 长期 one of 9999.
const YEARS: std::ops::RangeInclusive<i32> = 1950..=2100;

/// Longest text that is kept of a cell, in characters.
const KEPT: usize = 500;

/// Reads the cells of rows.
pub struct Fields<'a> {
    form: &'a Pack,
    /// Code by label and alias, folded, by column.
    choices: BTreeMap<&'a str, BTreeMap<String, String>>,
    labels: BTreeMap<&'a str, BTreeMap<String, String>>,
    ids: Regex,
    /// Digits in groups, as people type long numbers.
    groups: Regex,
    /// A long number that a spreadsheet has cut: its digits are not all there.
    exponent: Regex,
}

/// A row's answer, and what was odd about it.
pub struct Filled {
    pub answer: Answer,
    pub notes: Vec<String>,
}

impl<'a> Fields<'a> {
    /// For a form of a pipeline.
    pub fn new(pipeline: &'a Pipeline, form: &'a Pack) -> Self {
        let mut choices = BTreeMap::new();
        let mut labels = BTreeMap::new();
        for fill in form.fill.iter().filter(|f| f.kind == FillKind::List) {
            let list = if fill.id == "result" { Some(&form.results) } else { fill.list.as_ref() };
            let list = list.and_then(|l| pipeline.codes.get(l));
            let (mut words, mut names) = (BTreeMap::new(), BTreeMap::new());
            if let Some(list) = list
                && let (Some(code), Some(label)) = (list.position("code"), list.position("label"))
            {
                let aliases = list.position("aliases");
                for row in &list.rows {
                    let more = aliases.map_or("", |at| row[at].as_str());
                    let all = [row[code].as_str(), row[label].as_str()];
                    for word in all.into_iter().chain(more.split('|')).filter(|w| !w.is_empty()) {
                        words.insert(folded(word), row[code].clone());
                    }
                    names.insert(row[code].clone(), row[label].clone());
                }
            }
            choices.insert(fill.id.as_str(), words);
            labels.insert(fill.id.as_str(), names);
        }
        let pattern = |text: &str| Regex::new(text).expect("a pattern");
        Self {
            form,
            choices,
            labels,
            ids: pattern(r"[0-9０-９]{14}[0-9０-９]*[XxＸｘ]?|[0-9]\.[0-9]{5,}[Ee]\+?1[4-9]"),
            groups: pattern(r"[0-9０-９]+(\s+[0-9０-９]*[0-9０-９XxＸｘ])+"),
            exponent: pattern(r"^[0-9](\.[0-9]+[Ee]\+?|[Ee]\+)[0-9]{1,2}$"),
        }
    }

    /// Puts the cell above in the place of `同上`. What was put there is said.
    pub fn unroll(
        &self,
        filled: &mut BTreeMap<String, String>,
        above: Option<&BTreeMap<String, String>>,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        for fill in self.form.fill.iter().filter(|f| REPEATABLE.contains(&f.id.as_str())) {
            let same = filled.get(&fill.id).is_some_and(|t| SAME.contains(&folded(t).as_str()));
            if let Some(text) = above.and_then(|a| a.get(&fill.id)).filter(|_| same) {
                filled.insert(fill.id.clone(), text.clone());
                notes.push(format!("“{}”填同上，按上一行取值", fill.zh));
            }
        }
        notes
    }

    /// The answer in a row's cells. `from` is the first day on which it can have been checked, with
    /// the word for that day.
    ///
    /// # Errors
    /// What is wrong with them, in Chinese, all of it.
    pub fn answer(
        &self,
        filled: &BTreeMap<String, String>,
        from: Option<(NaiveDate, &str)>,
        day: NaiveDate,
    ) -> Result<Filled, Vec<String>> {
        let mut faults = Vec::new();
        let mut notes = Vec::new();
        let mut months: Vec<String> = Vec::new();
        let mut values: BTreeMap<&str, String> = BTreeMap::new();
        let mut days: BTreeMap<&str, NaiveDate> = BTreeMap::new();
        for fill in &self.form.fill {
            let Some(text) = filled.get(&fill.id) else { continue };
            if SAME.contains(&folded(text).as_str()) {
                faults.push(format!("“{}”不得填同上，请逐件填写", fill.zh));
                continue;
            }
            if FORMULA_ERRORS.contains(&text.as_str()) {
                faults.push(format!("“{}”是公式的错误值{text}，请改填内容", fill.zh));
                continue;
            }
            match fill.kind {
                // Where it must be filled in this is a fault, see below.
                FillKind::Text if fill.id == "evidence_no" && says_nothing(text) => {}
                FillKind::Text => {
                    let kept = self.text(fill, text, &mut notes);
                    faults.extend(self.no_evidence(fill, text, &kept));
                    values.insert(&fill.id, kept);
                }
                FillKind::List => match self.choices[fill.id.as_str()].get(&folded(text)) {
                    Some(code) => _ = values.insert(&fill.id, code.clone()),
                    None => faults.push(format!("“{}”不在选项之内，请从下拉列表选择", fill.zh)),
                },
                FillKind::Date => {
                    match parse_date(text).value().filter(|d| YEARS.contains(&d.year())) {
                        Some(date) => {
                            days.insert(&fill.id, date);
                            months.extend(of_a_month(fill, text, date));
                        }
                        None => faults.push(format!("“{}”不是日期，请写成 {day}", fill.zh)),
                    }
                }
            }
        }
        let result = values.get("result").map(String::as_str);
        let outcome = result.and_then(outcome);
        if let Some(result) = result {
            let required = self.form.fill.iter().filter(|f| f.required(result));
            faults.extend(required.filter_map(|fill| owed(fill, filled.get(&fill.id))));
        }
        self.check_days(&days, outcome, from, day, &mut faults);
        let Some(outcome) = outcome.filter(|_| faults.is_empty()) else {
            return Err(months.into_iter().chain(faults).collect());
        };
        notes.extend(months);
        let mut take = |id: &str| values.remove(id).unwrap_or_default();
        let answer = Answer {
            outcome,
            pack: String::new(),
            file: String::new(),
            checked_on: days.get("checked_on").copied(),
            way: take("way"),
            cause: take("cause"),
            measure: take("measure"),
            done_on: days.get("done_on").copied(),
            evidence_no: take("evidence_no"),
            unit: take("unit"),
            person: take("person"),
            phone: take("phone"),
            note: take("note"),
        };
        Ok(Filled { answer, notes })
    }

    fn check_days(
        &self,
        days: &BTreeMap<&str, NaiveDate>,
        outcome: Option<Outcome>,
        from: Option<(NaiveDate, &str)>,
        day: NaiveDate,
        faults: &mut Vec<String>,
    ) {
        let name = |id: &str| {
            let fill = self.form.fill.iter().find(|f| f.id == id);
            fill.map_or_else(String::new, |f| f.zh.clone())
        };
        for (id, date) in days {
            // Only work that still goes on can end in the future.
            let future = *id == "done_on" && outcome == Some(Outcome::Fixing);
            if *date > day && !future {
                faults.push(format!("“{}”{date}晚于收件日{day}", name(id)));
            }
            if let Some((from, word)) = from.filter(|(f, _)| *id == "checked_on" && date < f) {
                faults.push(format!("“{}”{date}早于{word}{from}", name(id)));
            }
        }
    }

    /// Why a number of evidence says nothing of any evidence: all of it looked like a citizen ID and
    /// was hidden, or a spreadsheet has cut it.
    fn no_evidence(&self, fill: &Fill, text: &str, kept: &str) -> Option<String> {
        if fill.id != "evidence_no" {
            return None;
        }
        let zh = &fill.zh;
        if self.exponent.is_match(&folded(text)) {
            return Some(format!("“{zh}”成了科学计数法，请将单元格改为文本后重填"));
        }
        let what = "形似证件号，已隐去：请填材料的编号，连同其中的文字或字母，勿填证件号";
        let hidden = !kept.replace(HIDDEN, "").contains(char::is_alphanumeric);
        hidden.then(|| format!("“{zh}”{what}"))
    }

    /// A text as it is kept: cut, and without anything that looks like a citizen ID.
    fn text(&self, fill: &Fill, text: &str, notes: &mut Vec<String>) -> String {
        let cut: String = text.chars().take(KEPT).collect();
        if cut.len() < text.len() {
            notes.push(format!("“{}”过长，只保留前{KEPT}字", fill.zh));
        }
        // The number of a document may be as long as an ID. With letters in it, to which X and
        // Chinese words belong, only what has the shape of an ID is hidden.
        let document = fill.id == "evidence_no" && cut.chars().any(char::is_alphabetic);
        let whole = self.groups.replace_all(&cut, |run: &Captures<'_>| without_groups(&run[0]));
        let clean = self.ids.replace_all(&whole, |run: &Captures<'_>| {
            if document && !is_id(&run[0]) { run[0].to_owned() } else { HIDDEN.to_owned() }
        });
        if clean != cut {
            notes.push(format!("“{}”中的证件号已隐去，请勿填写个人信息", fill.zh));
        }
        clean.into_owned()
    }

    /// The form that is read.
    pub fn form(&self) -> &Pack {
        self.form
    }

    /// The label of a code, for people.
    pub fn label<'b>(&'b self, id: &str, code: &'b str) -> &'b str {
        self.labels.get(id).and_then(|l| l.get(code)).map_or(code, String::as_str)
    }
}

/// What is wrong with a cell that must be filled in; nothing when it says something.
fn owed(fill: &Fill, text: Option<&String>) -> Option<String> {
    let what = match text {
        None => "未填",
        // Of an error it is said already what it is.
        Some(text) if FORMULA_ERRORS.contains(&text.as_str()) => return None,
        Some(text) if fill.kind != FillKind::Text || !says_nothing(text) => return None,
        Some(_) if fill.id == "evidence_no" => "不是编号，请填材料的编号",
        Some(_) => "未写明内容",
    };
    Some(format!("“{}”{what}", fill.zh))
}

/// What is said of a day that is no more than a month: the first of it may be too early.
fn of_a_month(fill: &Fill, text: &str, date: NaiveDate) -> Option<String> {
    is_month(text).then(|| format!("“{}”只写到月，按{date}计，请写明日", fill.zh))
}

/// Marks alone, or a word for nothing.
fn says_nothing(text: &str) -> bool {
    let text = folded(text).to_uppercase();
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    word.is_empty() || NOTHING.contains(&word)
}

/// Groups of digits, without those that make up an ID with a real day of birth.
fn without_groups(run: &str) -> String {
    let groups: Vec<&str> = run.split_whitespace().collect();
    let born = |id: &str| {
        let (id, day) = (folded(id), |d: &str| parse_date(d).value().is_some());
        is_id(&id) && (id.len() == 15 || id.get(6..14).is_some_and(day))
    };
    let (mut kept, mut at) = (Vec::new(), 0);
    while at < groups.len() {
        let end = (at + 2..=groups.len()).find(|end| born(&groups[at..*end].concat()));
        kept.push(end.map_or(groups[at], |_| HIDDEN));
        at = end.unwrap_or(at + 1);
    }
    if kept.contains(&HIDDEN) { kept.join(" ") } else { run.to_owned() }
}

/// Does a run of digits hold an ID? What is left of one in a cell of numbers does too.
fn is_id(run: &str) -> bool {
    folded(run).contains('.') || holds_id(run)
}

/// The outcome behind a code of the list of results.
fn outcome(code: &str) -> Option<Outcome> {
    serde_json::from_value(serde_json::Value::from(code)).ok()
}

#[cfg(test)]
mod tests;

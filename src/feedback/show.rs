//! What a cell says about a case.

use std::collections::BTreeMap;

use super::reveal::Names;
use super::select::{self, Row};
use crate::anomaly::Memory;
use crate::division::Divisions;
use crate::ledger::act::Answer;
use crate::ledger::case::Case;
use crate::ledger::policy::Policy;
use crate::pipeline::Pipeline;
use crate::pipeline::packs::Pack;
use crate::pipeline::spec::ColumnType;
use crate::privacy::hide_ids;

/// Stands where a sensitive rule hides something.
const HIDDEN: &str = "—";
/// Stands for the title of a sensitive rule.
const SENSITIVE: &str = "敏感事项";

/// Everything that says what a case is about.
pub struct Shower<'a> {
    pub pipeline: &'a Pipeline,
    pub policy: &'a Policy,
    pub divisions: &'a Divisions,
    pub memory: &'a Memory,
    pub names: &'a Names,
    words: BTreeMap<&'a str, Word<'a>>,
    results: BTreeMap<&'a str, &'a str>,
}

/// The Chinese word of a piece of evidence, and the list that its codes are of.
struct Word<'a> {
    title: &'a str,
    codes: BTreeMap<&'a str, &'a str>,
}

impl<'a> Shower<'a> {
    /// Words of the pipeline's tables and of the county's form.
    pub fn new(
        pipeline: &'a Pipeline,
        form: &'a Pack,
        policy: &'a Policy,
        divisions: &'a Divisions,
        memory: &'a Memory,
        names: &'a Names,
    ) -> Self {
        let mut words = BTreeMap::new();
        for column in pipeline.tables.values().flat_map(|t| &t.columns) {
            let list = column.codes.as_deref().filter(|_| column.kind == ColumnType::Code);
            words.entry(column.name.as_str()).or_insert_with(|| Word {
                title: &column.title,
                codes: list.map(|l| pipeline.labels(l)).into_iter().flatten().collect(),
            });
        }
        for (name, title) in &form.labels {
            words.insert(name, Word { title, codes: BTreeMap::new() });
        }
        let results = pipeline.labels(&form.results).into_iter().collect();
        Self { pipeline, policy, divisions, memory, names, words, results }
    }

    /// May the pack not say whom a rule is about?
    pub fn sensitive(&self, case: &Case) -> bool {
        // A rule that is no more may have been one.
        self.pipeline.rules.get(&case.rule).is_none_or(|r| r.sensitive)
    }

    /// Name of a county with its city's before it.
    pub fn place(&self, county: &str) -> String {
        let (city, own) = (self.city(county), self.county(county));
        if city == own { own } else { format!("{city}{own}") }
    }

    /// Name of the city that a county belongs to; nothing when nobody knows it.
    pub fn city(&self, county: &str) -> String {
        let city = self.divisions.parent(county).and_then(|c| self.divisions.name(c));
        city.unwrap_or_default().to_owned()
    }

    /// Name of a county; its code when nobody knows one.
    pub fn county(&self, county: &str) -> String {
        self.divisions.name(county).unwrap_or(county).to_owned()
    }

    /// The text of a column, one of [`crate::pipeline::packs::SHOWN`]. What is no name may have been filled
    /// in with somebody's ID, such as the number of a bill.
    pub fn text(&self, row: &Row, column: &str) -> String {
        let case = &row.case;
        let day = |d: Option<chrono::NaiveDate>| d.map_or_else(String::new, |d| d.to_string());
        match column {
            "number" => case.number.clone(),
            "county" => self.county(&case.county),
            "rule" if self.sensitive(case) => HIDDEN.into(),
            "rule" => case.rule.clone(),
            "title" => self.title_of(case),
            "severity" => case.severity.zh().into(),
            "mark" => row.mark.zh().into(),
            "state" => case.state.zh().into(),
            "opened" => case.opened.to_string(),
            "issued" => day(case.issued),
            "due" => day(case.due),
            "overdue" if row.overdue > 0 => row.overdue.to_string(),
            "letter" if case.step > 0 => self.policy.letter(case.step).to_owned(),
            "last" => hide_ids(&self.last(case)),
            "town" | "village" | "kind" | "subject" | "who" | "message" | "evidence" => {
                hide_ids(&self.subject(case, column))
            }
            _ => String::new(),
        }
    }

    /// What is wrong, in the words of the rule; a sensitive rule gives no word away.
    pub fn title_of(&self, case: &Case) -> String {
        let rule = self.pipeline.rules.get(&case.rule).filter(|r| !r.sensitive);
        rule.map_or(SENSITIVE, |r| r.title.zh.as_str()).to_owned()
    }

    /// What points at the subject: nothing of it for a sensitive rule.
    fn subject(&self, case: &Case, column: &str) -> String {
        if self.sensitive(case) {
            return match column {
                "message" => "敏感事项，凭督办编号由专人在系统内查询".into(),
                _ => HIDDEN.into(),
            };
        }
        let known = self.memory.known.get(&case.anomaly);
        let division = select::division(&self.memory.known, case).unwrap_or(&case.division);
        let name_at = |digits: usize, level: u8| {
            let code = division.get(..digits)?;
            let own = self.divisions.get(code).filter(|d| d.level == level)?;
            Some(own.label.clone())
        };
        match column {
            "town" => name_at(9, 4).unwrap_or_default(),
            "village" => name_at(12, 5).unwrap_or_default(),
            "kind" => {
                let view = self.pipeline.views.get(&case.subject_kind);
                view.map_or_else(String::new, |v| v.title.zh.clone())
            }
            "subject" => case.subject.clone(),
            "who" => {
                let whole = self.names.get(&case.subject_kind, &case.subject);
                let masked = || known.and_then(|a| a.who.clone());
                whole.map(str::to_owned).or_else(masked).unwrap_or_default()
            }
            "message" => known.map_or_else(String::new, |a| a.message.clone()),
            _ => known.map_or_else(String::new, |a| self.evidence(&a.evidence)),
        }
    }

    /// Evidence under Chinese words; what has no word is left out.
    fn evidence(&self, evidence: &[(String, Option<String>)]) -> String {
        let mut parts = Vec::new();
        for (name, value) in evidence {
            let (Some(word), Some(value)) = (self.words.get(name.as_str()), value) else {
                continue;
            };
            let value = word.codes.get(value.as_str()).copied().unwrap_or(value);
            if !value.is_empty() {
                parts.push(format!("{}：{value}", word.title));
            }
        }
        parts.join("；")
    }

    /// What the county said last, and why it did not hold.
    fn last(&self, case: &Case) -> String {
        let mut parts = Vec::new();
        if let (Some(answer), Some(day)) = (&case.answer, case.answered) {
            parts.push(format!("{day} {}", self.result(answer)));
        }
        if case.sent_back > 0 {
            parts.push(format!("退回{}次：{}", case.sent_back, case.back_reason));
        }
        parts.join("；")
    }

    /// What the county chose.
    fn result(&self, answer: &Answer) -> String {
        let code = serde_json::to_value(answer.outcome).ok();
        let code = code.as_ref().and_then(|c| c.as_str()).unwrap_or_default();
        self.results.get(code).copied().unwrap_or(code).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::pipeline::packs::Level;

    /// Evidence without a word is left out, and not all of it stands in the message.
    #[test]
    fn every_evidence_column_has_a_word_in_the_packs() {
        let mut missing = Vec::new();
        for name in ["gansu", "henan"] {
            let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines").join(name);
            let pipeline = crate::pipeline::load(&dir).expect("a sample pipeline");
            let form = pipeline.pack(Level::County).expect("a form");
            let (policy, divisions) = (Policy::of(&pipeline), Divisions::default());
            let (memory, names) = (Memory::default(), Names::default());
            let shower = Shower::new(&pipeline, form, &policy, &divisions, &memory, &names);
            for rule in pipeline.rules.values() {
                let bare =
                    rule.evidence.iter().filter(|e| !shower.words.contains_key(e.name.as_str()));
                missing.extend(bare.map(|e| format!("{name}: {} of {}", e.name, rule.id)));
            }
        }
        assert!(missing.is_empty(), "no word in packs/county.yaml: {missing:?}");
    }
}

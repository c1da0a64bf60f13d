//! Waivers of tonight: dated, approved exemptions that a rule may accept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::catalog::TableProvider;

use crate::engine::{self, Engine};
use crate::error::{Error, Result};
use crate::pipeline::Pipeline;
use crate::pipeline::spec::Rule;
use crate::rule::{subject_texts, texts};

/// Reasons by rule and subject.
#[derive(Debug, Default)]
pub struct Waivers {
    reasons: BTreeMap<(String, String), BTreeSet<String>>,
    /// Rows of the table that are in force: each is one waiver, whatever it names.
    rows: usize,
}

impl Waivers {
    /// Reads the waivers that hold on the engine's night from the pipeline's waiver table. A row
    /// is about its person, or about the subject that it names.
    ///
    /// # Errors
    /// What the engine says.
    pub fn read(
        pipeline: &Pipeline,
        engine: &Engine,
        table: Option<Arc<dyn TableProvider>>,
    ) -> Result<Self> {
        let (Some(policy), Some(table)) = (&pipeline.settings.waivers, table) else {
            return Ok(Self::default());
        };
        let context = engine.session()?;
        context.register_table(policy.table.as_str(), table)?;
        let sql = format!(
            r#"SELECT "{}", "{}", "{}", person_key FROM "{}"
               WHERE "{}" <= asof() AND "{}" >= asof()
               ORDER BY src_delivery, src_row"#,
            policy.rule, policy.subject, policy.reason, policy.table, policy.from, policy.to,
        );
        let batches = engine::wait(async { context.sql(&sql).await?.collect().await })?;
        let mut waivers = Self::default();
        for batch in batches.map_err(Error::from)? {
            waivers.add(&batch)?;
        }
        Ok(waivers)
    }

    fn add(&mut self, batch: &RecordBatch) -> Result<()> {
        let rules = texts(batch.column(0))?;
        let subjects = texts(batch.column(1))?;
        let reasons = texts(batch.column(2))?;
        let persons = subject_texts(batch.column(3))?;
        for row in 0..batch.num_rows() {
            let (Some(rule), Some(reason)) = (&rules[row], &reasons[row]) else { continue };
            self.rows += 1;
            for subject in [&subjects[row], &persons[row]].into_iter().flatten() {
                let own = self.reasons.entry((rule.clone(), subject.clone())).or_default();
                own.insert(reason.clone());
            }
        }
        Ok(())
    }

    /// The reason for which a subject is exempt from a rule tonight, if the rule accepts one.
    pub fn reason(&self, rule: &Rule, subject: &str) -> Option<&str> {
        let reasons = self.reasons.get(&(rule.id.clone(), subject.to_owned()))?;
        reasons.iter().find(|reason| rule.waivers.contains(reason)).map(String::as_str)
    }

    /// Number of waivers in force.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};

    use super::*;

    #[test]
    fn any_waiver_in_force_counts_that_the_rule_accepts() {
        let pipeline = crate::pipeline::load(Path::new("pipelines/gansu")).unwrap();
        let rule = pipeline.rules.values().find(|rule| !rule.waivers.is_empty()).unwrap();
        let accepted = rule.waivers[0].as_str();
        let text = |values: [&str; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        for reasons in [[accepted, "another"], ["another", accepted]] {
            let columns = [
                ("rule", text([&rule.id, &rule.id])),
                ("subject", text(["S1", "S1"])),
                ("reason", text(reasons)),
                ("person_key", Arc::new(Int64Array::from(vec![None, Some(7)])) as ArrayRef),
            ];
            let nullable = columns.map(|(name, column)| (name, column, true));
            let batch = RecordBatch::try_from_iter_with_nullable(nullable).unwrap();
            let mut waivers = Waivers::default();
            waivers.add(&batch).unwrap();
            assert_eq!(waivers.reason(rule, "S1"), Some(accepted), "{reasons:?}");
            assert_eq!(waivers.reason(rule, "S2"), None);
            assert_eq!(waivers.len(), 2, "one of them names a person too");
        }
    }
}

//! Waivers of tonight: dated, approved exemptions that a rule may accept.

use std::collections::BTreeMap;
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
    reasons: BTreeMap<(String, String), String>,
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
            for subject in [&subjects[row], &persons[row]].into_iter().flatten() {
                self.reasons.insert((rule.clone(), subject.clone()), reason.clone());
            }
        }
        Ok(())
    }

    /// The reason for which a subject is exempt from a rule tonight, if the rule accepts it.
    pub fn reason(&self, rule: &Rule, subject: &str) -> Option<&str> {
        let reason = self.reasons.get(&(rule.id.clone(), subject.to_owned()))?;
        rule.waivers.contains(reason).then_some(reason.as_str())
    }

    /// Number of waivers in force.
    pub fn len(&self) -> usize {
        self.reasons.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.reasons.is_empty()
    }
}

//! What is decided about a delivery when all its files have been read.

use super::{Open, Sink, odd, repeats};
use crate::error::{Error, Kind, Result};
use crate::feed::receipt::{Receipt, Verdict};
use crate::pipeline::spec::{BrokenFile, DeliveryKind};

impl Open<'_> {
    /// A file that cannot be read: said in the receipt, or the end of the night.
    ///
    /// # Errors
    /// The error itself, where the contract says stop or the machine is at fault.
    pub(super) fn broken_file(&mut self, number: usize, error: &Error) -> Result<()> {
        if self.feed.limits.broken_file == BrokenFile::Stop || error.kind == Kind::Environment {
            return Err(error.clone());
        }
        let mut said = error.message.clone();
        for hint in &error.hints {
            said.push_str("; ");
            said.push_str(hint);
        }
        self.receipt.files[number].refused = Some(error.message.clone());
        self.receipt.reasons.push(said);
        Ok(())
    }

    /// Closes the account and gives the verdict.
    ///
    /// # Errors
    /// An account that does not close; what the disk says.
    pub(super) fn finish(mut self) -> Result<Receipt> {
        let mut receipt = self.receipt;
        receipt.amendments = self.typer.amendments();
        let again = self.typer.repeats()?;
        let (table, rejects) = (self.table, &mut self.rejects);
        let written = match self.sink {
            Sink::File(rows) => repeats::leave_out(&again, *rows, table, &mut receipt, rejects)?,
            Sink::Nowhere(rows) => repeats::account(&again, &rows, table, &mut receipt, rejects)?,
        };
        self.rejects.finish()?;
        for part in &receipt.parts {
            receipt.rows += part.rows;
            receipt.used += part.used;
            receipt.quarantined += part.quarantined;
            receipt.duplicate += part.duplicate;
        }
        receipt.close(written)?;
        let repeated = odd::repeated(&receipt);
        receipt.warnings.extend(repeated);
        let refused = receipt.files.iter().filter(|f| f.refused.is_some()).count();
        if refused > 0 && refused == receipt.files.len() {
            receipt.verdict = Verdict::Refused;
        } else if refused > 0 && receipt.kind == DeliveryKind::Snapshot {
            // The rest would take the place of the whole, and whoever is missing would be gone.
            receipt.verdict = Verdict::Refused;
            let files = receipt.files.len();
            receipt.reasons.push(format!(
                "{refused} of the {files} files of a snapshot refused: nothing of it is used, the \
                 one before it stays in force"
            ));
        } else if receipt.rows == 0 && receipt.verdict == Verdict::Accepted {
            receipt.verdict = Verdict::Refused;
            receipt.reasons.push(format!("no data rows for {}", self.table.id));
        }
        let percent = 100.0 * receipt.quarantined as f64 / receipt.rows.max(1) as f64;
        if let Some(limit) = self.feed.limits.quarantine_percent
            && percent > limit
        {
            receipt.verdict = Verdict::Refused;
            let text =
                format!("{percent:.2} % of its rows are quarantined, the limit is {limit} %");
            receipt.reasons.push(text);
        } else if receipt.used == 0 && receipt.verdict == Verdict::Accepted {
            // A snapshot without a limit would say that nobody is left.
            receipt.verdict = Verdict::Refused;
            receipt.reasons.push(format!("none of its {} rows can be used", receipt.rows));
        }
        let controls = self.controls.verdicts;
        if !controls.refused.is_empty() {
            receipt.verdict = Verdict::Refused;
        }
        receipt.control_totals = controls.accounts;
        receipt.reasons.extend(controls.refused);
        receipt.warnings.extend(controls.warnings);
        Ok(receipt)
    }
}

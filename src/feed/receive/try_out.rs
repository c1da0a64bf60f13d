//! A try-out: files are held to their contract, and nothing of them is kept.

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;

use super::repeats::Unwritten;
use super::spared::{Begun, spared};
use super::{Named, Open, Receiver, Sink};
use crate::error::Result;
use crate::feed::inbox::Parcel;
use crate::feed::receipt::Receipt;
use crate::feed::rejects::{About, REJECTS, Reject};
use crate::lake::rows::{Edits, Part, RowsFile};

impl Receiver<'_> {
    /// Reads a parcel as [`Receiver::receive`] does, up to the verdict, and shows `rejected` the rows
    /// that would be quarantined, each with its sheet and without its text. What has to wait on disk
    /// waits under the lake's `staging`: numbers and hashes, no cell. The receipt has no hashes; rows
    /// that say again what others said are counted among the repaired too.
    ///
    /// # Errors
    /// As [`Receiver::receive`].
    pub fn try_out(
        &self,
        parcel: &Parcel,
        mut rejected: impl FnMut(&str, &Reject<'_>),
    ) -> Result<Receipt> {
        let feed = &self.pipeline.feeds[&parcel.feed];
        let hashes = vec![String::new(); parcel.files.len()];
        let (delivery, content) = (String::new(), String::new());
        let named = Named { delivery, content, hashes, arrival: 0, turn: 0 };
        let begin = || -> Result<Begun<'_>> {
            let staged = self.lake.stage("try-out")?;
            let receipt = self.receipt(parcel, feed, &named);
            let open = self.open(&staged, Sink::Nowhere(Unwritten::default()), receipt)?;
            Ok((staged, parcel.files.clone(), open))
        };
        let (staged, receipt) = spared(&begin, Open::files)?;
        let columns = ["column", "reason", "line", "byte", "sheet"].map(str::to_owned);
        let rejects = RowsFile::open(&staged.join(REJECTS))?;
        for batch in rejects.scan(Part::All, &columns, &Edits::default().into())? {
            let batch = batch?;
            let text = |at: usize, row: usize| {
                let values = batch.column(at).as_string::<i32>();
                if values.is_valid(row) { values.value(row) } else { "" }
            };
            let number = |at: usize, row: usize| {
                batch.column(at).as_primitive::<Int64Type>().value(row) as u64
            };
            for row in 0..batch.num_rows() {
                let reject = Reject {
                    column: text(0, row),
                    reason: text(1, row),
                    line: number(2, row),
                    byte: number(3, row),
                    raw: "",
                    about: About::default(),
                };
                rejected(text(4, row), &reject);
            }
        }
        Ok(receipt)
    }
}

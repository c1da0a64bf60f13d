//! Lines of a night's table `link`, by row or by mention.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use serde::Serialize;

use super::step::Step;
use crate::error::{Error, Result};
use crate::lake::rows::{Part, RowsFile};
use crate::pipeline::schema::link_schema;
use crate::privacy::key_text;

/// A row that no plain ID links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// Number of the mention, 16 hexadecimal digits.
    pub mention: String,
    pub table: String,
    pub delivery: String,
    pub src_row: i64,
    pub tier: String,
    pub step: String,
    pub quality: String,
    /// Key of the person, 16 hexadecimal digits.
    pub person: String,
    /// Key of the ID's owner, where that is somebody else.
    pub owner: Option<String>,
}

/// Which lines are wanted: those of an ID's owner or of the person that a row was linked to (`About`);
/// of `Rows` the number, table and delivery of each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    All,
    Mention(i64),
    About(i64),
    Row { table: String, delivery: String, src_row: i64 },
    Rows(BTreeSet<(i64, String, String)>),
}

/// The lines of one row or mention, or of all.
///
/// # Errors
/// The night's file is damaged.
pub fn linked(night: &Path, wanted: &Wanted) -> Result<Vec<Linked>> {
    let file = RowsFile::open(&night.join("identity").join("link.parquet"))?;
    let columns: Vec<String> = link_schema().fields().iter().map(|f| f.name().clone()).collect();
    let mut found = Vec::new();
    for batch in file.scan(Part::All, &columns, &Arc::default())? {
        let batch = batch?;
        let gone = || Error::bug("a link table without its columns");
        let column = |name: &str| batch.column_by_name(name).ok_or_else(gone);
        let number = |name: &str| Ok::<_, Error>(column(name)?.as_primitive::<Int64Type>());
        let (mentions, rows) = (number("mention")?, number("src_row")?);
        let (about, linked) = (number("person_key")?, number("linked_key")?);
        let text = |name: &str, row: usize| -> String {
            let array = batch.column_by_name(name).and_then(|c| c.as_string_opt::<i32>());
            array.filter(|a| a.is_valid(row)).map(|a| a.value(row).to_owned()).unwrap_or_default()
        };
        for row in 0..batch.num_rows() {
            let fits = match wanted {
                Wanted::All => true,
                Wanted::Mention(number) => mentions.value(row) == *number,
                Wanted::About(person) => about.value(row) == *person,
                Wanted::Row { table, delivery, src_row } => {
                    rows.value(row) == *src_row
                        && text("table_name", row) == *table
                        && text("src_delivery", row).starts_with(delivery.as_str())
                }
                Wanted::Rows(all) => {
                    let own = rows.value(row);
                    let alike = all.range((own, String::new(), String::new())..);
                    alike.take_while(|(n, ..)| *n == own).any(|(_, table, delivery)| {
                        text("table_name", row) == *table && text("src_delivery", row) == *delivery
                    })
                }
            };
            if fits {
                let (owner, person) = (about.value(row), linked.value(row));
                found.push(Linked {
                    mention: key_text(mentions.value(row)),
                    table: text("table_name", row),
                    delivery: text("src_delivery", row),
                    src_row: rows.value(row),
                    tier: text("tier", row),
                    step: text("step", row),
                    quality: text("quality", row),
                    person: key_text(person),
                    owner: (owner != person).then(|| key_text(owner)),
                });
            }
        }
    }
    found.sort_by(|a, b| {
        (&a.table, &a.delivery, a.src_row).cmp(&(&b.table, &b.delivery, b.src_row))
    });
    Ok(found)
}

/// The Chinese title of a step's word.
pub fn step_title(word: &str) -> &'static str {
    let known = Step::ALL.into_iter().find(|s| s.word() == word);
    known.map_or("留待人工核对", |step| step.words().1)
}

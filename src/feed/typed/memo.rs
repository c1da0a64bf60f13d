//! What was made of texts that rows share. Many rows say the same few texts; one is typed once.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::feed::read::{Columns, RawRow};

/// Most cells of one value whose texts have a number together.
const MOST_CELLS: usize = 4;

/// Values of the texts of the columns whose rows are under way.
#[derive(Default)]
pub(super) struct Memo {
    /// Texts have their numbers among those of these columns.
    of: Option<Arc<Columns>>,
    known: Vec<Known>,
    values: Vec<u8>,
}

/// Where the values of one column stand; an empty place is that of none.
#[derive(Debug, Default, Clone)]
struct Known {
    /// By the number of a text.
    one: Vec<Range<u32>>,
    /// By the numbers of several texts.
    several: HashMap<u64, Range<u32>, FixedState>,
}

/// The texts that a value comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Texts {
    One(u16),
    Several(u64),
}

impl Memo {
    /// For a table of so many columns.
    pub fn new(columns: usize) -> Self {
        Self { known: vec![Known::default(); columns], ..Self::default() }
    }

    /// Begins a row: what is known of other columns is forgotten.
    pub fn begin(&mut self, row: &RawRow) {
        let same = match (row.columns(), &self.of) {
            (Some(columns), Some(of)) => Arc::ptr_eq(columns, of),
            (columns, of) => columns.is_none() && of.is_none(),
        };
        if !same {
            self.of = row.columns().cloned();
            self.values.clear();
            for known in &mut self.known {
                known.one.clear();
                known.several.clear();
            }
        }
    }

    /// The packed value of some texts.
    pub fn get(&self, column: usize, texts: Texts) -> Option<&[u8]> {
        let known = &self.known[column];
        let place = match texts {
            Texts::One(number) => known.one.get(usize::from(number)),
            Texts::Several(numbers) => known.several.get(&numbers),
        };
        let place = place.filter(|place| !place.is_empty())?;
        Some(&self.values[place.start as usize..place.end as usize])
    }

    /// Remembers what some texts became.
    pub fn put(&mut self, column: usize, texts: Texts, value: &[u8]) {
        let start = self.values.len() as u32;
        self.values.extend_from_slice(value);
        let place = start..self.values.len() as u32;
        let known = &mut self.known[column];
        match texts {
            Texts::One(number) => {
                let number = usize::from(number);
                if known.one.len() <= number {
                    known.one.resize(number + 1, 0..0);
                }
                known.one[number] = place;
            }
            Texts::Several(numbers) => _ = known.several.insert(numbers, place),
        }
    }
}

/// The texts of some cells, if rows share all of them.
pub(super) fn texts(row: &RawRow, cells: &[Option<usize>]) -> Option<Texts> {
    match cells {
        [] => None,
        [one] => row.number((*one)?).map(Texts::One),
        several if several.len() > MOST_CELLS => None,
        several => {
            let numbers = several.iter().try_fold(0, |all, cell| {
                let own = row.number((*cell)?)?;
                Some(all << 16 | u64::from(own))
            });
            numbers.map(Texts::Several)
        }
    }
}

//! Rows that no plain ID links, gathered by what they say: equal rows are one mention.

use super::Map;
use super::traits::{IdKind, Traits};

/// Why a row is no plain link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// It has no usable ID.
    Waiting,
    /// Its ID is another person's: the name differs.
    Clash,
    /// Its name is nearly that of the ID's owner, and nothing else says that it is theirs.
    Doubtful,
    /// Nobody of the most trusted table has its ID.
    Orphan,
}

/// One row of a mention.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowRef {
    /// Place of its table in the order of trust.
    pub table: u16,
    /// Place of its delivery among those of the table.
    pub delivery: u32,
    pub src_row: i64,
    /// The key that it has when nobody is found.
    pub own: i64,
}

/// Rows that say the same about who they are.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub kind: Kind,
    /// The most trusted table that has it.
    pub table: u16,
    /// The key of its ID; of a row without one, of the first row: see [`RowRef::own`].
    pub key: i64,
    pub traits: Traits,
    /// Of an orphan: nearly the name that is believed of its ID.
    pub variant: bool,
    pub quality: Box<str>,
    /// Households in which its ID's owner or its companions live.
    pub households: Vec<u64>,
    pub rows: Vec<RowRef>,
}

impl Mention {
    /// What rows with one number and one name have in common: the number of an ID that is damaged,
    /// else the key that they have when nobody is found. Nothing of the master's rows, and of those
    /// that say no name or no number.
    pub fn alike(&self) -> Option<Alike<'_>> {
        if self.table == 0 || self.traits.name.is_empty() {
            return None;
        }
        match (self.kind, self.traits.kind) {
            (Kind::Orphan, _) => Some((Kind::Orphan, "", self.rows[0].own)),
            (Kind::Clash | Kind::Doubtful, _) => Some((Kind::Clash, "", self.rows[0].own)),
            (Kind::Waiting, IdKind::Damaged | IdKind::Prefix) => {
                Some((Kind::Waiting, &*self.traits.id, 0))
            }
            _ => None,
        }
    }
}

/// See [`Mention::alike`].
pub(super) type Alike<'a> = (Kind, &'a str, i64);

/// What makes two rows one mention.
type Same = (Kind, i64, Traits, Box<str>, bool);

/// All mentions.
#[derive(Default)]
pub(super) struct Mentions {
    pub all: Vec<Mention>,
    places: Map<Same, u32>,
}

impl Mentions {
    /// Adds a row; rows of the master stay alone, for each is a person.
    pub fn add(&mut self, kind: Kind, key: i64, traits: Traits, quality: &str, row: RowRef) {
        let alone = row.table == 0;
        let id = if kind == Kind::Waiting { 0 } else { key };
        let same = (kind, id, traits, Box::from(quality), alone);
        if !alone && let Some(at) = self.places.get(&same) {
            let mention = &mut self.all[*at as usize];
            mention.table = mention.table.min(row.table);
            mention.rows.push(row);
            return;
        }
        let (_, _, traits, quality, ..) = same.clone();
        if !alone {
            self.places.insert(same, self.all.len() as u32);
        }
        let table = row.table;
        let (households, rows, variant) = (Vec::new(), vec![row], false);
        self.all.push(Mention { kind, table, key, traits, variant, quality, households, rows });
    }

    /// Takes the mentions of another part; keys of parts differ, so none is of both.
    pub fn append(&mut self, other: Self) {
        self.all.extend(other.all);
    }

    /// Brings all into an order that depends on nothing but the rows.
    pub fn settle(&mut self) {
        self.places = Map::default();
        for mention in &mut self.all {
            mention.rows.sort_unstable();
            mention.rows.shrink_to_fit();
        }
        self.all.sort_by(|a, b| {
            let own = |m: &Mention| (m.kind, m.rows[0].clone());
            own(a).cmp(&own(b))
        });
    }
}

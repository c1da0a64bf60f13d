//! What a planted anomaly asks of the household that will carry it.

use chrono::NaiveDate;

/// The household that a plant needs; the default asks for nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    /// Fewest and most members.
    pub(super) size: (u64, u64),
    /// The head is between 38 and 62 and, with others, married.
    pub(super) grown: bool,
    pub(super) male: Option<bool>,
    pub(super) list: ListWish,
    /// The day on which the household was put under watch.
    pub(super) identified: Option<NaiveDate>,
    /// A disease of the head, by code.
    pub(super) ill: Option<&'static str>,
    /// A hardship group of the head.
    pub(super) group: Option<&'static str>,
    /// The head has one stay in hospital.
    pub(super) stay: bool,
    /// A member (by position) without any visits or stays.
    pub(super) idle: Option<usize>,
    /// The second member is insured as an employee.
    pub(super) employee: bool,
    /// The head's name has three characters or more.
    pub(super) long_name: bool,
    /// Nothing unusual happens: no deaths, no moves, everybody has resident insurance.
    pub(super) quiet: bool,
}

/// Where the household stands in the rural-revitalisation list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListWish {
    Any,
    Unlisted,
    Lifted,
    /// Under watch since long ago.
    Open,
    /// Under watch because of illness, since long ago.
    OpenIll,
    /// Put under watch some weeks ago.
    New,
    Cleared,
}

impl Default for Wish {
    fn default() -> Self {
        Self {
            size: (1, 7),
            grown: false,
            male: None,
            list: ListWish::Any,
            identified: None,
            ill: None,
            group: None,
            stay: false,
            idle: None,
            employee: false,
            long_name: false,
            quiet: false,
        }
    }
}

impl Wish {
    /// A quiet household of two to five with a head in the prime of life.
    pub(super) fn quiet(list: ListWish) -> Self {
        Self { size: (2, 5), grown: true, list, quiet: true, ..Self::default() }
    }
}

//! The ledger's own tests: moves, clocks, flows, random histories, a simulated year.

pub(in crate::ledger) mod fixture;
pub(in crate::ledger) mod history;
mod letters;
mod moves;
mod proof;
mod rounds;
mod year;

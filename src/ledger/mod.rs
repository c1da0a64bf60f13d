//! Cases: an anomaly that somebody must answer, from its first night until an extract proves that
//! it is over.
//!
//! Everything that happens to a case is an [`act::Event`] in one chain of hashes; a [`case::Case`]
//! is a fold of its events; [`state::MOVES`] says which moves there are. [`advance::advance`] makes
//! the moves of a night. All of that is pure; [`store`] keeps it in SQLite or PostgreSQL.

pub mod act;
pub mod advance;
pub mod ahead;
pub mod case;
pub mod chain;
pub mod flow;
pub mod policy;
pub mod state;
pub mod store;
pub mod table;

#[cfg(test)]
pub(in crate::ledger) mod tests;

//! Receive: extract files and a contract in; typed bucketed rows, rejects and a receipt out.

pub mod assemble;
pub mod control;
pub mod inbox;
mod nulls;
pub mod read;
pub mod receipt;
mod receive;
mod rejects;
mod typed;

pub use receive::{Named, Received, Receiver};
pub use rejects::{ABOUT_COLUMNS, About, REJECT_COLUMNS, REJECTS, Reject, reject_schema};

//! Receive: extract files and a contract in; typed bucketed rows, rejects and a receipt out.

pub mod assemble;
mod columns;
pub mod inbox;
pub mod read;
mod receive;
pub mod receipt;
mod rejects;
mod typed;

pub use receive::{Received, Receiver};
pub use rejects::{REJECT_COLUMNS, reject_schema};

//! The monthly loop with the counties: one workbook for each county out ([`issue`]), how they stand
//! ([`status`]), letters to those that are late ([`letters`]), filled-in workbooks back in
//! ([`take_back`]). Between the packs village doctors get lists of visits ([`worklist`]).
//!
//! A workbook is a function of the ledger before its batch, a night's anomalies, the pipeline and
//! the day: the same again gives the same bytes. So a batch that a crash interrupted is finished,
//! and the ledger's BLAKE3 of each workbook can be held against what was sent.

pub mod batch;
pub mod book;
pub mod bulletin;
pub mod city;
pub mod county;
mod cover;
pub mod issue;
pub mod letters;
mod look;
pub mod province;
pub mod reveal;
pub mod seal;
pub mod select;
pub mod sheet;
pub mod show;
pub mod status;
pub mod take_back;
pub mod worklist;

#[cfg(test)]
mod tests;

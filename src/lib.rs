//! bidui 比对: nightly reconciliation of departmental extracts for basic-medical-care monitoring.
//!
//! The order of the modules below is the flow of a row and the order of dependence: a module uses
//! only modules above it (`tests/it/tidy.rs` holds it).
//!
//! | stage | module | takes | gives | verb |
//! |---|---|---|---|---|
//! | words | `error` … `division` | | values that every stage shares; no I/O | |
//! | tools | `cores` `diagnostic` `lake` `pipeline` `engine` | a folder of policy files | faults with file:line:col; where bytes live; a checked `Pipeline`; sessions | `load` |
//! | receive | `feed` | extract files, a contract | typed bucketed Parquet, rejects, a receipt | `receive` |
//! | identify | `identity` | rows of persons | a person key for each row, links with evidence | `resolve` |
//! | view | `view` | tables | rows of subjects | `build` |
//! | judge | `rule` | views, rules | findings, counts | `judge` |
//! | record | `anomaly` | findings, last night | the anomaly table | `collect` |
//! | remember | `ledger` | tonight's anomalies, the cases, acts of people | acts in one chain of hashes, and cases as their fold | `advance` |
//! | measure | `indicator` | tables, views, last night's history | figures by county, city and province | `night` |
//! | feed back | `feedback` | cases, indicators, returned workbooks | packs, letters, receipts, work lists, the bulletin; acts for the ledger | `write` `judge` `html` |
//! | publish | `report` | the night's accounts | the night report | `html` |
//! | whole | `night` | all of the above | one published night | `run` |
//! | try out | `trial` `fake` | worked examples; a simulated world | test results; synthetic extracts | `test` `make` |
//! | speak | `cli` | a command line | a result, an exit code | |

pub mod error;

pub mod amount;
pub mod calendar;
pub mod citizen_id;
pub mod person_name;

pub mod privacy;

pub mod codes;
pub mod division;

pub mod cores;
pub mod diagnostic;
pub mod lake;

pub mod pipeline;

pub mod engine;

pub mod feed;
pub mod identity;
pub mod view;

pub mod rule;

pub mod anomaly;

pub mod ledger;

pub mod indicator;

pub mod feedback;

pub mod report;

pub mod night;

pub mod trial;

pub mod fake;

pub mod cli;

//! Integration tests: one binary, one folder of modules; each test feeds files and looks at files.
#![allow(clippy::disallowed_methods, reason = "tests make and break files on purpose")]

mod accounts;
mod bad_input;
mod bombs;
mod bulletin;
mod crash;
mod deliveries;
mod determinism;
mod doctors;
mod evidence;
mod examples;
mod fake_months;
mod form;
mod formula;
mod henan;
mod identity;
mod identity_events;
mod indicators;
mod ledger;
mod mini;
mod month;
mod night;
mod pack_scale;
mod packs;
mod privacy;
mod read;
mod stale;
mod support;
mod take_back;
mod tidy;
mod try_out;
mod watch;
mod workdays;
mod worklist;
mod year;

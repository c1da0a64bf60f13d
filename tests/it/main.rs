//! Integration tests: one binary, one folder of modules; each test feeds files and looks at files.
#![allow(clippy::disallowed_methods, reason = "tests make and break files on purpose")]

mod support;

mod accounts;
mod bad_input;
mod crash;
mod determinism;
mod evidence;
mod examples;
mod formula;
mod night;
mod privacy;
mod read;
mod stale;
mod tidy;

//! Soon.
#[derive(clap::Args)]
pub struct Args {}
pub fn show(_: &Args) -> crate::error::Result<std::process::ExitCode> { Ok(std::process::ExitCode::SUCCESS) }

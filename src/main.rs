//! The binary.

fn main() -> std::process::ExitCode {
    bidui::cli::main()
}

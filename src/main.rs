//! The binary.

/// Columns of rows are allocated and freed on several threads; the system's allocator took a tenth
/// of a night.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bidui::cli::main()
}

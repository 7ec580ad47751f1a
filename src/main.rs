//! The thin binary: everything lives in the library.

use std::process::ExitCode;

/// A quarter less CPU than the system's for GraphQL answers, which are thousands of small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    connhub::cli::run()
}

//! The benchmarks: what the server can do, held against a bare warp route that answers the same bytes.
//!
//! ```sh
//! cargo bench --bench platform                      # all figures; some minutes
//! cargo bench --bench platform -- --quick updates   # short and rough, only figures that are named so
//! cargo bench --bench platform -- --serve '--log warn'   # with other options for the server
//! ```
//!
//! Product and reference are processes of their own, asked in turns (A B A B …) by the same client
//! from this process; a ratio is the median of the ratios of the turns. Client, connector, product
//! and reference share the machine's cores, so figures are worth something on a quiet machine only;
//! the CPU time per request, which stands beside each, suffers least from neighbours.

mod actions;
mod crowd;
mod deployment;
mod environment;
mod fill;
mod footprint;
mod live;
mod load;
mod operations;
mod reads;
mod reference;
#[path = "../support/mod.rs"]
mod support;
mod table;
mod things;
mod turns;
mod updates;

use environment::Environment;
use std::error::Error;
use std::process::ExitCode;
use table::Table;

/// The server's allocator, for the reference too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Outcome<T> = Result<T, Box<dyn Error>>;
type Benchmark = fn(&Environment, &mut Table) -> Outcome<()>;

/// All benchmarks, by the names that filters are compared with.
const BENCHMARKS: [(&str, Benchmark); 10] = [
    ("publications", reads::publications),
    ("instantiations", reads::instantiations),
    ("updates", updates::updates),
    ("live", live::live),
    ("actions", actions::actions),
    ("callbacks", actions::callbacks),
    ("things", things::things),
    ("deployment", deployment::deployment),
    ("crowd", crowd::crowd),
    ("footprint", footprint::footprint),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.as_slice() {
        [first, file] if first == reference::ARGUMENT => reference::serve(file),
        _ => measure(arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: Vec<String>) -> Outcome<()> {
    let mut filters = Vec::new();
    let (mut quick, mut serve) = (false, Vec::new());
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // Cargo says so to every benchmark.
            "--bench" => {}
            "--quick" => quick = true,
            "--serve" => serve = arguments.next().unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            _ => filters.push(argument),
        }
    }
    let environment = Environment::new(quick, serve)?;
    println!("{}\n", environment.describe());
    let mut table = Table::default();
    for (name, benchmark) in BENCHMARKS {
        if filters.is_empty() || filters.iter().any(|filter| name.contains(filter.as_str())) {
            eprintln!("{name} …");
            benchmark(&environment, &mut table)?;
        }
    }
    println!("{table}");
    Ok(())
}

//! Runs Partita's workloads in this process, on the embedded store, and measures the machine's own limits
//! in the same run: absolute times of a shared machine mean little alone.

mod console;
mod grpc;
mod machine;
mod machines;
mod report;
mod workloads;

use clap::Parser;
use report::Row;
use std::path::PathBuf;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Runs the workloads and prints their figures.
#[derive(Parser)]
struct Options {
    /// One JSON line a workload instead of a table.
    #[arg(long)]
    json: bool,
    /// Only these workloads (sequence-5, sequence-5-alone, fan-out-1000, order, sleepers, long-history, machine-pass-5,
    /// machine-map-10000, grpc, console).
    #[arg(long)]
    only: Vec<String>,
    /// Seconds that each closed loop is measured.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Where the stores are put; a fresh temporary folder when not given.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Be the server of the workload grpc, on a store in this folder, until the input ends.
    #[arg(long, hide = true)]
    serve_grpc: Option<PathBuf>,
    /// Be the server of the workload console, on a store in this folder, until the input ends.
    #[arg(long, hide = true)]
    serve_console: Option<PathBuf>,
}

fn main() -> partita::Result<()> {
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .with_writer(std::io::stderr)
        .init();
    let options = Options::parse();
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let Some(folder) = &options.serve_grpc {
        return tokio.block_on(grpc::serve(folder));
    }
    if let Some(folder) = &options.serve_console {
        return tokio.block_on(console::serve(folder));
    }
    let scratch = match &options.folder {
        Some(folder) => {
            std::fs::create_dir_all(folder)?;
            tempfile::tempdir_in(folder)?
        }
        None => tempfile::tempdir()?,
    };
    let mut rows: Vec<Row> = Vec::new();
    for workload in workloads::ALL {
        if !options.only.is_empty() && !options.only.iter().any(|name| name == workload.name) {
            continue;
        }
        let folder = scratch.path().join(workload.name);
        let sync_p50_us = machine::sync_p50_us(scratch.path())?;
        let measured = tokio.block_on((workload.run)(folder.clone(), options.seconds))?;
        for measure in measured {
            let row = Row::new(measure, sync_p50_us);
            if options.json {
                report::json(&row)?;
            }
            rows.push(row);
        }
        std::fs::remove_dir_all(&folder)?;
    }
    if !options.json {
        report::table(&rows);
    }
    Ok(())
}

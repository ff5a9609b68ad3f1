//! Compiles the Durable Task protocol, without a `protoc`.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    const PROTOCOL: &str = "proto/durable_task.proto";
    println!("cargo::rerun-if-changed={PROTOCOL}");
    let described = protox::compile([PROTOCOL], ["proto"])?;
    tonic_prost_build::configure()
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .compile_fds(described)?;
    Ok(())
}

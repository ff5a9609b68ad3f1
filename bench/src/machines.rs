//! State machines, on the interpreter alone: no function is called.

use crate::machine::disk_bytes;
use crate::report::Measure;
use crate::workloads::{closed_loop, closed_loop_alone, one_by_one};
use partita::{Result, Runtime};
use partita_flow::asl::check::Format;
use partita_flow::asl::items::Buckets;
use partita_server::state_machines::{MachineOffers, MachineSettings, StateMachines};
use partita_store::Store;
use partita_store_embedded::{EmbeddedStore, Options};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Five states that pass their input on.
const PASS: &str = r#"{"StartAt":"A","States":{
    "A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"C"},"C":{"Type":"Pass","Next":"D"},
    "D":{"Type":"Pass","Next":"E"},"E":{"Type":"Pass","End":true}}}"#;
/// Passes each item on.
const MAP: &str = r#"{"StartAt":"Each","States":{"Each":{"Type":"Map","End":true,
    "ItemProcessor":{"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}"#;
const ITEMS: usize = 10_000;

async fn runtime(folder: &Path) -> Result<Runtime> {
    let store: Arc<dyn Store> = Arc::new(EmbeddedStore::open(folder, Options::default())?);
    let machines = StateMachines::open(store.clone(), MachineSettings::default(), Buckets::default()).await?;
    for (name, text) in [("Pass", PASS), ("Map", MAP)] {
        let put = machines.put_file(name, text, Format::Json).await?;
        put.map_err(|problems| partita::Error::new("Definition", format!("{name}: {problems:?}")))?;
    }
    Ok(Runtime::builder().store(store).offers(Arc::new(MachineOffers(machines))).start().await?)
}

pub(crate) async fn pass(folder: PathBuf, seconds: f64) -> Result<Vec<Measure>> {
    let runtime = runtime(&folder).await?;
    let mut measures = Vec::new();
    for in_flight in [64, 256] {
        let measure = closed_loop(&runtime.client(), "Pass", in_flight, seconds).await?;
        measures.push(Measure { workload: "machine-pass-5", disk_bytes: disk_bytes(&folder), ..measure });
    }
    let alone = closed_loop_alone(&runtime.client(), "Pass").await?;
    measures.push(Measure { workload: "machine-pass-5", disk_bytes: disk_bytes(&folder), ..alone });
    runtime.shutdown(Duration::from_secs(5)).await?;
    Ok(measures)
}

pub(crate) async fn map(folder: PathBuf) -> Result<Vec<Measure>> {
    let runtime = runtime(&folder).await?;
    let (client, items) = (runtime.client(), (0..ITEMS).collect::<Vec<_>>());
    let measure = one_by_one("machine-map-10000", &folder, 30, async || {
        let id = client.start("Map", &items).await?;
        match client.result::<Vec<usize>>(&id).await? == items {
            true => Ok(()),
            false => Err(partita::Error::new("Wrong", "the map gave something else")),
        }
    });
    let measure = measure.await?;
    runtime.shutdown(Duration::from_secs(5)).await?;
    Ok(vec![measure])
}

//! Workers and clients of the task hubs of one server.

use crate::entities::{id, offers, value};
use crate::site::{PATIENCE, until};
use partita_remote::{Client, Target, Worker};
use partita_server::config::{ConfigFile, Sources};
use partita_server::node::{Node, NodeOptions};
use partita_server::{Config, Server};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_one_hub_is_not_in_another() {
    let text = "listen = \"127.0.0.1:0\"\n[hubs]\non-first-use = true\n";
    let file = ConfigFile::Text("partita.toml".into(), text.into());
    let config = Config::load(&Sources { file, ..Sources::default() }).unwrap();
    let report = tokio::sync::mpsc::unbounded_channel().0;
    let node = Node::open(&config, NodeOptions::default(), report).await.unwrap();
    let engine = node.runtime().engine().clone();
    let server = Server::bind_with(engine, node.parts().clone(), config.server_options()).await.unwrap();
    let (address, stop) = (server.address().to_string(), CancellationToken::new());
    let serving = tokio::spawn(server.serve(stop.clone().cancelled_owned()));

    let (mut clients, mut workers) = (Vec::new(), Vec::new());
    for hub in ["one", "two"] {
        let worker = Worker::connect(&address).unwrap().task_hub(hub).unwrap().registry(offers().registry());
        workers.push(tokio::spawn(worker.run(stop.clone())));
        clients.push(Client::new(&Target::new(&address).unwrap().task_hub(hub).unwrap()));
    }
    let unnamed = Client::connect(&address).await.unwrap();
    let all = [&clients[0], &clients[1], &unnamed];
    for (client, amount) in all.iter().zip([1_i64, 10, 100]) {
        client.signal_entity(&id("a"), "add", &amount).await.unwrap();
    }
    for (client, sum) in clients.iter().zip([2_i64, 11]) {
        let added = client.start("Add", &("a", 1)).await.unwrap();
        assert_eq!(client.result::<i64>(&added).await.unwrap(), sum);
    }
    assert_eq!(value(&unnamed, "a").await, None, "no worker is in the default hub");
    let late = Worker::connect(&address).unwrap().registry(offers().registry());
    workers.push(tokio::spawn(late.run(stop.clone())));
    until("its worker has come", async || value(&unnamed, "a").await == Some(100)).await;

    stop.cancel();
    for worker in workers {
        tokio::time::timeout(PATIENCE, worker).await.unwrap().unwrap().unwrap();
    }
    serving.await.unwrap().unwrap();
    node.shutdown(Duration::ZERO).await.unwrap();
}

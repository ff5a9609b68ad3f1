//! Hubs by the Durable Task protocol.

use crate::site::{DEV, Site, refused, to, turn};
use partita_api::durable_task::proto::{
    CreateInstanceRequest, CreateTaskHubRequest, DeleteTaskHubRequest, GetInstanceRequest,
    GetWorkItemsRequest,
};
use tonic::Code;

fn start(id: &str) -> CreateInstanceRequest {
    CreateInstanceRequest { instance_id: id.into(), name: "Any".into(), ..Default::default() }
}

fn get(id: &str) -> GetInstanceRequest {
    GetInstanceRequest { instance_id: id.into(), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_leave_clients_make_and_delete_nothing() {
    let site = Site::open("").await;
    let mut client = site.client().await;
    let told = refused(client.start_instance(to("shop", start("x"))).await, Code::NotFound);
    assert!(told.contains("partita hub create shop"), "{told}");
    refused(client.get_work_items(to("shop", GetWorkItemsRequest::default())).await, Code::NotFound);
    refused(client.hello(to("9", ())).await, Code::InvalidArgument);
    let create = |anew| CreateTaskHubRequest { recreate_if_exists: anew };
    let told = refused(client.create_task_hub(to("shop", create(false))).await, Code::FailedPrecondition);
    assert!(told.contains("partita hub create shop"), "{told}");
    refused(client.delete_task_hub(to("shop", DeleteTaskHubRequest {})).await, Code::FailedPrecondition);
    site.put_hub("shop").await.ok(201);
    client.create_task_hub(to("shop", create(false))).await.unwrap(); // it is there
    refused(client.create_task_hub(to("shop", create(true))).await, Code::FailedPrecondition);
    client.start_instance(to("shop", start("x"))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_leave_they_do() {
    let site = Site::open(&format!("{DEV}max = 1\n")).await;
    let mut client = site.client().await;
    let create = |anew| CreateTaskHubRequest { recreate_if_exists: anew };
    client.create_task_hub(to("a", create(false))).await.unwrap();
    refused(client.create_task_hub(to("b", create(true))).await, Code::ResourceExhausted);
    refused(client.hello(to("b", ())).await, Code::ResourceExhausted);
    client.start_instance(to("a", start("x"))).await.unwrap();
    client.create_task_hub(to("a", create(false))).await.unwrap();
    let exists =
        async |id| site.client().await.get_instance(to("a", get(id))).await.unwrap().into_inner().exists;
    assert!(exists("x").await, "it was left alone");
    client.create_task_hub(to("a", create(true))).await.unwrap();
    assert!(!exists("x").await, "it is a new one");
    client.delete_task_hub(to("A", DeleteTaskHubRequest {})).await.unwrap();
    refused(client.delete_task_hub(to("a", DeleteTaskHubRequest {})).await, Code::NotFound);
    assert_eq!(site.names().await, ["default"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_default_hub_stays() {
    let site = Site::open(DEV).await;
    let mut client = site.client().await;
    let anew = CreateTaskHubRequest { recreate_if_exists: true };
    refused(client.delete_task_hub(to("", DeleteTaskHubRequest {})).await, Code::FailedPrecondition);
    client.create_task_hub(to("", anew)).await.unwrap(); // it is as new
    client.start_instance(to("default", start("x"))).await.unwrap();
    let told = refused(client.create_task_hub(to("default", anew)).await, Code::FailedPrecondition);
    assert!(told.contains("has instances or entities"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_a_deleted_hub_end_and_its_workers_can_come_back() {
    let site = Site::open(DEV).await;
    let mut items = site.worker("a").await;
    site.delete_hub("a").await.ok(204);
    assert!(matches!(items.message().await, Ok(None)), "the stream ends in order");
    let mut items = site.worker("a").await;
    site.client().await.start_instance(to("a", start("again"))).await.unwrap();
    assert_eq!(turn(&mut items).await.1.instance_id, "again");
}

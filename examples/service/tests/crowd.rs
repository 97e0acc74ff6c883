//! Many clients at once.

mod support;

use fusee::task::JoinSet;
use hyper::StatusCode;
use serde_json::json;
use support::{Service, TestClient, run};

const CLIENTS: i64 = 64;
const ITEMS: i64 = 5;

/// So many of them change the same item: each change has all others that are under way ask once more.
const RIVALS: i64 = 16;

/// Adds items of its own; then a rival adds one to the quantity of what all share, as often as it takes.
async fn work(client: TestClient, number: i64) -> u32 {
    for n in 0..ITEMS {
        let item = json!({"name": format!("{number}/{n}"), "category": format!("client {number}"), "quantity": n});
        assert_eq!(client.post("/items", item).await.0, StatusCode::CREATED);
    }
    if number >= RIVALS {
        return 0;
    }
    let mut conflicts = 0;
    loop {
        let (_, mut item) = client.get("/items/1").await;
        let quantity = item["quantity"].as_i64().unwrap() + 1;
        let item = json!({
            "version": item["version"].take(), "name": "shared", "category": "all", "quantity": quantity,
        });
        match client.put("/items/1", item).await {
            (StatusCode::OK, _) => return conflicts,
            (StatusCode::CONFLICT, _) => conflicts += 1,
            (status, problem) => panic!("{status} {problem}"),
        }
    }
}

#[test]
fn what_sixty_four_clients_add_at_once_is_all_there() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::start(&folder.path().join("items.db"), &[]);
        let client = service.client();
        client.post("/items", json!({"name": "shared", "category": "all", "quantity": 0})).await;
        let mut clients = JoinSet::new();
        for number in 0..CLIENTS {
            clients.spawn(work(service.client(), number));
        }
        clients.join_all().await;

        let (_, shared) = client.get("/items/1").await;
        assert_eq!((&shared["quantity"], &shared["version"]), (&json!(RIVALS), &json!(RIVALS + 1)));
        for number in 0..CLIENTS {
            let (_, page) = client.get(&format!("/items?category=client%20{number}")).await;
            let quantities: Vec<_> = page["items"].as_array().unwrap().iter().map(|item| &item["quantity"]).collect();
            assert_eq!(quantities, (0..ITEMS).collect::<Vec<_>>());
        }
        service.stop();
    });
}

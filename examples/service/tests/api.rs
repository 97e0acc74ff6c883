//! What a client gets from the program: items, pages of them, and errors.

mod support;

use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use support::{Service, TestClient, run};

async fn with_service(options: &[&str], test: impl AsyncFnOnce(TestClient)) {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(&folder.path().join("items.db"), options);
    test(service.client()).await;
    service.stop();
}

fn item(name: &str, category: &str, quantity: i64) -> Value {
    json!({"name": name, "category": category, "quantity": quantity})
}

#[test]
fn an_item_is_made_read_changed_and_deleted() {
    run(with_service(&[], async |client| {
        let (status, made) = client.post("/items", item("hammer", "tools", 3)).await;
        assert_eq!(status, StatusCode::CREATED);
        let expected = json!({
            "id": 1, "name": "hammer", "category": "tools", "quantity": 3, "version": 1, "updated_at": made["updated_at"],
        });
        assert_eq!(made, expected);
        assert_eq!(client.get("/items/1").await, (StatusCode::OK, made));

        let change = json!({"version": 1, "name": "mallet", "category": "tools", "quantity": 2});
        let (status, changed) = client.put("/items/1", change).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(
            (&changed["name"], &changed["quantity"], &changed["version"]),
            (&json!("mallet"), &json!(2), &json!(2))
        );
        assert_eq!(client.get("/items/1").await, (StatusCode::OK, changed));

        assert_eq!(client.send(Method::DELETE, "/items/1", None).await, (StatusCode::NO_CONTENT, Value::Null));
        assert_eq!(client.get("/items/1").await.0, StatusCode::NOT_FOUND);
        assert_eq!(client.send(Method::DELETE, "/items/1", None).await.0, StatusCode::NOT_FOUND);
        // A number is not given again.
        assert_eq!(client.post("/items", item("saw", "tools", 1)).await.1["id"], 2);
    }));
}

#[test]
fn a_new_item_is_answered_with_its_place() {
    run(with_service(&[], async |client| {
        let request = Request::post("/").header("content-type", "application/json");
        let request = request.body(item("hammer", "tools", 3).to_string().into()).unwrap();
        assert_eq!(client.request_to("/items", request).await.headers()["location"], "/items/1");
    }));
}

#[test]
fn who_has_not_seen_the_last_change_gets_a_conflict() {
    run(with_service(&[], async |client| {
        client.post("/items", item("hammer", "tools", 3)).await;
        let change = |version, quantity| json!({"version": version, "name": "hammer", "category": "tools", "quantity": quantity});
        assert_eq!(client.put("/items/1", change(1, 4)).await.0, StatusCode::OK);
        let (status, problem) = client.put("/items/1", change(1, 5)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(problem["detail"], "the item has version 2 by now, not 1");
        assert_eq!(client.get("/items/1").await.1["quantity"], 4);
        assert_eq!(client.put("/items/2", change(1, 5)).await.0, StatusCode::NOT_FOUND);
        // Names are items' own.
        assert_eq!(client.post("/items", item("hammer", "toys", 1)).await.0, StatusCode::CONFLICT);
        client.post("/items", item("saw", "tools", 1)).await;
        assert_eq!(client.put("/items/2", change(1, 5)).await.0, StatusCode::CONFLICT);
    }));
}

#[test]
fn a_list_comes_in_pages_and_by_filters() {
    run(with_service(&[], async |client| {
        for number in 1..=25 {
            let (category, name) = if number % 5 == 0 { ("toys", "Ball") } else { ("tools", "Hammer") };
            client.post("/items", item(&format!("{name} {number}"), category, number)).await;
        }
        let list = async |query: &str| {
            let (status, page) = client.get(&format!("/items{query}")).await;
            assert_eq!(status, StatusCode::OK);
            let ids: Vec<_> =
                page["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
            (ids, page["next"].as_i64())
        };
        assert_eq!(list("").await, ((1..=20).collect(), Some(20)));
        assert_eq!(list("?after=20").await, ((21..=25).collect(), None));
        assert_eq!(list("?limit=100").await, ((1..=25).collect(), None));
        assert_eq!(list("?category=toys&limit=3").await, (vec![5, 10, 15], Some(15)));
        assert_eq!(list("?category=toys&limit=3&after=15").await, (vec![20, 25], None));
        assert_eq!(list("?name=bALL%202").await, (vec![20, 25], None));
        assert_eq!(list("?category=none").await, (vec![], None));
        // What SQL would take for a pattern or an end is text.
        assert_eq!(list("?name=%25").await, (vec![], None));
        assert_eq!(list("?name='%20or%201--").await, (vec![], None));
    }));
}

#[test]
fn what_cannot_be_kept_is_said_field_by_field() {
    run(with_service(&[], async |client| {
        let (status, problem) = client.post("/items", item(" ", &"é".repeat(101), -1)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| &error["field"]).collect();
        assert_eq!(fields, ["name", "category", "quantity"]);
        assert_eq!(problem["errors"][2]["message"], "must be from 0 to 1000000000");
        assert_eq!(client.post("/items", item("é", &"é".repeat(100), 0)).await.0, StatusCode::CREATED);
        let (status, problem) = client.get("/items?limit=0").await;
        assert_eq!((status, &problem["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("limit")));
    }));
}

#[test]
fn each_kind_of_bad_request_has_its_status_and_says_why() {
    let good = item("hammer", "tools", 3).to_string();
    let large = item(&"x".repeat(2000), "tools", 3).to_string();
    let json = "application/json";
    #[rustfmt::skip]
    let cases = [
        ("POST", "/items", json, r#"{"name": "#, 400, "Failed to parse the request body as JSON"),
        ("POST", "/items", json, r#"{"name": 7}"#, 422, "name: invalid type: integer `7`"),
        ("POST", "/items", json, r#"{"name": "saw", "category": "tools"}"#, 422, "missing field `quantity`"),
        ("POST", "/items", json, r#"{"nane": "saw"}"#, 422, "unknown field `nane`"),
        ("POST", "/items", "text/plain", &good, 415, "`Content-Type: application/json`"),
        ("POST", "/items", json, &large, 413, "a body has at most 1000 bytes here"),
        ("GET", "/items/7", json, "", 404, "there is nothing here"),
        ("GET", "/items/seven", json, "", 400, "Cannot parse `seven` to a `i64`"),
        ("GET", "/items?limit=some", json, "", 400, "limit: invalid digit"),
        ("GET", "/items?colour=red", json, "", 400, "unknown field `colour`"),
        ("GET", "/elsewhere", json, "", 404, "there is nothing here"),
        ("PATCH", "/items/7", json, &good, 405, "by other methods"),
        ("DELETE", "/items", json, "", 405, "by other methods"),
        ("POST", "/healthz", json, "", 405, "by other methods"),
    ];
    run(with_service(&["--max-body", "1000"], async |client| {
        for (method, path, kind, body, status, why) in cases {
            let request = Request::builder().method(method).header("content-type", kind);
            let answer = client.request_to(path, request.body(body.to_owned().into()).unwrap()).await;
            let problem: Value = serde_json::from_slice(answer.body()).unwrap();
            assert_eq!(answer.status(), status, "{method} {path} {body}: {problem}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json");
            assert_eq!(problem["status"], status);
            assert!(problem["detail"].as_str().unwrap().contains(why), "{method} {path} {body}: {problem}");
            assert_eq!(answer.headers().contains_key("allow"), status == 405);
        }
        assert_eq!(client.get("/items").await.1, json!({"items": []}));
    }));
}

#[test]
fn a_supervisor_is_told_that_it_lives_and_is_ready() {
    run(with_service(&[], async |client| {
        assert_eq!(client.get("/healthz").await, (StatusCode::NO_CONTENT, Value::Null));
        assert_eq!(client.get("/readyz").await, (StatusCode::NO_CONTENT, Value::Null));
    }));
}

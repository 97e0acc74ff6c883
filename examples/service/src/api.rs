//! The routes, and what they take and answer.

use axum::Router;
use axum::extract::{FromRequest, FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use crate::Problem;
use crate::problem::FieldError;
use crate::store::{Draft, Filter, Item, Store, Updated};

/// How many items a page has, if the client does not say, and at most.
const PAGE: u32 = 20;
const LARGEST_PAGE: u32 = 100;

const LONGEST_NAME: usize = 100;
const LARGEST_QUANTITY: i64 = 1_000_000_000;

type Answer<T> = Result<T, Problem>;

/// axum's extractors, with problems in the place of its own refusals.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
struct Json<T>(T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
struct Path<T>(T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
struct Query<T>(T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// `/items` and what is below.
pub(crate) fn routes(store: Store) -> Router {
    Router::new()
        .route("/items", get(list).post(create))
        .route("/items/{id}", get(read).put(update).delete(delete))
        .with_state(store)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewItem {
    name: String,
    category: String,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangedItem {
    /// The one that the client has seen.
    version: i64,
    name: String,
    category: String,
    quantity: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Selection {
    category: Option<String>,
    name: Option<String>,
    #[serde(default)]
    after: i64,
    #[serde(default = "page")]
    limit: u32,
}

fn page() -> u32 {
    PAGE
}

#[derive(Serialize)]
struct Page {
    items: Vec<Item>,
    /// What to ask for next: `after` this number.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

async fn create(State(store): State<Store>, Json(item): Json<NewItem>) -> Answer<impl IntoResponse> {
    let item = store.insert(&draft(item.name, item.category, item.quantity)?).await?;
    Ok((StatusCode::CREATED, [(LOCATION, format!("/items/{}", item.id))], Json(item)))
}

async fn read(State(store): State<Store>, Path(id): Path<i64>) -> Answer<Json<Item>> {
    Ok(Json(store.get(id).await?))
}

async fn list(State(store): State<Store>, Query(selection): Query<Selection>) -> Answer<Json<Page>> {
    let Selection { category, name, after, limit } = selection;
    if !(1..=LARGEST_PAGE).contains(&limit) {
        let message = format!("must be from 1 to {LARGEST_PAGE}");
        return Err(Problem::invalid(vec![FieldError { field: "limit", message }]));
    }
    // One more tells whether there are more.
    let mut items = store.list(&Filter { category, name, after, limit: limit + 1 }).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = if more { items.last().map(|item| item.id) } else { None };
    Ok(Json(Page { items, next }))
}

async fn update(State(store): State<Store>, Path(id): Path<i64>, Json(item): Json<ChangedItem>) -> Answer<Json<Item>> {
    let draft = draft(item.name, item.category, item.quantity)?;
    match store.update(id, item.version, &draft).await? {
        Updated::Done(item) => Ok(Json(item)),
        Updated::Conflict(now) => {
            let detail = format!("the item has version {now} by now, not {}", item.version);
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
    }
}

async fn delete(State(store): State<Store>, Path(id): Path<i64>) -> Answer<StatusCode> {
    if store.delete(id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found()) }
}

/// What a client says of an item, if all of it is fit to be kept.
fn draft(name: String, category: String, quantity: i64) -> Answer<Draft> {
    let mut errors = Vec::new();
    for (field, text) in [("name", &name), ("category", &category)] {
        if text.trim().is_empty() || text.chars().count() > LONGEST_NAME {
            errors.push(FieldError { field, message: format!("must have from 1 to {LONGEST_NAME} characters") });
        }
    }
    if !(0..=LARGEST_QUANTITY).contains(&quantity) {
        errors.push(FieldError { field: "quantity", message: format!("must be from 0 to {LARGEST_QUANTITY}") });
    }
    if errors.is_empty() { Ok(Draft { name, category, quantity }) } else { Err(Problem::invalid(errors)) }
}

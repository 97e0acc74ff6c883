//! What a client is told when it does not get what it asked for: `application/problem+json`, as RFC 9457 has it.

use std::borrow::Cow;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer that is an error.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    fields: Vec<FieldError>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Serialize)]
pub struct FieldError {
    /// The field's name.
    pub field: &'static str,
    /// What it must be.
    pub message: String,
}

/// The body of the answer.
#[derive(Serialize)]
struct Document<'a> {
    title: &'a str,
    status: u16,
    detail: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
}

impl Problem {
    /// An error with a sentence for whoever reads it.
    pub fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), fields: Vec::new() }
    }

    /// 422, with what is wrong in each field.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        Self { fields, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "some fields have no valid value") }
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is nothing here")
    }

    /// 500. Nobody outside is told what it was: the log has it.
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "the service has failed; its log says why")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or_default();
        let document = Document { title, status: self.status.as_u16(), detail: &self.detail, errors: &self.fields };
        let mut response = (self.status, Json(document)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::RowNotFound => Self::not_found(),
            sqlx::Error::Database(error) if error.is_unique_violation() => {
                Self::new(StatusCode::CONFLICT, "another item has this name")
            }
            _ if is_busy(&error) => {
                tracing::warn!(%error, "the database is busy");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the database is busy")
            }
            _ => {
                tracing::error!(%error, "the database has failed");
                Self::internal()
            }
        }
    }
}

/// Whether it may work later: no connection was free in time, or another process has locked the file.
fn is_busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        // The lowest byte is the kind, of which extended codes tell more.
        sqlx::Error::Database(error) => {
            let code = error.code().and_then(|code| code.parse::<u32>().ok());
            code.is_some_and(|code| matches!(code & 0xff, SQLITE_BUSY | SQLITE_LOCKED))
        }
        _ => false,
    }
}

const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;

/// What axum's extractors refuse: 400 for what is not JSON, 415 for another type, 422 for JSON of another shape.
macro_rules! from_rejections {
    ($($rejection:ty),*) => {
        $(impl From<$rejection> for Problem {
            fn from(rejection: $rejection) -> Self {
                Self::new(rejection.status(), rejection.body_text())
            }
        })*
    };
}

from_rejections!(JsonRejection, PathRejection, QueryRejection);

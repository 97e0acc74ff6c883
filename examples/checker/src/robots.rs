//! robots.txt, which each host is asked for once, before anything else.
//!
//! Its rules for [`AGENT`] hold for whatever is checked. A host that has none, or does not give it, allows everything.
//! `Crawl-delay` is not heeded: `--rate` is there for that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fusee::sync::OnceCell;
use robotxt::Robots;
use url::Url;

use crate::fetch::Fetcher;
use crate::transport::{Transport, Want};

/// The name by which robots.txt may address this program.
pub const AGENT: &str = "fusee-checker";

/// The rules of the hosts that have been asked.
#[derive(Debug, Default)]
pub struct Rules(Mutex<HashMap<String, Arc<OnceCell<Robots>>>>);

impl Rules {
    /// Whether the rules of its host allow `url`. Whoever asks first makes the request; others wait for it.
    pub async fn allow<T: Transport>(&self, url: &Url, fetcher: &Fetcher<T>) -> bool {
        let cell = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = { cell }.entry(url.origin().ascii_serialization()).or_default().clone();
        cell.get_or_init(|| ask(url, fetcher)).await.is_url_allowed(url)
    }
}

async fn ask<T: Transport>(url: &Url, fetcher: &Fetcher<T>) -> Robots {
    let Ok(place) = url.join("/robots.txt") else { return Robots::allow_all() };
    let body = fetcher.fetch(&place, Want::Text).await.ok().and_then(|fetched| fetched.answer.body);
    body.map_or_else(Robots::allow_all, |body| Robots::parse(&body.bytes, AGENT))
}

//! The crawl: one task knows what has been seen, and spawns another for each address.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::panic::resume_unwind;
use std::sync::Arc;

use fusee::task::JoinSet;
use fusee::time::Instant;
use url::Url;

use crate::fetch::{Fetched, Fetcher};
use crate::frontier::Frontier;
use crate::links::{Kind, links};
use crate::politeness::host_of;
use crate::report::{Broken, Report};
use crate::robots::Rules;
use crate::transport::{Failure, Transport, Want};

/// Where a crawl goes.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Pages so many links from the start are read. `None` is no limit. What lies beyond is checked, and not read.
    pub depth: Option<usize>,
    /// At most so many addresses at a time.
    pub concurrency: NonZeroU32,
    /// At most so many of a host.
    pub per_host: NonZeroU32,
    /// Whether links to other hosts are left out.
    pub same_host: bool,
    /// Whether robots.txt is asked for, and obeyed.
    pub robots: bool,
}

/// How far a crawl has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Addresses known.
    pub known: usize,
    /// Addresses done with.
    pub done: usize,
    /// Those of them that are broken.
    pub broken: usize,
}

/// An address, and where it stands.
#[derive(Debug)]
struct Link {
    /// Pages, by their places in [`Crawl::pages`].
    on: Vec<usize>,
    outcome: Option<Outcome>,
}

/// What has become of an address.
#[derive(Clone, Debug)]
enum Outcome {
    Answered(u16),
    Failed(Failure),
    Disallowed,
    Stopped,
}

/// An address that is to be checked.
#[derive(Debug)]
struct Job {
    url: Url,
    depth: usize,
    want: Want,
}

/// What a job's task found.
struct Found {
    host: String,
    job: Job,
    result: Result<Fetched, Outcome>,
    /// The page's links.
    links: Option<crate::links::Links>,
}

/// Checks the links of the site that `starts` are pages of, until all are done or the fetcher is stopped.
///
/// `watch` is told after each address.
///
/// # Cancel safety
/// Dropped, it drops the requests that are under way.
pub async fn crawl<T: Transport>(
    fetcher: Arc<Fetcher<T>>,
    limits: Limits,
    starts: Vec<Url>,
    mut watch: impl FnMut(Progress),
) -> Report {
    let begin = Instant::now();
    let mut crawl = Crawl::new(limits, &starts);
    for url in starts {
        crawl.add(url, Kind::Page, 0, None);
    }
    let mut running = JoinSet::new();
    let rules = Arc::new(Rules::default());
    loop {
        while running.len() < crawl.limits.concurrency.get() as usize && !fetcher.is_stopped() {
            let Some((host, job)) = crawl.frontier.start() else { break };
            let rules = crawl.limits.robots.then(|| rules.clone());
            running.spawn(check(fetcher.clone(), rules, host, job));
        }
        match running.join_next().await {
            Some(Ok(found)) => {
                crawl.take(found);
                watch(crawl.progress);
            }
            // Nobody aborts them.
            Some(Err(error)) => resume_unwind(error.into_panic()),
            None if fetcher.is_stopped() || !crawl.frontier.advance() => break,
            None => {}
        }
    }
    let mut report = crawl.report();
    report.count_requests(fetcher.tally());
    report.interrupted = fetcher.is_stopped();
    report.seconds = begin.elapsed().as_millis() as f64 / 1000.0;
    report
}

/// Checks one address, and reads it if it is a page of the site.
async fn check<T: Transport>(fetcher: Arc<Fetcher<T>>, rules: Option<Arc<Rules>>, host: String, job: Job) -> Found {
    if let Some(rules) = rules
        && !rules.allow(&job.url, &fetcher).await
    {
        return Found { host, job, result: Err(Outcome::Disallowed), links: None };
    }
    let result = fetcher.fetch(&job.url, job.want).await.map_err(|failure| match failure {
        Failure::Stopped => Outcome::Stopped,
        failure => Outcome::Failed(failure),
    });
    let body = result.as_ref().ok().and_then(|fetched| Some((fetched, fetched.answer.body.as_ref()?)));
    let links = body.map(|(fetched, body)| links(&body.bytes, &fetched.url));
    Found { host, job, result, links }
}

struct Crawl {
    limits: Limits,
    /// The hosts whose pages are read.
    hosts: HashSet<String>,
    frontier: Frontier<Job>,
    links: HashMap<Url, Link>,
    /// The pages that were read.
    pages: Vec<Url>,
    read: HashSet<Url>,
    progress: Progress,
    report: Report,
}

impl Crawl {
    fn new(limits: Limits, starts: &[Url]) -> Self {
        let frontier = Frontier::new(limits.per_host);
        let hosts = starts.iter().map(host_of).collect();
        let (links, read) = (HashMap::new(), HashSet::new());
        Self {
            limits,
            hosts,
            frontier,
            links,
            pages: vec![],
            read,
            progress: Progress::default(),
            report: Report::default(),
        }
    }

    /// A link, which is checked if it has not been seen yet.
    fn add(&mut self, url: Url, kind: Kind, depth: usize, page: Option<usize>) {
        if let Some(link) = self.links.get_mut(&url) {
            link.on.extend(page);
            return;
        }
        let host = host_of(&url);
        let is_inside = self.hosts.contains(&host);
        if (!is_inside && self.limits.same_host) || (!cfg!(feature = "tls") && url.scheme() == "https") {
            self.report.skipped += 1;
            return;
        }
        let is_near = self.limits.depth.is_none_or(|limit| depth <= limit);
        let want = if is_inside && is_near && kind == Kind::Page { Want::Page } else { Want::Status };
        self.links.insert(url.clone(), Link { on: page.into_iter().collect(), outcome: None });
        self.progress.known += 1;
        self.frontier.push(host, Job { url, depth, want });
    }

    /// What a job's task found.
    fn take(&mut self, found: Found) {
        let Found { host, job, result, links } = found;
        self.frontier.end(&host);
        let outcome = match &result {
            Ok(fetched) => Outcome::Answered(fetched.answer.status.as_u16()),
            Err(outcome) => outcome.clone(),
        };
        self.progress.done += 1;
        self.progress.broken += usize::from(outcome.breaks().is_some());
        if let Some(link) = self.links.get_mut(&job.url) {
            link.outcome = Some(outcome);
        }
        if let (Ok(fetched), Some(links)) = (result, links) {
            self.read(&job, fetched, links);
        }
    }

    /// A page that was read, unless it was, by another address, or it is not of the site.
    fn read(&mut self, job: &Job, fetched: Fetched, links: crate::links::Links) {
        let host = host_of(&fetched.url);
        if job.depth == 0 {
            // A site is where its first page leads to.
            self.hosts.insert(host);
        } else if !self.hosts.contains(&host) {
            return;
        }
        if !self.read.insert(fetched.url.clone()) {
            return;
        }
        let page = self.pages.len();
        self.report.truncated += usize::from(fetched.answer.body.is_some_and(|body| body.truncated));
        self.report.skipped += links.others;
        for text in links.malformed {
            let why = Failure::Malformed.to_string();
            self.report.broken.push(Broken { url: text, why, status: None, pages: vec![fetched.url.to_string()] });
        }
        self.pages.push(fetched.url);
        for (url, kind) in links.found {
            self.add(url, kind, job.depth + 1, Some(page));
        }
    }

    fn report(mut self) -> Report {
        self.report.pages = self.pages.len();
        for (url, link) in self.links {
            let Some(outcome) = link.outcome else {
                self.report.unchecked += 1;
                continue;
            };
            match outcome {
                Outcome::Stopped => self.report.unchecked += 1,
                Outcome::Disallowed => self.report.disallowed += 1,
                Outcome::Answered(_) | Outcome::Failed(_) => self.report.links += 1,
            }
            if let Outcome::Answered(status) = outcome {
                *self.report.statuses.entry(status).or_default() += 1;
            }
            if let Some((why, status)) = outcome.breaks() {
                let mut pages: Vec<String> = link.on.iter().map(|&page| self.pages[page].to_string()).collect();
                pages.sort();
                self.report.broken.push(Broken { url: url.into(), why, status, pages });
            }
        }
        self.report.broken.sort_by(|one, other| one.url.cmp(&other.url));
        self.report
    }
}

impl Outcome {
    /// Why the link is broken, if it is.
    fn breaks(&self) -> Option<(String, Option<u16>)> {
        match self {
            Self::Answered(200..=299) | Self::Disallowed | Self::Stopped => None,
            Self::Answered(status) => {
                let reason = hyper::StatusCode::from_u16(*status).ok().and_then(|status| status.canonical_reason());
                Some((format!("{status} {}", reason.unwrap_or_default()).trim_end().to_owned(), Some(*status)))
            }
            Self::Failed(failure) => Some((failure.to_string(), None)),
        }
    }
}

//! A link checker on fusee and hyper's client: what the program `checker` does, for it and for its tests. `README.md` says
//! how it is used.
//!
//! | module | what it has |
//! |---|---|
//! | [`arguments`] | the command line |
//! | [`crawl`] | which addresses there are, and what became of each |
//! | [`frontier`] | which of them is next |
//! | [`fetch`] | how one is asked: time limit, retries, redirects |
//! | [`politeness`] | when it may be asked: rate, places of a host |
//! | [`robots`] | whether it may be asked at all |
//! | [`transport`], [`http`] | a request and its answer; both by hyper |
//! | [`links`] | what a page refers to |
//! | [`report`], [`progress`] | what the user sees |

pub mod arguments;
pub mod crawl;
pub mod fetch;
pub mod frontier;
pub mod http;
pub mod links;
pub mod politeness;
pub mod progress;
pub mod report;
pub mod robots;
pub mod transport;

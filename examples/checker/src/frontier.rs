//! What is to be checked: a queue for each host, level by level.
//!
//! A level is what lies so many links from the start. The next one begins when all of the last is done: so a page's
//! depth, and whether it is within the limit, does not depend on who answered first. Within a level the hosts take
//! turns, and a host whose places are all taken keeps nobody else waiting.

use std::collections::{HashMap, VecDeque};
use std::num::NonZeroU32;

/// Jobs of type `J`, by hosts.
#[derive(Debug)]
pub struct Frontier<J> {
    per_host: NonZeroU32,
    hosts: HashMap<String, Host<J>>,
    /// Hosts with a job and a free place, each once.
    ready: VecDeque<String>,
    /// The level after this one.
    next: Vec<(String, J)>,
}

#[derive(Debug)]
struct Host<J> {
    waiting: VecDeque<J>,
    running: u32,
}

impl<J> Frontier<J> {
    /// Nothing to do, and at most `per_host` jobs of a host at a time.
    pub fn new(per_host: NonZeroU32) -> Self {
        Self { per_host, hosts: HashMap::new(), ready: VecDeque::new(), next: Vec::new() }
    }

    /// Adds a job to the next level.
    pub fn push(&mut self, host: String, job: J) {
        self.next.push((host, job));
    }

    /// Begins the next level: false if there is none.
    pub fn advance(&mut self) -> bool {
        let level = std::mem::take(&mut self.next);
        let some = !level.is_empty();
        for (name, job) in level {
            let host = self.hosts.entry(name.clone()).or_insert(Host { waiting: VecDeque::new(), running: 0 });
            host.waiting.push_back(job);
            if host.waiting.len() == 1 && host.running < self.per_host.get() {
                self.ready.push_back(name);
            }
        }
        some
    }

    /// A job that may run now, which takes a place of its host.
    pub fn start(&mut self) -> Option<(String, J)> {
        let name = self.ready.pop_front()?;
        let host = self.hosts.get_mut(&name)?;
        let job = host.waiting.pop_front()?;
        host.running += 1;
        if !host.waiting.is_empty() && host.running < self.per_host.get() {
            self.ready.push_back(name.clone());
        }
        Some((name, job))
    }

    /// Gives back the place of a job that has ended.
    pub fn end(&mut self, name: &str) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        // It was not among those that are ready, for want of a place.
        if host.running == self.per_host.get() && !host.waiting.is_empty() {
            self.ready.push_back(name.to_owned());
        }
        host.running -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frontier(per_host: u32, jobs: &[(&str, u32)]) -> Frontier<u32> {
        let mut frontier = Frontier::new(NonZeroU32::new(per_host).unwrap());
        for &(host, job) in jobs {
            frontier.push(host.to_owned(), job);
        }
        frontier
    }

    fn start(frontier: &mut Frontier<u32>) -> Vec<u32> {
        std::iter::from_fn(|| frontier.start()).map(|(_, job)| job).collect()
    }

    #[test]
    fn a_full_host_keeps_no_other_waiting() {
        let mut frontier = frontier(2, &[("a", 1), ("a", 2), ("a", 3), ("a", 4), ("b", 5)]);
        assert!(frontier.advance());
        assert_eq!(start(&mut frontier), [1, 5, 2]);
        frontier.end("b");
        assert!(start(&mut frontier).is_empty());
        frontier.end("a");
        assert_eq!(start(&mut frontier), [3]);
        frontier.end("a");
        frontier.end("a");
        assert_eq!(start(&mut frontier), [4]);
    }

    #[test]
    fn a_level_waits_until_it_is_begun() {
        let mut frontier = frontier(1, &[("a", 1)]);
        assert!(start(&mut frontier).is_empty());
        assert!(frontier.advance());
        assert_eq!(start(&mut frontier), [1]);
        frontier.push("a".to_owned(), 2);
        frontier.end("a");
        assert!(start(&mut frontier).is_empty());
        assert!(frontier.advance());
        assert_eq!(start(&mut frontier), [2]);
        frontier.end("a");
        assert!(!frontier.advance());
    }
}

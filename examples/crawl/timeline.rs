//! What happened when, in one way of crawling. All times count from its beginning.

use std::time::{Duration, Instant};

use reqwest::Url;

use crate::fetch::Fetched;

pub struct Timeline {
    pub name: &'static str,
    pub about: &'static str,
    pub rows: Vec<Row>,
    /// Where one cut it short.
    pub deadline: Option<Duration>,
    pub wall: Duration,
    began: Instant,
}

/// One fetch.
pub struct Row {
    pub url: Url,
    pub started: Duration,
    pub ended: Duration,
    /// When the caller got hold of the outcome.
    pub in_hand: Duration,
    pub scored: Option<Duration>,
    pub outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Fetched,
    Failed,
    /// The deadline came first.
    Pending,
}

impl Timeline {
    pub fn begin(name: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            rows: Vec::new(),
            deadline: None,
            wall: Duration::ZERO,
            began: Instant::now(),
        }
    }

    /// The caller has got hold of `fetched` just now, and is told when that is.
    pub fn in_hand(&mut self, fetched: &Fetched) -> Duration {
        let now = self.began.elapsed();
        self.rows.push(Row {
            url: fetched.url.clone(),
            started: fetched.started - self.began,
            ended: fetched.ended - self.began,
            in_hand: now,
            scored: None,
            outcome: match fetched.page {
                Ok(_) => Outcome::Fetched,
                Err(_) => Outcome::Failed,
            },
        });
        now
    }

    /// The page put in hand last has been scored just now.
    pub fn scored(&mut self) {
        let now = self.began.elapsed();
        let row = self.rows.last_mut().expect("a page comes before its score");
        row.scored = Some(now);
    }

    /// `url` was still being fetched when the deadline came, just now.
    pub fn pending(&mut self, url: Url, started: Instant) {
        let now = self.began.elapsed();
        self.rows.push(Row {
            url,
            started: started - self.began,
            ended: now,
            in_hand: now,
            scored: None,
            outcome: Outcome::Pending,
        });
    }

    pub fn end(mut self) -> Self {
        self.wall = self.began.elapsed();
        self
    }

    pub fn count(&self, outcome: Outcome) -> usize {
        self.rows
            .iter()
            .filter(|row| row.outcome == outcome)
            .count()
    }

    /// When the first page was in the caller's hands.
    pub fn first_page(&self) -> Option<Duration> {
        let pages = self
            .rows
            .iter()
            .filter(|row| row.outcome == Outcome::Fetched);
        pages.map(|row| row.in_hand).min()
    }
}

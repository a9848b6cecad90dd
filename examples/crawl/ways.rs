//! The four ways of waiting for the same pages.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rejoin::{Completed, FirstCompleted, FutureSet, as_completed, gather, wait};
use reqwest::{Client, Url};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::fetch::{FetchError, Fetched, fetch};
use crate::report::readable;
use crate::score::score;
use crate::timeline::Timeline;

/// So many pages a growing crawl asks for at most.
const MAX_PAGES: usize = 40;

pub struct Crawl {
    pub client: Client,
    /// What the first three ways fetch.
    pub urls: Vec<Url>,
    /// Where the growing crawl starts.
    pub start: Vec<Url>,
    /// When the growing crawl stops.
    pub deadline: Duration,
}

impl Crawl {
    fn fetches(&self) -> impl Iterator<Item = impl Future<Output = Fetched>> {
        self.urls.iter().map(|url| fetch(&self.client, url.clone()))
    }
}

/// (a) The time of each page adds up.
///
/// Tells also which URLs no server answered for.
pub async fn one_by_one(crawl: &Crawl) -> (Timeline, Vec<String>) {
    let mut timeline = Timeline::begin(
        "(a) one after another",
        "each page waits for those before it",
    );
    let mut unreachable = Vec::new();
    println!("{}: {}", timeline.name, timeline.about);
    let bar = progress_bar(crawl.urls.len());
    for fetching in crawl.fetches() {
        let fetched = fetching.await;
        timeline.in_hand(&fetched);
        bar.inc(1);
        if let Err(error @ FetchError::Unreachable(_)) = &fetched.page {
            unreachable.push(format!("{} cannot be reached: {error}", fetched.url));
        }
    }
    bar.finish_and_clear();
    (timeline.end(), unreachable)
}

/// (b) The time of the slowest page, and nothing before it is there.
pub async fn gathered(crawl: &Crawl) -> Timeline {
    let mut timeline = Timeline::begin("(b) gather", "all pages together, in the end");
    println!("{}: {}", timeline.name, timeline.about);
    let bar = progress_bar(crawl.urls.len());
    let pages = gather(crawl.fetches())
        .on_progress(|progress| bar.set_position(progress.finished as u64))
        .await;
    for fetched in &pages {
        timeline.in_hand(fetched);
    }
    bar.finish_and_clear();
    timeline.end()
}

/// (c) Each page is worked on the moment it is there, while the others are still being fetched.
pub async fn as_they_complete(crawl: &Crawl) -> Timeline {
    let mut timeline = Timeline::begin(
        "(c) as_completed",
        "each page is scored the moment it is there",
    );
    println!("{}: {}", timeline.name, timeline.about);
    let bar = progress_bar(crawl.urls.len());
    let mut pages = as_completed(crawl.fetches());
    while let Some(fetched) = pages.next().await {
        let time = readable(timeline.in_hand(&fetched));
        bar.inc(1);
        let line = match fetched.page {
            Ok(page) => {
                // The fetches go on while the score is computed on a thread of its own.
                let scoring = spawn_blocking(move || score(&page.text));
                let score = pages
                    .drive_while(scoring)
                    .await
                    .expect("scoring does not panic");
                timeline.scored();
                format!("  {time:>7}  {}  score {score:.1}", fetched.url)
            }
            // One failure does not stop the rest.
            Err(error) => format!("  {time:>7}  {}  {error}", fetched.url),
        };
        bar.suspend(|| println!("{line}"));
    }
    bar.finish_and_clear();
    timeline.end()
}

/// (d) The links of each page join the pages that are waited for, until the deadline.
pub async fn growing(crawl: &Crawl) -> Timeline {
    let mut timeline = Timeline::begin("(d) wait in a loop", "links join as they are found");
    println!("{}: {}", timeline.name, timeline.about);
    let bar = progress_bar(0);
    let mut deadline = std::pin::pin!(sleep(crawl.deadline));
    let mut seen = HashSet::new();
    let mut in_flight = BTreeMap::new();
    let mut set = FutureSet::new();
    let mut found = crawl.start.clone();
    loop {
        for url in found.drain(..) {
            if seen.len() < MAX_PAGES && seen.insert(url.clone()) {
                let key = set.insert(fetch(&crawl.client, url.clone()));
                in_flight.insert(key, (url, Instant::now()));
            }
        }
        bar.set_length(seen.len() as u64);
        let (done, _) = wait(&mut set)
            .return_when(FirstCompleted)
            .timeout(deadline.as_mut())
            .await;
        if done.is_empty() {
            // The deadline has come, or there is nothing left.
            break;
        }
        for Completed {
            key,
            output: fetched,
        } in done
        {
            in_flight.remove(&key);
            let time = readable(timeline.in_hand(&fetched));
            bar.inc(1);
            let line = match fetched.page {
                Ok(page) => {
                    let line = format!(
                        "  {time:>7}  {}  links found: {}",
                        fetched.url,
                        page.links.len()
                    );
                    found.extend(page.links);
                    line
                }
                Err(error) => format!("  {time:>7}  {}  {error}", fetched.url),
            };
            bar.suspend(|| println!("{line}"));
        }
    }
    bar.finish_and_clear();
    if !in_flight.is_empty() {
        timeline.deadline = Some(crawl.deadline);
    }
    for (url, started) in in_flight.into_values() {
        println!("  pending  {url}");
        timeline.pending(url, started);
    }
    timeline.end()
}

/// Shows itself only where standard error is a terminal.
fn progress_bar(pages: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("  [{bar:32}] {pos}/{len} pages")
        .expect("the template is valid");
    ProgressBar::new(pages as u64).with_style(style.progress_chars("=> "))
}

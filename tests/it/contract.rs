//! The public contract, line by line, each inside a task that `tokio::spawn` accepts: nothing in it may lose `Send` or
//! fail with "implementation of `FnOnce` is not general enough".

use std::collections::HashMap;
use std::pin::Pin;
use std::time::Duration;

use rejoin::{
    Adder, AllCompleted, AtLeast, Closed, Completed, FirstCompleted, FirstError, FirstSuccess,
    ReturnWhen,
};
use rejoin::{FutureSet, Gather, IntoSet, Key, Limit, Progress, Task, TaskError, TimedOut};
use rejoin::{as_completed, create_task, gather, limit, try_gather, wait};
use tokio::time::sleep;

#[derive(Clone, Debug, PartialEq)]
struct Page {
    url: String,
    ok: bool,
}

#[derive(Debug, PartialEq)]
struct Failed;

const D: Duration = Duration::from_millis(1);

async fn fetch(url: &str) -> Page {
    tokio::task::yield_now().await;
    let ok = !url.contains("bad");
    Page {
        url: url.to_owned(),
        ok,
    }
}

async fn try_fetch(url: &str) -> Result<Page, Failed> {
    let page = fetch(url).await;
    if page.ok { Ok(page) } else { Err(Failed) }
}

async fn store(page: Page) -> usize {
    tokio::task::yield_now().await;
    page.url.len()
}

fn urls() -> Vec<String> {
    ["a", "bad", "c", "d"].map(String::from).into()
}

fn names(pages: &[Page]) -> Vec<&str> {
    pages.iter().map(|page| page.url.as_str()).collect()
}

/// Runs `task` on a worker of a multi-threaded runtime.
fn spawned<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(task).await.unwrap() })
}

#[test]
fn gather_lines() {
    spawned(async {
        let urls = urls();
        let pages: Vec<Page> = gather(urls.iter().map(|url| fetch(url))).await;
        assert_eq!(names(&pages), ["a", "bad", "c", "d"]);
        let pages: Vec<Result<Page, Failed>> = gather(urls.iter().map(|url| try_fetch(url))).await;
        assert_eq!(pages.iter().filter(|page| page.is_err()).count(), 1);
        let pages: Result<Vec<Page>, Failed> =
            try_gather(urls.iter().map(|url| try_fetch(url))).await;
        assert_eq!(pages, Err(Failed));
        let (user, posts) = gather!(fetch("user"), async { urls.len() }).await;
        assert_eq!((user.url.as_str(), posts), ("user", 4));
        let (old, new) = urls.split_at(2);
        let group =
            |urls: &'_ [String]| gather(urls.iter().map(|url| url.to_owned()).map(fetch_owned));
        let both: Vec<Vec<Page>> = gather([group(old), group(new)]).await;
        assert_eq!(names(&both.concat()), ["a", "bad", "c", "d"]);
    });
}

async fn fetch_owned(url: String) -> Page {
    fetch(&url).await
}

#[test]
fn try_gather_macro_line() {
    let result = spawned(async {
        let (user, posts) = try_gather!(try_fetch("user"), try_fetch("posts")).await?;
        Ok::<_, Failed>((user.url, posts.url))
    });
    assert_eq!(result, Ok(("user".to_owned(), "posts".to_owned())));
}

#[test]
fn as_completed_lines() {
    spawned(async {
        let urls = urls();
        let mut pages = as_completed(urls.iter().map(|url| fetch(url)));
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let _: Page = page;
            count += 1;
        }
        assert_eq!(count, 4);

        let mut pages = as_completed(urls.iter().map(|url| fetch(url))).keyed();
        let mut by_url = HashMap::new();
        while let Some(Completed { key, output }) = pages.next().await {
            by_url.insert(&urls[key.index()], output);
        }
        assert!(by_url.iter().all(|(url, page)| **url == page.url));
    });
}

#[test]
fn wait_lines() {
    spawned(async {
        let futures = || {
            let urls = urls();
            urls.into_iter()
                .map(|url| async move { try_fetch(&url).await })
        };
        let (done, pending) = wait(futures()).await;
        assert_eq!((done.len(), pending.len()), (4, 0));
        let (done, pending) = wait(pending).return_when(AllCompleted).await;
        assert_eq!((done.len(), pending.len()), (0, 0));
        let (done, pending) = wait(futures()).return_when(FirstCompleted).await;
        let _: &Vec<Completed<Result<Page, Failed>>> = &done;
        let (more, pending) = wait(pending).return_when(FirstError).await;
        let (still_more, pending) = wait(pending).return_when(FirstSuccess).await;
        let (rest, pending) = wait(pending).return_when(AtLeast(3)).await;
        assert_eq!(
            done.len() + more.len() + still_more.len() + rest.len() + pending.len(),
            4
        );
        let (done, pending) = wait(futures())
            .return_when(|page: &Result<Page, Failed>| page.is_err())
            .await;
        assert!(done.iter().any(|completed| completed.output.is_err()));
        drop(pending);
    });
}

#[test]
fn timeout_lines() {
    spawned(async {
        let urls = urls();
        let slow = |url| async move {
            sleep(5 * D).await;
            fetch(url).await
        };
        let pages: Result<Vec<Page>, TimedOut<_>> = gather(urls.iter().map(|url| slow(url)))
            .timeout(sleep(D))
            .await;
        let pages = match pages {
            Ok(pages) => pages,
            Err(late) => gather(late.into_set()).await,
        };
        assert_eq!(names(&pages), ["a", "bad", "c", "d"]);

        let (done, pending) = wait(urls.iter().map(|url| slow(url)))
            .timeout(smol::Timer::after(D))
            .await;
        assert_eq!(done.len() + pending.len(), 4);

        let mut pages = as_completed(urls.iter().map(|url| slow(url))).timeout(sleep(D));
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page: Result<Page, TimedOut> = page;
            count += usize::from(page.is_ok());
        }
        let rest: FutureSet<_> = pages.into_set();
        assert_eq!(count + rest.len(), 4);
    });
}

#[test]
fn set_lines() {
    spawned(async {
        let urls = urls();
        let mut set: FutureSet<_> = urls.iter().map(|url| Box::pin(fetch(url))).collect();
        let key: Key = set.insert(Box::pin(fetch("e")));
        assert!(set.cancel(key));
        let key = set.insert(Box::pin(fetch("f")));
        assert!(set.remove(key).is_some());
        let (done, _) = wait(&mut set).return_when(FirstCompleted).await;
        assert!(!done.is_empty());
        let row = set.drive_while(store(done[0].output.clone())).await;
        assert_eq!(row, done[0].output.url.len());
        while let Some(Completed { key, output }) = set.next().await {
            assert_eq!(urls[key.index()], output.url);
        }
        let Progress {
            finished, total, ..
        } = set.progress();
        assert_eq!((finished, total), (4, 4));
    });
}

type Child = Pin<Box<dyn Future<Output = Page> + Send>>;

fn recursive(url: String, adder: Adder<Child>) -> Child {
    Box::pin(async move {
        if url.len() < 3 {
            for letter in ["x", "y"] {
                let child = recursive(format!("{url}{letter}"), adder.clone());
                adder
                    .insert(child)
                    .unwrap_or_else(|Closed(_)| unreachable!("its own set runs"));
            }
        }
        fetch(&url).await
    })
}

#[test]
fn adder_lines() {
    let names = spawned(async {
        let mut set = FutureSet::new();
        let adder: Adder<Child> = set.adder();
        set.insert(recursive(String::new(), adder));
        gather(set)
            .await
            .into_iter()
            .map(|page| page.url)
            .collect::<Vec<_>>()
    });
    assert_eq!(names.len(), 15);

    spawned(async {
        let mut pages = as_completed([fetch("a")]);
        let adder = pages.adder();
        let key = pages.insert(fetch("b"));
        assert_eq!(key.index(), 1);
        tokio::spawn(async move { adder.insert(fetch("c")).is_ok() });
        let mut count = 0;
        while let Some(_page) = pages.next().await {
            count += 1;
        }
        assert!((2..=3).contains(&count));
    });
}

#[test]
fn limit_lines() {
    spawned(async {
        let urls = urls();
        let pages = gather(limit(16, urls.iter().map(|url| fetch(url)))).await;
        assert_eq!(names(&pages), ["a", "bad", "c", "d"]);
        let pages = gather(limit(
            2,
            urls.iter().map(|url| async move { fetch(url).await }),
        ))
        .await;
        assert_eq!(pages.len(), 4);
        let mut pages = as_completed(limit(2, urls.iter().map(|url| fetch(url))));
        while let Some(page) = pages.next().await {
            let row = pages.drive_while(store(page)).await;
            assert!(row > 0);
        }
        as_completed(limit(2, urls.iter().map(|url| fetch(url))))
            .for_each(async |page| {
                store(page).await;
            })
            .await;
        let (done, rest): (_, Limit<_, _>) = wait(limit(1, urls.iter().map(|url| fetch(url))))
            .return_when(AtLeast(1))
            .await;
        assert_eq!(done.len() + gather(rest).await.len(), 4);
    });
}

#[test]
fn progress_lines() {
    spawned(async {
        let urls = urls();
        let mut position = 0;
        let pages = gather(urls.iter().map(|url| fetch(url)))
            .on_progress(|p: Progress| position = p.finished)
            .await;
        assert_eq!((pages.len(), position), (4, 4));
    });
}

fn on_tokio(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

#[test]
fn create_task_lines() {
    spawned(async {
        let urls = urls().into_iter();
        let pages: Vec<Result<Page, TaskError>> =
            gather(urls.map(|url| create_task(fetch_owned(url), on_tokio))).await;
        assert!(pages.iter().all(|page| page.is_ok()));
        let task: Task<Page> = create_task(fetch("a"), |task| {
            tokio::spawn(task);
        });
        assert_eq!(task.await.unwrap().url, "a");
    });
}

/// A user's own function over everything that a view accepts.
fn all<S: IntoSet>(input: S) -> Gather<S::Set> {
    gather(input)
}

/// A user's own condition.
struct Total {
    left: usize,
}

impl ReturnWhen<Page> for Total {
    fn completed(&mut self, page: &Page) -> bool {
        self.left = self.left.saturating_sub(page.url.len());
        self.left == 0
    }
}

#[test]
fn the_traits_are_for_users_too() {
    spawned(async {
        let urls = urls();
        assert_eq!(all(urls.iter().map(|url| fetch(url))).await.len(), 4);
        let mut set: FutureSet<_> = urls.iter().map(|url| fetch(url)).collect();
        assert_eq!(all(&mut set).await.len(), 4);
        assert_eq!(
            all(limit(2, urls.iter().map(|url| fetch(url)))).await.len(),
            4
        );
        let (done, _) = wait(urls.iter().map(|url| fetch(url)))
            .return_when(Total { left: 3 })
            .await;
        assert!(done.len() >= 2);
    });
}

#[test]
fn timeouts_go_into_any_error() {
    let error = spawned(async {
        async fn pages() -> Result<Vec<Page>, Box<dyn std::error::Error + Send + Sync>> {
            let never = std::future::pending::<Page>();
            Ok(gather([never])
                .timeout(sleep(D))
                .await
                .map_err(TimedOut::without_set)?)
        }
        pages().await.unwrap_err().to_string()
    });
    assert_eq!(error, "timed out with 0 of 1 finished");
}

#[tokio::test]
async fn next_inside_select_is_cancel_safe() {
    let mut pages = as_completed((0..20).map(|number| async move {
        sleep(D * (number % 5)).await;
        number
    }));
    let mut seen = Vec::new();
    loop {
        tokio::select! {
            page = pages.next() => match page {
                Some(number) => seen.push(number),
                None => break,
            },
            () = tokio::task::yield_now() => {}
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..20).collect::<Vec<_>>());
}

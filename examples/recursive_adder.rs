//! Children that add children: each page adds the pages that it links to, from inside.
//!
//! asyncio's three functions take no newcomers; its `TaskGroup` does, but hands out nothing before all are done.
//!
//! The type of a child that holds an `Adder` of its own set would contain itself. A box whose type names only the output
//! ends the recursion: `Visit` below.
//!
//! ```text
//! $ cargo run --example recursive_adder
//! / links to ["/a", "/b", "/c"]
//! /b links to ["/b/x"]
//! /b/x links to []
//! /a links to ["/b", "/a/x"]
//! /c links to []
//! /a/x links to ["/"]
//! ```

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rejoin::{Adder, FutureSet, as_completed};
use smol::Timer;

type Visit = Pin<Box<dyn Future<Output = String> + Send>>;
type Seen = Arc<Mutex<HashSet<&'static str>>>;

fn visit(page: &'static str, seen: Seen, adder: Adder<Visit>) -> Visit {
    Box::pin(async move {
        let links = links_of(page).await;
        for link in links {
            if seen.lock().unwrap().insert(link) {
                // Refused only when nobody is waiting for pages any more.
                let _ = adder.insert(visit(link, seen.clone(), adder.clone()));
            }
        }
        format!("{page} links to {links:?}")
    })
}

async fn links_of(page: &str) -> &'static [&'static str] {
    let (millis, links): (_, &[_]) = match page {
        "/" => (10, &["/a", "/b", "/c"]),
        "/a" => (190, &["/b", "/a/x"]),
        "/b" => (20, &["/b/x"]),
        "/c" => (290, &[]),
        "/a/x" => (150, &["/"]),
        _ => (20, &[]),
    };
    Timer::after(Duration::from_millis(millis)).await;
    links
}

fn main() {
    smol::block_on(async {
        let mut pages = FutureSet::new();
        let adder = pages.adder();
        let seen = Seen::new(Mutex::new(HashSet::from(["/"])));
        pages.insert(visit("/", seen, adder));
        // Ends when nothing is in flight and nothing is waiting to be added, though adders may live on.
        let mut pages = as_completed(pages);
        while let Some(page) = pages.next().await {
            println!("{page}");
        }
    });
}

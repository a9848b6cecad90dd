//! A small linked site on a loopback port: pages that take their time, one that is slow, one that fails, and a dead link.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::Html;
use reqwest::Url;
use tokio::net::TcpListener;

struct Page {
    path: &'static str,
    latency_ms: u64,
    words: usize,
    links: &'static [&'static str],
}

const fn page(
    path: &'static str,
    latency_ms: u64,
    words: usize,
    links: &'static [&'static str],
) -> Page {
    Page {
        path,
        latency_ms,
        words,
        links,
    }
}

const PAGES: &[Page] = &[
    page("/", 40, 3_000, &["/guide", "/news", "/blog", "/shop"]),
    page("/guide", 90, 6_000, &["/guide/start", "/guide/cancel"]),
    page("/guide/start", 60, 4_500, &["/guide/errors"]),
    page("/guide/errors", 110, 4_000, &["/guide"]),
    page("/guide/cancel", 150, 5_000, &["/"]),
    page("/news", 120, 3_500, &["/news/today", "/news/archive"]),
    page("/news/today", 70, 5_500, &["/blog"]),
    page(SLOW, 900, 10_000, &["/news"]),
    page("/blog", 200, 4_500, &["/blog/waiting", DEAD]),
    page("/blog/waiting", 130, 6_500, &["/guide/cancel"]),
    page("/shop", 60, 2_000, &[FAILING]),
    page(FAILING, 50, 0, &[]),
];
const SLOW: &str = "/news/archive";
const FAILING: &str = "/shop/basket";
/// Linked to, and not there.
const DEAD: &str = "/blog/gone";

/// Starts the site, which lives until the program ends.
pub async fn serve(port: u16) -> io::Result<Url> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, Router::new().fallback(answer));
    tokio::spawn(server.into_future());
    Ok(front_page(address))
}

/// Every address of the site that something links to.
pub fn addresses(front_page: &Url) -> Vec<Url> {
    let paths = PAGES.iter().map(|page| page.path).chain([DEAD]);
    paths
        .map(|path| front_page.join(path).expect("the paths above are valid"))
        .collect()
}

fn front_page(address: SocketAddr) -> Url {
    Url::parse(&format!("http://{address}/")).expect("a socket address makes a valid URL")
}

async fn answer(uri: Uri) -> Result<Html<String>, StatusCode> {
    let page = PAGES.iter().find(|page| page.path == uri.path());
    let latency_ms = page.map_or(30, |page| page.latency_ms);
    tokio::time::sleep(Duration::from_millis(latency_ms)).await;
    match page {
        None => Err(StatusCode::NOT_FOUND),
        Some(page) if page.path == FAILING => Err(StatusCode::INTERNAL_SERVER_ERROR),
        Some(page) => Ok(Html(render(page))),
    }
}

fn render(page: &Page) -> String {
    let mut html = format!("<!doctype html><title>{0}</title><h1>{0}</h1>\n", page.path);
    for link in page.links {
        writeln!(html, r#"<p><a href="{link}">{link}</a></p>"#).expect("a String takes all");
    }
    html.push_str("<p>");
    // Filler that differs from page to page: the path is the seed of a linear congruential generator.
    let mut state: u32 = page.path.bytes().map(u32::from).sum();
    let words: Vec<&str> = WORDS.split(' ').collect();
    for _ in 0..page.words {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        html.push_str(words[(state >> 16) as usize % words.len()]);
        html.push(' ');
    }
    html.push_str("</p>\n");
    html
}

const WORDS: &str = "\
    a answer arrives before cancelled cancels concurrent concurrency deadline each every fetch \
    first for future is last lost nothing of order page pending poll result set slow task the \
    then timer wait waiter waiting wakes when while with work yields";

//! Fetches one page and finds the links in it.

use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use html5gum::{Token, Tokenizer};
use reqwest::{Client, StatusCode, Url};

pub struct Page {
    pub text: String,
    /// To the same host, without fragments.
    pub links: Vec<Url>,
}

/// A fetch that has ended, and when.
pub struct Fetched {
    pub url: Url,
    pub started: Instant,
    pub ended: Instant,
    pub page: Result<Page, FetchError>,
}

#[derive(Debug)]
pub enum FetchError {
    /// The server answered, and not with a page.
    Status(StatusCode),
    /// There was no answer, or it broke off.
    Unreachable(reqwest::Error),
}

pub fn client(loopback: bool) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .user_agent(concat!("rejoin-crawl-example/", env!("CARGO_PKG_VERSION")))
        .timeout(Duration::from_secs(10));
    // A proxy of the environment does not know our loopback port.
    if loopback {
        builder.no_proxy().build()
    } else {
        builder.build()
    }
}

pub async fn fetch(client: &Client, url: Url) -> Fetched {
    let started = Instant::now();
    let page = download(client, &url).await;
    Fetched {
        url,
        started,
        ended: Instant::now(),
        page,
    }
}

async fn download(client: &Client, url: &Url) -> Result<Page, FetchError> {
    let response = client.get(url.clone()).send().await?;
    if !response.status().is_success() {
        return Err(FetchError::Status(response.status()));
    }
    // Where redirects led: relative links start from there.
    let base = response.url().clone();
    let html = response.text().await?;
    Ok(parse(&base, &html))
}

fn parse(base: &Url, html: &str) -> Page {
    let mut text = String::new();
    let mut links = Vec::new();
    for Ok(token) in Tokenizer::new(html) {
        match token {
            Token::String(string) => text.push_str(&String::from_utf8_lossy(&string)),
            Token::StartTag(tag) if **tag.name == *b"a" => {
                let href = tag.attributes.get(b"href".as_slice());
                links.extend(href.and_then(|href| link(base, href)));
            }
            _ => {}
        }
    }
    Page { text, links }
}

/// What `href` on the page `base` leads to, if that is on the same host.
fn link(base: &Url, href: &[u8]) -> Option<Url> {
    let mut url = base.join(std::str::from_utf8(href).ok()?).ok()?;
    url.set_fragment(None);
    (url.origin() == base.origin()).then_some(url)
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Unreachable(error) if error.is_timeout() => f.write_str("no answer in time"),
            // The outer layers only say that a request failed; the innermost one says why.
            Self::Unreachable(error) => {
                let mut cause: &dyn Error = error;
                while let Some(source) = cause.source() {
                    cause = source;
                }
                write!(f, "{cause}")
            }
        }
    }
}

impl From<reqwest::Error> for FetchError {
    fn from(error: reqwest::Error) -> Self {
        Self::Unreachable(error)
    }
}

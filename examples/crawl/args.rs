//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};
use reqwest::Url;

pub const HELP: &str = "\
Crawls a small site of its own, or the URLs given, in four ways, and shows what each way of waiting costs.

Usage: crawl [OPTIONS] [URL]...

Options:
  --port PORT         port of the site of its own on loopback (default: any free one)
  --deadline SECONDS  when the growing crawl stops (default: 0.7 for the site of its own, 10 for URLs)
  --svg PATH          where the picture goes (default: timeline.svg)
  --help              print this
";

pub struct Args {
    /// What to crawl; empty for the site of our own.
    pub urls: Vec<Url>,
    /// 0 lets the system choose.
    pub port: u16,
    pub deadline: Option<Duration>,
    pub svg: PathBuf,
    pub help: bool,
}

impl Args {
    pub fn parse(mut parser: Parser) -> Result<Self, lexopt::Error> {
        let mut args = Self {
            urls: Vec::new(),
            port: 0,
            deadline: None,
            svg: PathBuf::from("timeline.svg"),
            help: false,
        };
        let mut port = None;
        while let Some(arg) = parser.next()? {
            match arg {
                Arg::Long("port") => port = Some(value(&mut parser, "--port", read_port)?),
                Arg::Long("deadline") => {
                    args.deadline = Some(value(&mut parser, "--deadline", read_seconds)?);
                }
                Arg::Long("svg") => args.svg = parser.value()?.into(),
                Arg::Long("help") | Arg::Short('h') => args.help = true,
                Arg::Value(value) => args.urls.push(read_url(&value.string()?)?),
                _ => return Err(arg.unexpected()),
            }
        }
        if port.is_some() && !args.urls.is_empty() {
            return Err("--port is for the site of our own, which URLs replace".into());
        }
        args.port = port.unwrap_or(0);
        Ok(args)
    }
}

fn value<T>(
    parser: &mut Parser,
    option: &str,
    read: fn(&str) -> Result<T, &str>,
) -> Result<T, lexopt::Error> {
    let value = parser.value()?.string()?;
    read(&value).map_err(|reason| format!("{option} {value}: {reason}").into())
}

fn read_port(text: &str) -> Result<u16, &str> {
    text.parse().map_err(|_| "not a port from 0 to 65535")
}

fn read_seconds(text: &str) -> Result<Duration, &str> {
    let seconds = text.parse().ok();
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("not a number of seconds that a clock can wait")
}

fn read_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        Ok(_) => Err(format!("{text}: neither http nor https")),
        Err(error) => Err(format!("{text}: not a URL ({error})")),
    }
}

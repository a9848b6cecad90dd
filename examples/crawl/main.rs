//! Crawls a small site of its own, or the URLs given, in four ways, and shows what each way of waiting costs:
//! one page after another, `gather`, `as_completed`, and `wait` in a loop.
//!
//! ```text
//! cargo run --release --example crawl
//! cargo run --release --example crawl -- https://example.com/
//! ```
//!
//! The four ways are in `ways.rs`.

mod args;
mod chart;
mod fetch;
mod report;
mod score;
mod site;
mod timeline;
mod ways;

use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use lexopt::Parser;

use crate::args::Args;
use crate::ways::Crawl;

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::parse(Parser::from_env()) {
        Ok(args) => args,
        Err(error) => {
            eprintln!("crawl: {error} (--help tells more)");
            return ExitCode::from(2);
        }
    };
    if args.help {
        print!("{}", args::HELP);
        return ExitCode::SUCCESS;
    }
    match run(args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crawl: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let crawl = prepare(&args).await?;

    let (one_by_one, unreachable) = ways::one_by_one(&crawl).await;
    if unreachable.len() == crawl.urls.len() {
        return Err(unreachable.join(", ").into());
    }
    let timelines = [
        one_by_one,
        ways::gathered(&crawl).await,
        ways::as_they_complete(&crawl).await,
        ways::growing(&crawl).await,
    ];

    println!("\n{}", report::table(&timelines));
    let picture = args.svg.display();
    chart::save(&timelines, &args.svg)
        .map_err(|error| format!("cannot write {picture}: {error}"))?;
    println!("Every fetch is drawn in {picture}.");

    if !unreachable.is_empty() {
        return Err(unreachable.join(", ").into());
    }
    Ok(())
}

async fn prepare(args: &Args) -> Result<Crawl, Box<dyn Error>> {
    let own_site = args.urls.is_empty();
    let (urls, start, deadline) = if own_site {
        let port = args.port;
        let front_page = site::serve(port)
            .await
            .map_err(|error| format!("cannot listen on port {port}: {error}"))?;
        let urls = site::addresses(&front_page);
        (urls, vec![front_page], Duration::from_millis(700))
    } else {
        (
            args.urls.clone(),
            args.urls.clone(),
            Duration::from_secs(10),
        )
    };
    Ok(Crawl {
        client: fetch::client(own_site)?,
        urls,
        start,
        deadline: args.deadline.unwrap_or(deadline),
    })
}

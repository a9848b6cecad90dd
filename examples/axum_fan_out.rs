//! A service that asks several backends for each request, and answers by the deadline with what it has.
//!
//! A service and its backends on loopback, with real HTTP between them. One backend hangs and one fails; the answer comes
//! anyway, and says what is missing. The call that hangs is dropped with the set it is in, so nothing piles up behind
//! that backend. In asyncio, `wait(…, timeout=…)` leaves it running until somebody cancels it.
//!
//! ```text
//! $ cargo run --example axum_fan_out
//! price: 12.50
//! stock: failed with 503 Service Unavailable
//! reviews: not there in time
//! related: lamps, shades
//! ```

use std::future::pending;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use rejoin::{Completed, wait};
use tokio::net::TcpListener;
use tokio::time::sleep;

const BACKENDS: [&str; 4] = ["price", "stock", "reviews", "related"];

#[derive(Clone)]
struct Service {
    client: reqwest::Client,
    backends: String,
}

async fn product(State(service): State<Service>) -> String {
    let calls = BACKENDS.map(async |backend| {
        let url = format!("{}/{backend}", service.backends);
        let response = service.client.get(url).send().await?;
        let answer = match response.error_for_status_ref() {
            Ok(_) => response.text().await?,
            Err(_) => format!("failed with {}", response.status()),
        };
        Ok::<String, reqwest::Error>(answer)
    });
    let deadline = sleep(Duration::from_secs(1));
    let (done, _dropped) = wait(calls).timeout(deadline).await;

    let mut answers = BACKENDS.map(|_| "not there in time".to_owned());
    for Completed { key, output } in done {
        answers[key.index()] = output.unwrap_or_else(|error| error.to_string());
    }
    let answers = BACKENDS.iter().zip(answers);
    answers
        .map(|(backend, answer)| format!("{backend}: {answer}\n"))
        .collect()
}

/// Serves `routes` on a loopback port for as long as the program runs.
async fn serve(routes: Router) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, routes).into_future());
    Ok(format!("http://{address}"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A proxy of the environment does not know our loopback ports.
    let client = reqwest::Client::builder().no_proxy().build()?;
    let never = async || pending::<()>().await;
    let backends = Router::new()
        .route("/price", get("12.50"))
        .route("/stock", get(StatusCode::SERVICE_UNAVAILABLE))
        .route("/reviews", get(never))
        .route("/related", get("lamps, shades"));
    let service = Service {
        client: client.clone(),
        backends: serve(backends).await?,
    };
    let routes = Router::new().route("/product", get(product));
    let address = serve(routes.with_state(service)).await?;

    let request = client.get(address + "/product");
    print!("{}", request.send().await?.text().await?);
    Ok(())
}

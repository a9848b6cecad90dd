//! A failure is an item like any other: it does not end the stream, and the rest still come.
//!
//! asyncio's `as_completed` goes on too, and raises the error at the `await` of that one item.
//!
//! ```text
//! $ cargo run --example as_completed_errors
//! paris: 21 degrees
//! oslo: the sensor is frozen
//! lima: 18 degrees
//! 2 of 3 answered
//! ```

use std::time::Duration;

use rejoin::{Completed, as_completed};
use smol::Timer;

async fn temperature(city: &str, millis: u64) -> Result<i32, &'static str> {
    Timer::after(Duration::from_millis(millis)).await;
    match city {
        "paris" => Ok(21),
        "lima" => Ok(18),
        _ => Err("the sensor is frozen"),
    }
}

fn main() {
    smol::block_on(async {
        let cities = [("oslo", 150), ("lima", 250), ("paris", 50)];
        let reports = cities.map(|(city, millis)| temperature(city, millis));
        let mut reports = as_completed(reports).keyed();
        let mut answered = 0;
        while let Some(Completed { key, output }) = reports.next().await {
            let (city, _) = cities[key.index()];
            match output {
                Ok(degrees) => {
                    answered += 1;
                    println!("{city}: {degrees} degrees");
                }
                Err(error) => println!("{city}: {error}"),
            }
        }
        println!("{answered} of {} answered", cities.len());
    });
}

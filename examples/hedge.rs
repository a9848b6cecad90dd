//! A hedged request: if the first attempt is slow or fails, start a second one, and take the first success of both.
//!
//! asyncio cannot wait for a success: its `FIRST_COMPLETED` ends with a failure, too, so a loop has to look at each outcome and
//! decide whether to wait again.
//!
//! ```text
//! $ cargo run --example hedge
//! quick:  Ok("attempt 1")
//! slow:   Ok("attempt 2")
//! broken: Ok("attempt 2")
//! dead:   Err("no answer")
//! ```

use std::time::Duration;

use rejoin::{FirstSuccess, FutureSet, wait};
use smol::Timer;

/// Starts a second attempt once the first has failed, or has taken as long as `patience`.
async fn hedge<T, E, F: Future<Output = Result<T, E>>>(
    attempt: impl Fn(u32) -> F,
    patience: impl Future,
) -> Result<T, E> {
    let mut attempts = FutureSet::from_iter([attempt(1)]);
    let (mut done, _) = wait(&mut attempts)
        .return_when(FirstSuccess)
        .timeout(patience)
        .await;
    if !done.iter().any(|first| first.output.is_ok()) {
        attempts.insert(attempt(2));
        (done, _) = wait(&mut attempts).return_when(FirstSuccess).await;
    }
    // A success if there is one, wherever it stands among those that were done at that moment.
    let success = done.iter().position(|last| last.output.is_ok());
    done.swap_remove(success.unwrap_or(0)).output
}

/// Answers after so many milliseconds, or fails after so many.
async fn ask(answers: Result<u64, u64>, attempt: u32) -> Result<String, &'static str> {
    let (Ok(millis) | Err(millis)) = answers;
    Timer::after(Duration::from_millis(millis)).await;
    match answers {
        Ok(_) => Ok(format!("attempt {attempt}")),
        Err(_) => Err("no answer"),
    }
}

fn main() {
    let servers = [
        ("quick: ", [Ok(10), Ok(10)]),
        ("slow:  ", [Ok(5_000), Ok(10)]),
        ("broken:", [Err(10), Ok(10)]),
        ("dead:  ", [Err(10), Err(20)]),
    ];
    smol::block_on(async {
        for (server, answers) in servers {
            let attempt = |number| ask(answers[number as usize - 1], number);
            let patience = Timer::after(Duration::from_millis(400));
            println!("{server} {:?}", hedge(attempt, patience).await);
        }
    });
}

//! Draws the pictures of the README from real runs.
//!
//! ```text
//! cargo run --example pictures             # writes into docs/pictures
//! cargo run --example pictures -- FOLDER
//! ```
//!
//! The runs are on tokio's paused clock, which jumps from timer to timer, so that the same pictures come out each time.

mod draw;
mod log;
mod runs;

use std::env;
use std::io;
use std::path::PathBuf;

use draw::Picture;

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> io::Result<()> {
    let folder = env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from("docs/pictures"), PathBuf::from);

    let pictures = [
        Picture {
            file: "one_by_one.svg",
            title: "Six calls: awaited one by one, or started together and rejoined",
            runs: vec![runs::one_by_one().await, runs::gathered().await],
        },
        Picture {
            file: "three_views.svg",
            title: "The same six calls, rejoined in three ways",
            runs: vec![
                runs::gathered().await,
                runs::as_they_complete().await,
                runs::waited().await,
            ],
        },
        Picture {
            file: "growing.svg",
            title: "A wait that grows while it waits",
            runs: vec![runs::growing().await],
        },
    ];
    for picture in pictures {
        let path = folder.join(picture.file);
        svg::save(&path, &picture.draw())?;
        println!("{}", path.display());
    }
    Ok(())
}

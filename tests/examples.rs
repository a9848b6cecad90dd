//! Runs every example as a reader would, and checks that it prints what its first comment promises.
//!
//! `cargo test` builds the examples before it comes here. `cargo test --test examples` does not: then
//! `cargo build --examples` comes first.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

fn run(example: &str, args: &[&str]) -> Output {
    // The tests are in `deps`, beside `examples`.
    let test = env::current_exe().expect("the test has a path");
    let built = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("cargo has its folders");
    let mut program = built.join("examples").join(example);
    program.set_extension(env::consts::EXE_EXTENSION);
    Command::new(&program)
        .args(args)
        .output()
        .unwrap_or_else(|error| {
            panic!(
                "{}: {error}; `cargo build --examples` makes it",
                program.display()
            )
        })
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("examples print UTF-8")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("examples print UTF-8")
}

/// What follows the command in the first comment of an example, up to the end of the block.
fn promised(example: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{example}.rs"));
    let source = fs::read_to_string(&path).expect("each example has a file");
    let command = format!("//! $ cargo run --example {example}");
    let lines = source.lines().skip_while(|line| **line != command).skip(1);
    let lines = lines.take_while(|line| *line != "//! ```");
    lines
        .map(|line| line.strip_prefix("//! ").expect("the block is one comment"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

#[track_caller]
fn prints_what_it_promises(example: &str) {
    let output = run(example, &[]);
    assert!(
        output.status.success(),
        "{}: {}",
        output.status,
        stderr(&output)
    );
    assert_eq!(stdout(&output), promised(example));
    assert_eq!(stderr(&output), "");
}

macro_rules! examples {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                prints_what_it_promises(stringify!($name));
            }
        )*

        /// The list above is complete.
        #[test]
        fn every_example_is_run() {
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples");
            let entries = fs::read_dir(folder).expect("the examples are there");
            let mut names: Vec<_> = entries
                .map(|entry| entry.expect("the folder can be read").path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
                .map(|path| path.file_stem().expect("a file has a name").to_owned())
                .collect();
            names.sort();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

examples! {
    as_completed
    as_completed_errors
    as_completed_timeout
    axum_fan_out
    create_task_multicore
    drive_while
    gather
    gather_errors
    gather_nested
    gather_timeout
    hedge
    limit
    one_by_one
    progress_bar
    quorum
    recursive_adder
    select_cancel_safe
    wait_all
    wait_first_completed
    wait_first_error
    wait_growing
}

/// The pictures of the README are what the program draws.
#[test]
fn pictures() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let output = run("pictures", &[folder.to_str().expect("the path is UTF-8")]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().count(), 3);
    for drawn in stdout(&output).lines().map(PathBuf::from) {
        let name = drawn.file_name().expect("a picture has a name");
        let committed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
        let committed = fs::read_to_string(committed.join(name)).expect("it is committed");
        let drawn = fs::read_to_string(&drawn).expect("it was written");
        assert!(
            drawn == committed,
            "`cargo run --example pictures` draws {name:?} anew"
        );
    }
}

mod crawl {
    use std::fs;
    use std::net::TcpListener;
    use std::path::PathBuf;
    use std::process::Output;

    use super::{run, stderr, stdout};

    fn picture(name: &str) -> PathBuf {
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
    }

    /// One line that says what was wrong, an exit code that tells a mistake of the caller from one of the world.
    #[track_caller]
    fn fails(output: &Output, code: i32, reason: &str) {
        let stderr = stderr(output);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(stderr.starts_with("crawl: "), "{stderr}");
        assert!(stderr.contains(reason), "{stderr}");
    }

    #[test]
    fn of_its_own_site() {
        let svg = picture("own_site.svg");
        let output = run(
            "crawl",
            &["--svg", svg.to_str().expect("the path is UTF-8")],
        );
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output), "", "the progress bar is for terminals");

        let printed = stdout(&output);
        for way in [
            "(a) one after another",
            "(b) gather",
            "(c) as_completed",
            "(d) wait in a loop",
        ] {
            assert!(printed.contains(way), "{printed}");
        }
        // One page fails and one is not there; the rest is fetched, and scored, all the same.
        for row in printed
            .lines()
            .filter(|line| line.contains("┆") && !line.contains("(d)"))
            .skip(1)
        {
            let numbers: Vec<_> = row.split('┆').map(str::trim).collect();
            assert_eq!(numbers[1..4], ["11", "2", "0"], "{row}");
        }
        assert_eq!(printed.matches("  score ").count(), 11, "{printed}");
        assert!(printed.contains("500 Internal Server Error"), "{printed}");
        assert!(printed.contains("404 Not Found"), "{printed}");

        let drawing = fs::read_to_string(svg).expect("the picture was written");
        assert!(drawing.starts_with("<svg"), "{drawing}");
        for path in ["/", "/news/archive", "/blog/gone"] {
            let label = format!(">\n{path}\n</text>");
            assert_eq!(drawing.matches(&label).count(), 4, "{path} in {drawing}");
        }
    }

    #[test]
    fn stops_at_the_deadline() {
        let svg = picture("deadline.svg");
        let args = [
            "--deadline",
            "0",
            "--svg",
            svg.to_str().expect("the path is UTF-8"),
        ];
        let output = run("crawl", &args);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stdout(&output).matches("  pending  http://").count(), 1);
    }

    #[test]
    fn on_a_port_that_is_taken() {
        let taken = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
        let port = taken.local_addr().expect("it is bound").port().to_string();
        fails(
            &run("crawl", &["--port", &port]),
            1,
            &format!("cannot listen on port {port}"),
        );
    }

    #[test]
    fn of_a_url_where_nobody_answers() {
        let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let url = format!("http://{}/", closed.expect("there is a free port"));
        fails(
            &run("crawl", &[&url]),
            1,
            &format!("{url} cannot be reached"),
        );
    }

    #[test]
    fn with_a_picture_that_cannot_be_written() {
        let svg = picture("no_such_folder").join("timeline.svg");
        let output = run(
            "crawl",
            &["--svg", svg.to_str().expect("the path is UTF-8")],
        );
        fails(&output, 1, "cannot write");
    }

    #[test]
    fn with_bad_arguments() {
        for (args, reason) in [
            (&["--sideways"][..], "--sideways"),
            (&["--port"], "--port"),
            (&["--port", "70000"], "70000"),
            (&["--deadline", "soon"], "soon"),
            (&["--deadline", "-1"], "-1"),
            (&["nonsense"], "nonsense"),
            (&["ftp://127.0.0.1/"], "ftp"),
            (&["--port", "0", "http://127.0.0.1/"], "--port"),
        ] {
            fails(&run("crawl", args), 2, reason);
        }
    }

    #[test]
    fn tells_how_it_is_used() {
        let output = run("crawl", &["--help"]);
        assert!(output.status.success());
        assert!(stdout(&output).contains("Usage: crawl"));
    }
}

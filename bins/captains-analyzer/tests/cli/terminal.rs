//! On a terminal: the live table, and that it gives the terminal back. `script` of
//! util-linux makes the terminal.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::fixture::ratings;

/// What the program writes to a terminal, which is given a size and typed into; `None` where `script` is missing,
/// which fails where `CI` is set.
fn on_a_terminal(dir: &Path, args: &str, typed: &str) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_captains-analyzer");
    let child = Command::new("script")
        .args(["-qec", &format!("stty rows 40 cols 120; {program} {args}"), "/dev/null"])
        .current_dir(dir)
        .env("HOME", dir)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("XDG_STATE_HOME", dir.join("state"))
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        assert!(std::env::var_os("CI").is_none(), "there is no `script`: install util-linux");
        return None;
    };
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn watch_draws_a_table_and_gives_the_terminal_back() {
    let dir = ratings();
    let args = "watch ratings --every 50ms --idle-exit 1s --lateness 0s";
    let Some(drawn) = on_a_terminal(dir.path(), args, "") else { return };
    for words in ["rating by favoritecaptain of ratings", "anomalies", "closed windows"] {
        assert!(drawn.contains(words), "`{words}` is not in {drawn:?}");
    }
    let (enters, leaves) = (drawn.find("\x1b[?1049h"), drawn.rfind("\x1b[?1049l"));
    assert!(enters < leaves && enters.is_some(), "{drawn:?}");
}

#[test]
fn a_long_read_shows_its_progress_on_a_terminal_alone() {
    let dir = ratings();
    let Some(shown) = on_a_terminal(dir.path(), "describe ratings", "") else { return };
    assert!(shown.contains("150 rows in 3 objects"), "{shown:?}");
    let Some(quiet) = on_a_terminal(dir.path(), "describe ratings --quiet", "") else { return };
    assert!(!quiet.contains("reading"), "{quiet:?}");
}

/// An S3 that takes its time shows what comes meanwhile, on one line.
#[cfg(feature = "s3")]
#[test]
fn a_slow_read_tells_of_objects_and_bytes() {
    use crate::endpoint::{self, listing};
    use crate::fixture::KEYS;
    let dir = ratings();
    let object = std::fs::read(dir.path().join(KEYS[0])).unwrap();
    let size = object.len();
    let url = endpoint::start(move |_, target| {
        if target.contains("list-type=2") {
            return listing(&[(KEYS[0], size), (KEYS[1], size)]);
        }
        let late = if target.contains(KEYS[1]) { 1_200 } else { 200 };
        std::thread::sleep(std::time::Duration::from_millis(late));
        ("200 OK", "", object.clone())
    });
    for command in ["describe", "hist", "count", "check"] {
        let args = format!("{command} --region us-east-1 --endpoint-url {url}");
        let Some(shown) = on_a_terminal(dir.path(), &args, "") else { return };
        assert!(shown.contains("1 of 2 objects, "), "{command}: {shown:?}");
        assert!(shown.contains("KiB") || shown.contains(" B"), "{command}: {shown:?}");
    }
}

//! On a terminal: the live table, and that it gives the terminal back. `script` of
//! util-linux makes the terminal.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::fixture::ratings;

/// What the program writes to a terminal that is typed into; none where there is no `script`.
fn on_a_terminal(dir: &Path, args: &str, typed: &str) -> Option<String> {
    let mut child = terminal(dir, args)?;
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The program on a terminal of its own with a size; none where there is no `script`, which fails
/// where `CI` is set.
fn terminal(dir: &Path, args: &str) -> Option<Child> {
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
    if child.is_err() {
        assert!(std::env::var_os("CI").is_none(), "there is no `script`: install util-linux");
    }
    child.ok()
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

/// What a person does: waits for each text to be shown, and types what stands beside it.
#[cfg(feature = "sql")]
fn converse(dir: &Path, args: &str, turns: &[(&str, &str)]) -> Option<String> {
    use std::io::Read;

    let mut child = terminal(dir, args)?;
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let (mut shown, mut read, mut seen) = (Vec::new(), [0; 4096], 0);
    for (wait_for, typed) in turns {
        loop {
            let new = String::from_utf8_lossy(&shown[seen..]).into_owned();
            if new.contains(wait_for) {
                break;
            }
            let length = stdout.read(&mut read).unwrap();
            assert!(length > 0, "it ended before `{wait_for}`: {new}");
            shown.extend_from_slice(&read[..length]);
        }
        seen = shown.len();
        stdin.write_all(typed.as_bytes()).unwrap();
    }
    stdout.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success());
    Some(String::from_utf8_lossy(&shown).into_owned())
}

/// Several lines, a preset, a mistake; what was asked is remembered for the next time.
#[cfg(feature = "sql")]
#[test]
fn sql_has_a_prompt_with_a_history() {
    let dir = ratings();
    let turns = [
        ("sql> ", "SELECT count(*) AS n\r"),
        ("...> ", "FROM ratings;\r"),
        ("sql> ", ".captains\r"),
        ("sql> ", "SELECT raiting FROM ratings;\r"),
        ("sql> ", "SELECT 1\r"),
        // Ctrl-C drops what was typed.
        ("...> ", "\x03"),
        ("sql> ", "quit\r"),
    ];
    let Some(shown) = converse(dir.path(), "sql ratings", &turns) else { return };
    for words in
        ["table ratings, 3 objects", "150 │", "Neil Armstrong", "No field named raiting", "help:"]
    {
        assert!(shown.contains(words), "`{words}` is not in {shown}");
    }
    let history = dir.path().join("state/captains-analyzer/sql-history");
    let history = std::fs::read_to_string(history).unwrap();
    assert!(history.contains("FROM ratings;") && history.contains(".captains"), "{history}");
    // Up, twice, and there is the preset again; Tab completes what begins with it.
    let turns = [("sql> ", "\x1b[A\x1b[A\r"), ("sql> ", ".qui\t\r")];
    let Some(again) = converse(dir.path(), "sql ratings", &turns) else { return };
    assert!(again.contains("Neil Armstrong"), "{again}");
}

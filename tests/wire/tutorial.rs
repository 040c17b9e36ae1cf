//! The tutorial's own Python, unmodified: its producer and its notebook.

use std::{
    fs::File,
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use integration_tests::{FirehoseLocal, signal};

use crate::clients::{check, python, python_program, sources};

/// How long the producer runs; it would run for ever.
const PRODUCING: Duration = Duration::from_secs(6);
/// How long the notebook may have to be run again until the last buffer is old enough.
const FOUND_WITHIN_SECONDS: &str = "30";

#[test]
fn the_tutorials_own_python_finds_every_printed_record_again() {
    let Some(interpreter) = python_program() else { return };
    let start = ["--tutorial", "--clock-start", "2022-01-08T06:00:00Z", "--buffer-interval", "2s"];
    let endpoint = FirehoseLocal::start(&start);
    let printed = tempfile::NamedTempFile::new().expect("a file for what is printed");
    produce(&interpreter, &endpoint, printed.reopen().expect("the same file"));
    let Some(mut notebook) = python("notebook.py") else { return };
    notebook.arg(sources("tutorial")).arg(printed.path()).arg(FOUND_WITHIN_SECONDS);
    check("the tutorial's own Python", notebook, &endpoint);
}

/// Runs the producer for some seconds, then interrupts it as Ctrl-C does.
fn produce(interpreter: &Path, endpoint: &FirehoseLocal, mut printed: File) {
    let home = tempfile::tempdir().expect("a home");
    let mut producer = Command::new(interpreter)
        // Unbuffered, so that what was printed is there after the interrupt.
        .arg("-u")
        .arg(sources("tutorial").join("send_captains_to_cloud.py"))
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        .envs(endpoint.environment())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the producer starts");
    let output = producer.stdout.take().expect("stdout is piped");
    let process = producer.id();
    let lines = BufReader::new(output).lines().map_while(Result::ok);
    let (mut interrupted, mut first) = (false, None);
    for line in lines {
        writeln!(printed, "{line}").expect("room for a line");
        let began = *first.get_or_insert_with(Instant::now);
        if !interrupted && began.elapsed() > PRODUCING {
            signal(process, "INT");
            interrupted = true;
        }
    }
    let ended = producer.wait_with_output().expect("the producer ends");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert!(interrupted && told.contains("KeyboardInterrupt"), "{}: {told}", ended.status);
}

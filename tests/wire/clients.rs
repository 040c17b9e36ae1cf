//! Foreign clients: installed once for each state of their lock files, kept in the build folder.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use integration_tests::FirehoseLocal;
use integration_tests::foreign::{
    Installed, installed, node_modules, or_skipped, python_environment,
};
pub(crate) use integration_tests::foreign::{say, transcript};

/// What lies beside the packages of the lock file: Node looks for packages from the script upwards.
const SCRIPTS: &[&str] = &[
    "package.json",
    "package-lock.json",
    "checks.mjs",
    "conversation.mjs",
    "kinesis.mjs",
    "tutorial.mjs",
];

/// What pip reads.
const LOCK_FILE: &[&str] = &["requirements.txt"];

static PYTHON: LazyLock<Installed> =
    LazyLock::new(|| installed("python", &sources("python"), LOCK_FILE, python_environment));

static MOTO: LazyLock<Installed> =
    LazyLock::new(|| installed("moto", &sources("moto"), LOCK_FILE, python_environment));

static NODE: LazyLock<Installed> =
    LazyLock::new(|| installed("javascript", &sources("javascript"), SCRIPTS, node_modules));

/// The tests' own files for foreign clients.
pub(crate) fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("wire").join(name)
}

/// A Python with what `python/requirements.txt` names; `None` where it cannot be had.
pub(crate) fn python_program() -> Option<PathBuf> {
    or_skipped("Python", &PYTHON).map(|folder| folder.join("venv/bin/python"))
}

/// The folder of moto's server, with its `venv`; `None` where it cannot be had.
pub(crate) fn moto_folder() -> Option<PathBuf> {
    or_skipped("moto's server", &MOTO)
}

/// A script of `python/`, ready to run; `None` where its packages cannot be had.
pub(crate) fn python(script: &str) -> Option<Command> {
    let mut command = Command::new(python_program()?);
    // No byte code beside the sources.
    command.arg("-B").arg(sources("python").join(script));
    Some(command)
}

/// A script of `javascript/`, beside the packages of its lock file, ready to run; `None` where
/// they cannot be had.
pub(crate) fn node(script: &str) -> Option<Command> {
    let folder = or_skipped("the JavaScript SDK", &NODE)?;
    let mut command = Command::new("node");
    command.arg(folder.join(script));
    Some(command)
}

/// A program that holds conversations, with those that it is to hold.
pub(crate) fn with_conversations(mut program: Command, names: &[&str]) -> Command {
    program.args(names.iter().map(|name| sources("conversations").join(name)));
    program
}

/// Runs a client's program against an endpoint, with only the endpoint's environment, and tells
/// how many checks passed.
///
/// # Panics
///
/// When a check failed, or none was made.
pub(crate) fn check(name: &str, mut program: Command, endpoint: &FirehoseLocal) {
    let home = tempfile::tempdir().expect("a home");
    let output = program
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home.path())
        // A locale that every client can print a name in.
        .env("LC_ALL", "C.UTF-8")
        .envs(endpoint.environment())
        .output()
        .unwrap_or_else(|why| panic!("{name} does not run: {why}"));
    let passed = passed(&output);
    assert!(output.status.success() && passed > 0, "{name}:\n{}", transcript(&output));
    say(&format!("{name}: {passed} checks passed"));
}

/// The tally that a client's program ends with.
fn passed(output: &Output) -> usize {
    let printed = String::from_utf8_lossy(&output.stdout);
    let tally = printed.lines().rev().find_map(|line| line.strip_prefix("checks passed: "));
    tally.and_then(|tally| tally.parse().ok()).unwrap_or_default()
}

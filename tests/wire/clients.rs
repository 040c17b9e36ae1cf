//! Foreign clients: installed once for each state of their lock files, kept in the build folder.

use std::{
    fmt::Write as _,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
};

use integration_tests::{FirehoseLocal, build_directory};

/// What lies beside the packages of the lock file: Node looks for packages from the script upwards.
const SCRIPTS: &[&str] = &[
    "package.json",
    "package-lock.json",
    "checks.mjs",
    "conversation.mjs",
    "kinesis.mjs",
    "tutorial.mjs",
];

/// A folder with an installed client, or why there is none.
type Installed = Result<PathBuf, String>;

static PYTHON: LazyLock<Installed> =
    LazyLock::new(|| installed("python", &["requirements.txt"], python_environment));

static MOTO: LazyLock<Installed> =
    LazyLock::new(|| installed("moto", &["requirements.txt"], python_environment));

static NODE: LazyLock<Installed> = LazyLock::new(|| {
    installed("javascript", SCRIPTS, |folder| {
        run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
    })
});

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

/// Says on the terminal what a captured test cannot: `cargo test` shows it without asking.
pub(crate) fn say(text: &str) {
    // A closed terminal is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{text}");
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

/// Both outputs of a program, cut to a size that can be read.
pub(crate) fn transcript(output: &Output) -> String {
    let mut text = format!("{}\n", output.status);
    for part in [&output.stderr, &output.stdout] {
        let part = String::from_utf8_lossy(part);
        for line in part.lines().take(60) {
            text.extend(line.chars().take(600));
            text.push('\n');
        }
        let more = part.lines().count().saturating_sub(60);
        if more > 0 {
            writeln!(text, "... and {more} lines more").expect("a string takes text");
        }
    }
    text
}

/// A Python of its own with what `requirements.txt` names.
fn python_environment(folder: &Path) -> Result<(), String> {
    let environment = folder.join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"]);
    run(pip.arg("--requirement").arg(folder.join("requirements.txt")))
}

/// Where a client cannot be installed, its tests are skipped and say so; in CI they fail.
fn or_skipped(name: &str, installed: &Installed) -> Option<PathBuf> {
    match installed {
        Ok(folder) => Some(folder.clone()),
        Err(why) if std::env::var_os("CI").is_some() => panic!("{name} cannot be had: {why}"),
        Err(why) => {
            say(&format!("skipped: {name} cannot be had: {why}"));
            None
        }
    }
}

/// The folder for the state of these files that is here now: they lie in it, and what `install`
/// makes of them. Other test processes wait for one that installs.
fn installed(
    name: &str,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Installed {
    let mut hasher = DefaultHasher::new();
    let texts: Vec<_> = files.iter().map(|file| read(&sources(name).join(file))).collect();
    texts.hash(&mut hasher);
    let clients = build_directory().join("clients");
    let folder = clients.join(format!("{name}-{:016x}", hasher.finish()));
    let explain = |why: std::io::Error| format!("{}: {why}", folder.display());
    fs::create_dir_all(&clients).map_err(explain)?;
    let lock = File::create(folder.with_extension("lock")).map_err(explain)?;
    lock.lock().map_err(explain)?;
    let complete = folder.join("complete");
    if !complete.exists() {
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(explain)?;
        }
        fs::create_dir(&folder).map_err(explain)?;
        for (file, text) in files.iter().zip(&texts) {
            fs::write(folder.join(file), text).map_err(explain)?;
        }
        install(&folder)?;
        File::create(complete).map_err(explain)?;
    }
    Ok(folder)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|why| format!("{command:?}: {why}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", transcript(&output)))
}

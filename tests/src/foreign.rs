//! Programs of other people's making: installed once for each state of their lock files, kept in the
//! build folder.

use std::{
    fmt::Write as _,
    fs::{self, File},
    hash::{DefaultHasher, Hash, Hasher},
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::build_directory;

/// A folder with an installed program, or why there is none.
pub type Installed = Result<PathBuf, String>;

/// Says on the terminal what a captured test cannot: `cargo test` shows it without asking.
pub fn say(text: &str) {
    // A closed terminal is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Both outputs of a program, cut to a size that can be read.
///
/// # Panics
///
/// Never: a string takes text.
#[must_use]
pub fn transcript(output: &Output) -> String {
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

/// Installs what `package-lock.json` in the folder names.
///
/// # Errors
///
/// That there is no npm, or what it said.
pub fn node_modules(folder: &Path) -> Result<(), String> {
    run(Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(folder))
}

/// Makes a Python of its own in `venv`, with what the folder's `requirements.txt` names.
///
/// # Errors
///
/// What Python or pip said.
pub fn python_environment(folder: &Path) -> Result<(), String> {
    let environment = folder.join("venv");
    run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--quiet"]);
    run(pip.arg("--requirement").arg(folder.join("requirements.txt")))
}

/// Where a program cannot be installed, its tests are skipped and say so; in CI they fail.
///
/// # Panics
///
/// In CI, with the reason.
#[must_use]
pub fn or_skipped(name: &str, installed: &Installed) -> Option<PathBuf> {
    match installed {
        Ok(folder) => Some(folder.clone()),
        Err(why) if std::env::var_os("CI").is_some() => panic!("{name} cannot be had: {why}"),
        Err(why) => {
            say(&format!("skipped: {name} cannot be had: {why}"));
            None
        }
    }
}

/// The folder for the state of these files of `sources` that is here now: they lie in it, and what
/// `install` makes of them. Other test processes wait for one that installs.
///
/// # Errors
///
/// Why it cannot be installed.
///
/// # Panics
///
/// When a file is not there.
pub fn installed(
    name: &str,
    sources: &Path,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<(), String>,
) -> Installed {
    let mut hasher = DefaultHasher::new();
    let texts: Vec<_> = files.iter().map(|file| read(&sources.join(file))).collect();
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

/// Runs a command to its end.
///
/// # Errors
///
/// That it does not run, or what it said when it failed.
pub fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|why| format!("{command:?}: {why}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}: {}", transcript(&output)))
}

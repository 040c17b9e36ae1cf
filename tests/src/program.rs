//! Where the built programs are: cargo tells only the tests of their own packages.

use std::{
    env,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

/// The program as it is now built from this workspace. `cargo test --workspace` has built it
/// already; where it is missing or older than its sources, it is built first.
pub(crate) fn firehose_local() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built("firehose-local"))
}

/// The producer, in the same way.
pub(crate) fn captains_producer() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| built("captains-producer"))
}

fn built(name: &str) -> PathBuf {
    let profile = profile_directory();
    let program = profile.join(format!("{name}{}", env::consts::EXE_SUFFIX));
    if !is_fresh(&program) {
        build(&profile);
    }
    program
}

/// The build folder of the profile that this very test was built with.
pub(crate) fn profile_directory() -> PathBuf {
    let this = env::current_exe().expect("a running program has a path");
    let folder = this.parent().expect("a program lies in a folder");
    match folder.file_name().and_then(OsStr::to_str) {
        Some("deps" | "examples") => folder.parent().expect("a build folder").to_owned(),
        _ => folder.to_owned(),
    }
}

fn workspace() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    manifest.canonicalize().expect("the workspace lies above this package")
}

/// Whether the program was built from this workspace and no source is newer, by the list of
/// sources that cargo writes beside it.
fn is_fresh(program: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|file| file.modified());
    let Ok(built) = changed(program) else { return false };
    let Ok(list) = fs::read_to_string(program.with_extension("d")) else { return false };
    let sources = sources(&list);
    let workspace = workspace();
    let ours = sources.iter().any(|source| source.starts_with(workspace.join("bins")));
    let newer = |path: &PathBuf| changed(path).unwrap_or_else(|_| SystemTime::now()) > built;
    ours && !sources.iter().any(newer)
}

/// The paths after the colon; a blank in a path is escaped.
fn sources(list: &str) -> Vec<PathBuf> {
    let Some((_, sources)) = list.lines().next().and_then(|line| line.split_once(": ")) else {
        return Vec::new();
    };
    let joined = sources.replace("\\ ", "\0");
    joined.split_whitespace().map(|path| PathBuf::from(path.replace('\0', " "))).collect()
}

/// Builds it with the tests, so that the features are those that everything is built with
/// already; building the program alone would build its dependencies a second time.
fn build(profile: &Path) {
    let target = profile.parent().expect("a profile's folder lies in the build folder");
    // The one that runs the tests; else the one on the PATH, which knows its toolchain.
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    cargo.current_dir(workspace()).args(["build", "--workspace", "--bins", "--tests"]);
    // Cargo tells a test about its package by variables on which some build scripts depend: with
    // them, half of the dependencies would be built again, and once more by the next `cargo test`.
    let of_this_test = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_EXE_", "LD_LIBRARY_PATH"];
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if of_this_test.iter().any(|start| text.starts_with(start)) {
            cargo.env_remove(&name);
        }
    }
    cargo.arg("--target-dir").arg(target);
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo runs");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

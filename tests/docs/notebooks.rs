//! `docs/notebooks`: executed from top to bottom against a running endpoint, and what they show compared
//! with what is kept in them. `NOTEBOOKS_KEEP=1` writes what they show now into the files.

use std::{env, fs, path::PathBuf, process::Command, sync::LazyLock};

use integration_tests::{
    FirehoseLocal, build_directory,
    foreign::{Installed, installed, or_skipped, python_environment, say},
    program, workspace,
};

use crate::tools::{passes, sources, with_environment};

/// Seconds that a cell may take: the first one in Rust builds its crates.
const PATIENCE: &str = "3000";

static JUPYTER: LazyLock<Installed> = LazyLock::new(|| {
    let folder = workspace().join("docs/notebooks");
    installed("notebooks", &folder, &["requirements.txt"], python_environment)
});

/// The tutorial's hour with the ratings that the notebooks speak of.
fn endpoint() -> FirehoseLocal {
    let options =
        ["--tutorial", "--clock-start", "2022-01-08T06:00:00Z", "--buffer-interval", "2s"];
    let endpoint = FirehoseLocal::start(&options);
    let text =
        fs::read_to_string(workspace().join("docs/notebooks/analysis.ipynb")).expect("a file");
    let notebook: serde_json::Value = serde_json::from_str(&text).expect("a notebook");
    let lines = notebook["cells"][0]["source"].as_array().into_iter().flatten();
    let lines: Vec<_> = lines.filter_map(|line| line.as_str()).collect();
    let line =
        lines.iter().find_map(|line| line.strip_prefix("captains-producer ")).expect("a command");
    let home = tempfile::tempdir().expect("a home");
    let mut producer = Command::new(program("captains-producer"));
    producer.args(line.split_whitespace());
    passes(line.trim(), with_environment(&mut producer, home.path(), &endpoint.environment()));
    let flushed = endpoint.request("POST", "/_firehose-local/flush", &[], b"");
    assert_eq!(flushed.status, 200, "{}", flushed.body);
    endpoint
}

fn execute(name: &str, more: &[(&str, PathBuf)]) {
    let Some(python) = or_skipped("Jupyter", &JUPYTER) else { return };
    let python = python.join("venv/bin/python");
    let endpoint = endpoint();
    let home = tempfile::tempdir().expect("a home");
    let mut runner = Command::new(python);
    runner.arg("-B").arg(sources("notebooks").join("run.py"));
    runner.arg(workspace().join("docs/notebooks").join(name)).arg(PATIENCE);
    if env::var_os("NOTEBOOKS_KEEP").is_some() {
        runner.arg("--keep");
    }
    with_environment(&mut runner, home.path(), &endpoint.environment());
    runner.env("MPLCONFIGDIR", home.path().join("matplotlib"));
    for (name, path) in more {
        runner.env(name, path);
    }
    passes(name, &mut runner);
}

#[test]
fn the_tutorials_cells_stand_unmodified_in_the_notebook() {
    let text =
        fs::read_to_string(workspace().join("docs/notebooks/analysis.ipynb")).expect("a file");
    let notebook: serde_json::Value = serde_json::from_str(&text).expect("a notebook");
    let cells = notebook["cells"].as_array().expect("cells").iter();
    let cells = cells.filter(|cell| cell["cell_type"] == "code").take(4);
    for (at, cell) in cells.enumerate() {
        let lines = cell["source"].as_array().into_iter().flatten();
        let source: String = lines.filter_map(|line| line.as_str()).collect();
        let file = workspace().join(format!("tests/wire/tutorial/cell_{}.py", at + 1));
        assert_eq!(source, fs::read_to_string(file).expect("a cell").trim_end(), "cell {}", at + 1);
    }
}

#[test]
fn the_python_notebook_shows_what_is_kept_in_it() {
    execute("analysis.ipynb", &[]);
}

#[test]
fn the_rust_notebook_shows_what_is_kept_in_it() {
    let Some(kernel) = kernel() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let of_rust = folder.path().join("kernels/rust");
    fs::create_dir_all(&of_rust).expect("a folder");
    let description = serde_json::json!({
        "argv": [kernel, "--control_file", "{connection_file}"],
        "display_name": "Rust",
        "language": "rust",
    });
    fs::write(of_rust.join("kernel.json"), description.to_string()).expect("a file");
    // What the first cell builds is kept, so that the next run takes no time for it.
    let built = build_directory().join("clients/evcxr");
    fs::create_dir_all(&built).expect("a folder");
    let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let of_home = |variable: &str, folder: &str| {
        env::var_os(variable).map_or_else(|| home.join(folder), PathBuf::from)
    };
    let mut more = vec![
        ("JUPYTER_PATH", folder.path().to_owned()),
        ("EVCXR_TMPDIR", built),
        ("CARGO_HOME", of_home("CARGO_HOME", ".cargo")),
        ("RUSTUP_HOME", of_home("RUSTUP_HOME", ".rustup")),
        // The way to it that the kernel notes is wrong for a build folder in the same home.
        ("LD_LIBRARY_PATH", standard_library()),
    ];
    // The compiler of the tests; the kernel works outside the workspace, which names one.
    let toolchain = env::var_os("RUSTUP_TOOLCHAIN").map(PathBuf::from);
    more.extend(toolchain.map(|toolchain| ("RUSTUP_TOOLCHAIN", toolchain)));
    execute("analysis-rust.ipynb", &more);
}

/// Where the compiler has its libraries.
fn standard_library() -> PathBuf {
    let rustc = Command::new("rustc").args(["--print", "target-libdir"]).output();
    let printed = rustc.expect("a compiler").stdout;
    PathBuf::from(String::from_utf8_lossy(&printed).trim())
}

/// Jupyter's kernel for Rust; it takes some minutes to build, so that it is not built by this test.
fn kernel() -> Option<PathBuf> {
    let named = env::var_os("EVCXR_JUPYTER").map(PathBuf::from);
    let paths = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&paths).map(|folder| folder.join("evcxr_jupyter"));
    let found = named.into_iter().chain(found).find(|path| path.is_file());
    if found.is_none() {
        say("skipped: no Rust kernel: cargo install --locked evcxr_jupyter --version 0.22.0");
    }
    found
}

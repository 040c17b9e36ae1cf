//! `docs/notebooks`: executed from top to bottom against a running endpoint, and what they show compared
//! with what is kept in them. `NOTEBOOKS_KEEP=1` writes what they show now into the files.

use std::{env, fs, process::Command, sync::LazyLock};

use integration_tests::{
    FirehoseLocal,
    foreign::{Installed, installed, or_skipped, python_environment},
    program, workspace,
};

use crate::tools::{passes, sources, with_environment};

/// Seconds that a cell may take.
const PATIENCE: &str = "300";

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

fn execute(name: &str) {
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
    execute("analysis.ipynb");
}

//! Programs of other people's making that check what is not Rust.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use integration_tests::{
    foreign::{
        Installed, installed, node_modules, or_skipped, python_environment, say, transcript,
    },
    workspace,
};

/// Longer than any start takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

static CHECKS: LazyLock<Installed> = LazyLock::new(|| {
    installed("checks", &sources("checks"), &["requirements.txt"], python_environment)
});

/// The same that the wire tests take: one installation serves both.
static MOTO: LazyLock<Installed> = LazyLock::new(|| {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("wire/moto");
    installed("moto", &files, &["requirements.txt"], python_environment)
});

/// The dev containers' own program.
static DEV_CONTAINERS: LazyLock<Installed> = LazyLock::new(|| {
    let files = ["package.json", "package-lock.json"];
    installed("dev-containers", &sources("devcontainers"), &files, node_modules)
});

/// `devcontainer` of the specification's authors, ready to run; `None` where it cannot be had.
pub(crate) fn devcontainer() -> Option<Command> {
    let folder = or_skipped("the dev containers' own program", &DEV_CONTAINERS)?;
    Some(Command::new(folder.join("node_modules/.bin/devcontainer")))
}

/// The tests' own files for a program.
pub(crate) fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

/// The folder with the programs of `checks/requirements.txt`; `None` where they cannot be had.
pub(crate) fn checks_programs() -> Option<PathBuf> {
    or_skipped("what checks the pages", &CHECKS).map(|folder| folder.join("venv/bin"))
}

/// A script of `checks/`, ready to run in the workspace; `None` where its packages cannot be had.
pub(crate) fn checks(script: &str) -> Option<Command> {
    Some(script_of(&checks_programs()?.join("python"), script))
}

/// The same, with moto.
pub(crate) fn checks_by_moto(script: &str) -> Option<Command> {
    let folder = or_skipped("moto", &MOTO)?;
    Some(script_of(&folder.join("venv/bin/python"), script))
}

fn script_of(python: &Path, script: &str) -> Command {
    let mut command = Command::new(python);
    command.arg("-B").arg(sources("checks").join(script)).current_dir(workspace());
    command
}

/// Runs a program to its end, and says what it printed last.
///
/// # Panics
///
/// When it fails.
pub(crate) fn passes(name: &str, command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|why| panic!("{name} does not run: {why}"));
    assert!(output.status.success(), "{name}:\n{}", transcript(&output));
    let printed = String::from_utf8_lossy(&output.stdout);
    say(&format!("{name}: {}", printed.lines().next_back().unwrap_or("passed")));
    output
}

/// A command with nothing of AWS's in its environment but what it is given.
pub(crate) fn with_environment<'a>(
    command: &'a mut Command,
    home: &Path,
    pairs: &[(&str, String)],
) -> &'a mut Command {
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LC_ALL", "C.UTF-8")
        .envs(pairs.iter().map(|(name, value)| (*name, value.as_str())))
}

/// A server on a free port; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) endpoint: String,
}

impl Server {
    /// Starts what `command` makes of a port, and waits until that is open.
    pub(crate) fn start(name: &str, command: impl FnOnce(u16) -> Command) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let child = command(address.port())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|why| panic!("{name} does not start: {why}"));
        let server = Self { child, endpoint: format!("http://{address}") };
        let began = Instant::now();
        while TcpStream::connect(address).is_err() {
            assert!(began.elapsed() < PATIENCE, "{name} does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

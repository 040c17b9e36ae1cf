//! `.devcontainer/` and `docs/deploy/`: what can be checked of containers and services without a
//! Docker daemon and without being root of a machine.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use integration_tests::{FirehoseLocal, foreign::transcript, program, signal, workspace};
use serde_json::Value;

use crate::tools::{checks, checks_programs, devcontainer, passes, with_environment};

const DEV_CONTAINERS: [&str; 2] =
    [".devcontainer/devcontainer.json", ".devcontainer/aws/devcontainer.json"];
const RECIPES: [&str; 2] = [".devcontainer/Dockerfile", "docs/deploy/Containerfile"];
const UNITS: [&str; 2] = ["captains-producer", "firehose-local"];

fn text(path: &str) -> String {
    let path = workspace().join(path);
    fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

#[test]
fn the_dev_containers_are_valid() {
    let Some(mut script) = checks("devcontainer.py") else { return };
    passes("dev containers", script.args(DEV_CONTAINERS));
}

/// By the reference implementation: it finds the recipe, and fills in what stands for the host's.
#[test]
fn the_dev_containers_are_understood_by_the_programs_that_start_them() {
    for (path, recipe) in DEV_CONTAINERS.into_iter().zip(["Dockerfile", "../Dockerfile"]) {
        let Some(mut program) = devcontainer() else { return };
        let home = tempfile::tempdir().expect("a home");
        program.args(["read-configuration", "--docker-path", "/bin/true", "--workspace-folder"]);
        program.arg(workspace()).arg("--config").arg(workspace().join(path));
        with_environment(&mut program, home.path(), &[]);
        let output = program.output().expect("it runs");
        assert!(output.status.success(), "{path}: {}", transcript(&output));
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let read = &answer["configuration"];
        assert_eq!(read["build"]["dockerfile"], recipe, "{answer}");
        assert_eq!(read["remoteUser"], "captain", "{answer}");
        let mounts = read["mounts"].to_string();
        let mounted = format!("source={}/.aws,target=/home/captain/.aws", home.path().display());
        assert_eq!(mounts.contains(&mounted), path.contains("/aws/"), "{answer}");
    }
}

#[test]
fn the_recipes_are_free_of_lint() {
    let Some(programs) = checks_programs() else { return };
    let mut lint = Command::new(programs.join("hadolint"));
    passes("hadolint", lint.args(RECIPES).current_dir(workspace()));
}

/// hadolint says nothing of keys that are copied into an image.
#[test]
fn no_recipe_copies_keys_and_none_ends_as_root() {
    for recipe in RECIPES {
        let text = text(recipe);
        let mut users = Vec::new();
        for line in text.lines().map(str::trim) {
            let copies = line.starts_with("COPY") || line.starts_with("ADD");
            for secret in [".aws", ".env", "credential", ".pem", ".ssh"] {
                assert!(!copies || !line.contains(secret), "{recipe}: {line}");
            }
            for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
                assert!(!line.contains(variable), "{recipe}: {line}");
            }
            match line.split_whitespace().collect::<Vec<_>>().as_slice() {
                ["FROM", _, "AS", "build"] => users.push("65532"),
                ["FROM", ..] => users.push("root"),
                ["USER", user] => *users.last_mut().expect("FROM comes first") = user,
                _ => {}
            }
        }
        let numeric =
            |user: &&str| user.split(':').all(|part| part.parse::<u32>().is_ok_and(|id| id > 0));
        assert!(!users.is_empty() && users.iter().all(numeric), "{recipe}: {users:?}");
    }
    for list in [".gitignore", ".dockerignore"] {
        let text = text(list);
        for secret in [".aws", ".env", "credentials.csv", "*.pem"] {
            assert!(text.contains(secret), "{list} does not name {secret}");
        }
    }
}

#[test]
fn the_ports_are_those_of_the_programs() {
    let help = FirehoseLocal::command().arg("--help").output().expect("it runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let (_, after) = help.split_once("--port <PORT>").expect("a flag for the port");
    let (_, after) = after.split_once("[default: ").expect("a default");
    let port: u64 = after.split(']').next().and_then(|port| port.parse().ok()).expect("a number");
    let local: Value = serde_json::from_str(&text(DEV_CONTAINERS[0])).expect("JSON");
    assert_eq!(local["forwardPorts"][0], port);
    assert!(local["portsAttributes"].get(port.to_string()).is_some());
    let endpoint = format!("http://127.0.0.1:{port}");
    assert_eq!(local["containerEnv"]["AWS_ENDPOINT_URL"], endpoint);
    assert!(text(RECIPES[1]).contains(&format!("EXPOSE {port}\n")));
    let jupyter = local["postStartCommand"]["jupyter"].as_str().expect("a command");
    assert!(jupyter.contains(&format!("--port {}", local["forwardPorts"][1])), "{jupyter}");
}

/// By default nothing is needed from AWS; with the second configuration keys are looked at where they
/// lie, and never written.
#[test]
fn keys_come_by_a_mount_that_is_read_only_or_not_at_all() {
    let [local, aws] = DEV_CONTAINERS.map(text);
    assert!(!local.contains(".aws"), "{local}");
    let aws: Value = serde_json::from_str(&aws).expect("JSON");
    let mounts = aws["mounts"].as_array().expect("mounts").iter().filter_map(Value::as_str);
    let mounts: Vec<_> = mounts.filter(|mount| mount.contains(".aws")).collect();
    assert!(mounts.len() == 1 && mounts[0].ends_with(",readonly"), "{mounts:?}");
    assert!(aws["containerEnv"].get("AWS_ACCESS_KEY_ID").is_none());
}

/// The programs as a unit starts them: found, and started with those very arguments.
#[test]
fn systemd_takes_the_units() {
    for unit in UNITS {
        let folder = tempfile::tempdir().expect("a folder");
        let installed = program(unit);
        let text = text(&format!("docs/deploy/{unit}.service"));
        let named = format!("/usr/local/bin/{unit}");
        assert!(text.contains(&format!("ExecStart={named} ")), "{text}");
        let text = text.replace(&named, &installed.display().to_string());
        let path = folder.path().join(format!("{unit}.service"));
        fs::write(&path, text).expect("a file");
        for arguments in [["verify", "--man=no"], ["security", "--offline=true"]] {
            let mut analyze = Command::new("systemd-analyze");
            analyze.args(arguments).arg(&path).env("SYSTEMD_LOG_LEVEL", "warning");
            if arguments[0] == "security" {
                // 10 is a service without any bounds, 0 one that can do nothing.
                analyze.arg("--threshold=20");
            }
            let Some(output) = where_there_is_systemd(&mut analyze) else { return };
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success() && told.is_empty(), "{unit}: {arguments:?}: {told}");
        }
    }
}

/// Runs it; `None`, and said so, where there is no systemd, which in CI there must be.
fn where_there_is_systemd(analyze: &mut Command) -> Option<std::process::Output> {
    match analyze.output() {
        Ok(output) => Some(output),
        Err(why) if std::env::var_os("CI").is_some() => panic!("systemd-analyze: {why}"),
        Err(why) => {
            integration_tests::foreign::say(&format!("skipped: no systemd-analyze: {why}"));
            None
        }
    }
}

/// The arguments of a unit, with its state directory in place.
fn arguments(unit: &str, state: &Path) -> Vec<String> {
    let text = text(&format!("docs/deploy/{unit}.service"));
    let line = text.lines().find_map(|line| line.strip_prefix("ExecStart=")).expect("ExecStart");
    let state = state.display().to_string();
    let words = line.split_whitespace().skip(1);
    words.map(|word| word.replace("${STATE_DIRECTORY}", &state)).collect()
}

#[test]
fn the_services_run_and_end_as_systemd_ends_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let options = arguments("firehose-local", &data);
    let options: Vec<_> = options.iter().map(String::as_str).collect();
    // The harness names port and directory itself.
    let at = options.iter().position(|word| *word == "--data-dir").expect("a directory");
    assert_eq!(options[at + 1], data.display().to_string());
    let options = [&options[..at], &options[at + 2..]].concat();
    let endpoint = FirehoseLocal::start_in(&data, &options);

    let mut producer = Command::new(program("captains-producer"));
    let state = folder.path().join("state");
    fs::create_dir(&state).expect("a folder");
    producer.args(arguments("captains-producer", &state));
    with_environment(&mut producer, folder.path(), &endpoint.environment());
    let producer =
        producer.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let began = Instant::now();
    let status = |endpoint: &FirehoseLocal| {
        endpoint.request("GET", "/_firehose-local/status", &[], b"").body
    };
    while !status(&endpoint).contains("IncomingRecords") || began.elapsed() < Duration::from_secs(2)
    {
        assert!(began.elapsed() < Duration::from_secs(60), "{}", status(&endpoint));
        std::thread::sleep(Duration::from_millis(100));
    }
    signal(producer.id(), "TERM");
    let ended = producer.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{told}{}", String::from_utf8_lossy(&ended.stderr));
    let last: Value =
        told.lines().last().and_then(|line| serde_json::from_str(line).ok()).expect("JSON");
    assert!(last["delivered"].as_u64().is_some_and(|delivered| delivered > 0), "{last}");
    assert_eq!(last["undelivered"], 0, "{last}");
    assert!(endpoint.end_by("TERM").status.success());
}

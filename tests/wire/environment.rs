//! `firehose-local env`: what it prints is all that a client needs.

use std::process::{Command, Stdio};

use integration_tests::FirehoseLocal;

use crate::clients::{python_program, transcript};

/// The variables that a shell has after evaluating what `env` printed.
fn evaluated(arguments: &[&str]) -> Vec<(String, String)> {
    let printed = FirehoseLocal::command().arg("env").args(arguments).output().expect("it runs");
    assert!(printed.status.success(), "{}", transcript(&printed));
    let shell = Command::new("sh")
        .env_clear()
        .args(["-c", "eval \"$1\"; env", "sh", &String::from_utf8_lossy(&printed.stdout)])
        .stdin(Stdio::null())
        .output()
        .expect("a shell");
    let text = String::from_utf8(shell.stdout).expect("UTF-8");
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    let aws = pairs.filter(|(name, _)| name.starts_with("AWS_"));
    aws.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_printed_environment_is_all_that_a_client_needs() {
    let Some(python) = python_program() else { return };
    let endpoint = FirehoseLocal::start(&["--tutorial"]);
    let port = endpoint.address().rsplit_once(':').expect("a port").1;
    let output = Command::new(python.with_file_name("aws"))
        .env_clear()
        .env("HOME", endpoint.data_dir())
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .envs(evaluated(&["--port", port]))
        .args(["firehose", "list-delivery-streams", "--output", "text"])
        .output()
        .expect("the AWS CLI runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(printed.contains("PUT-S3-qrZbv"), "{}", transcript(&output));
}

#[test]
fn the_port_and_the_region_are_those_asked_for() {
    let variables = evaluated(&["--port", "4577", "--region", "eu-west-1"]);
    let value = |wanted: &str| {
        let found = variables.iter().find(|(name, _)| name == wanted);
        found.map_or("", |(_, value)| value.as_str())
    };
    assert_eq!(value("AWS_ENDPOINT_URL"), "http://127.0.0.1:4577");
    assert_eq!((value("AWS_REGION"), value("AWS_DEFAULT_REGION")), ("eu-west-1", "eu-west-1"));
    assert!(!value("AWS_ACCESS_KEY_ID").is_empty() && !value("AWS_SECRET_ACCESS_KEY").is_empty());
}

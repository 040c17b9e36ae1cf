//! `docs/aws/captain-ratings.yaml`: linted, compared with the code, its stream made at
//! `firehose-local`, and all of it deployed to MiniStack, where the commands in its outputs are run.

use std::{ffi::OsString, path::Path, process::Command};

use captain_ratings::{COLUMNS, tutorial};
use integration_tests::{FirehoseLocal, build_directory, program, workspace};
use serde_json::Value;

use crate::tools::{Server, checks, checks_by_moto, checks_programs, passes, with_environment};

const TEMPLATE: &str = "docs/aws/captain-ratings.yaml";
/// Records that MiniStack gets: it writes an object for each, some ten a second.
const FEW: &str = "20";

#[test]
fn the_template_is_free_of_lint() {
    let Some(programs) = checks_programs() else { return };
    let mut lint = Command::new(programs.join("cfn-lint"));
    lint.arg("--include-checks").arg("I").arg("--").arg(TEMPLATE).current_dir(workspace());
    passes("cfn-lint", &mut lint);
}

#[test]
fn the_glue_columns_are_those_of_the_code() {
    let Some(mut script) = checks("template.py") else { return };
    let output = passes("the template's columns", script.args([TEMPLATE, "columns"]));
    let columns: Vec<(String, String)> =
        serde_json::from_slice(&output.stdout).expect("a list of pairs");
    let columns: Vec<_> =
        columns.iter().map(|(name, kind)| (name.as_str(), kind.as_str())).collect();
    assert_eq!(columns, COLUMNS);
}

#[test]
fn the_policies_allow_what_is_needed_and_no_more() {
    let Some(mut script) = checks_by_moto("policies.py") else { return };
    passes("the template's policies", script.arg(TEMPLATE));
}

/// Our endpoint validates as AWS does, and converts by the table: what it takes and delivers has
/// fitting prefixes, hints, compression and columns.
#[test]
fn the_templates_stream_delivers_at_firehose_local() {
    let Some(mut script) = checks("template.py") else { return };
    let endpoint = FirehoseLocal::start(&["--buffer-interval", "1s"]);
    let home = tempfile::tempdir().expect("a home");
    let environment = endpoint.environment();
    with_environment(&mut script, home.path(), &environment);
    let made = passes("the template's stream", script.args([TEMPLATE, "create"]));
    let made: Value = serde_json::from_slice(&made.stdout).expect("names");
    let bucket = made["bucket"].as_str().expect("a bucket");

    let shell = Shell { environment, home: home.path(), aws: None };
    shell.runs("captains-producer --to firehose://PUT-S3-qrZbv -n 500 --rate max");
    let flushed = endpoint.request("POST", "/_firehose-local/flush", &[], b"");
    assert_eq!(flushed.status, 200, "{}", flushed.body);
    let location = format!("s3://{bucket}/{}", tutorial::PREFIX);
    let count = shell.json(&format!("captains-analyzer count --format json {location}"));
    assert_eq!(count["count"][0]["rows"], 500, "{count}");
    let listed = shell.json(&format!("captains-analyzer ls --format json {location}"));
    let key = listed["objects"][0]["key"].as_str().expect("a key");
    // ratingsYYYY/MM/DD/HH/: the template of Athena's projection has no other slash either.
    let hour = key.strip_prefix("ratings").and_then(|rest| rest.get(..14)).expect("an hour");
    let shape: String = hour.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000/00/00/00/", "{key}");
    for doctor in ["captains-producer doctor --json", "captains-analyzer doctor --json"] {
        let found = shell.json(doctor);
        assert_eq!(found["status"], "ok", "{found:#}");
    }
}

#[test]
fn the_template_is_deployed_and_its_outputs_are_the_next_commands() {
    deploy(false);
}

#[test]
fn with_a_data_stream_the_records_go_there() {
    deploy(true);
}

/// Deploys to MiniStack, follows the outputs from the first command to the last, and finds nothing
/// left.
fn deploy(data_stream: bool) {
    let Some(programs) = checks_programs() else { return };
    let home = tempfile::tempdir().expect("a home");
    let server = ministack(&programs, home.path());
    let environment = local(&server.endpoint);
    let shell = Shell { environment, home: home.path(), aws: Some(&programs) };
    let parameter = if data_stream { " --parameter-overrides WithDataStream=yes" } else { "" };
    shell.runs(&format!(
        "aws cloudformation deploy --template-file {TEMPLATE} --stack-name captains \
         --capabilities CAPABILITY_IAM{parameter}"
    ));
    let outputs = shell.outputs();
    let output = |key: &str| {
        let found = outputs.iter().find(|(own, _)| own == key);
        found.map(|(_, value)| value.clone()).unwrap_or_else(|| panic!("no output {key}"))
    };
    shell.runs(&output("Command1Check"));
    shell.runs(&format!("{} -n {FEW} --rate {FEW}/s", output("Command2Send")));
    let look = format!("{} --format json", output("Command3Look"));
    let captains = shell.json_until(&look, |found| found["rows"] == 20);
    assert_eq!(captains["rows"], 20, "{captains}");
    let doctor = shell.json("captains-analyzer doctor --json");
    assert_eq!(doctor["status"], "ok", "{doctor:#}");
    shell.runs(&output("Command4Query"));
    shell.runs(&output("Command5EmptyBucket"));
    shell.runs(&output("Command6Delete"));
    let left = shell.json("aws firehose list-delivery-streams --output json");
    assert_eq!(left["DeliveryStreamNames"], Value::Array(Vec::new()));
    let left = shell.json("aws s3api list-buckets --output json");
    assert_eq!(left["Buckets"], Value::Array(Vec::new()));
}

/// The emulator, with nothing in it.
pub(crate) fn ministack(programs: &Path, home: &Path) -> Server {
    Server::start("MiniStack", |port| {
        let mut command = Command::new(programs.join("ministack"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("MINISTACK_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("S3_DATA_DIR", home.join("s3"))
            .current_dir(home);
        command
    })
}

/// The environment of a client of a local endpoint.
pub(crate) fn local(endpoint: &str) -> Vec<(&'static str, String)> {
    let pairs = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ];
    pairs.map(|(name, value)| (name, value.to_owned())).to_vec()
}

/// A shell as a reader has it: with our programs and the AWS CLI on the path.
struct Shell<'a> {
    environment: Vec<(&'static str, String)>,
    home: &'a Path,
    aws: Option<&'a Path>,
}

impl Shell<'_> {
    fn command(&self, line: &str) -> Command {
        for name in ["captains-producer", "captains-analyzer"] {
            // Built, if it is not yet.
            let _ = program(name);
        }
        let mut path = OsString::from(build_directory());
        let more = self.aws.map(Path::as_os_str).map(OsString::from);
        for folder in more.into_iter().chain(std::env::var_os("PATH")) {
            path.push(":");
            path.push(folder);
        }
        let mut command = Command::new("bash");
        command.args(["-c", line]).current_dir(workspace());
        with_environment(&mut command, self.home, &self.environment).env("PATH", path);
        command
    }

    fn runs(&self, line: &str) -> Vec<u8> {
        passes(line, &mut self.command(line)).stdout
    }

    fn json(&self, line: &str) -> Value {
        serde_json::from_slice(&self.runs(line)).expect("JSON")
    }

    /// The first answer that is as it should be, or the last one.
    fn json_until(&self, line: &str, done: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..60 {
            let output = self.command(line).output().expect("bash runs");
            let found = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if done(&found) {
                return found;
            }
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        self.json(line)
    }

    fn outputs(&self) -> Vec<(String, String)> {
        let stacks = self.json("aws cloudformation describe-stacks --stack-name captains");
        let outputs = stacks["Stacks"][0]["Outputs"].as_array().expect("outputs").iter();
        let text = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
        outputs.map(|one| (text(one, "OutputKey"), text(one, "OutputValue"))).collect()
    }
}

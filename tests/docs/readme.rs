//! The README and the programs' `--help`: what they tell people to type works, and what they show is what
//! comes.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use integration_tests::{FirehoseLocal, foreign::say, program, workspace};

use crate::{
    book::{PROGRAMS, Page},
    markdown,
    tools::{checks_programs, passes, with_environment},
};

/// Lines of code in each of the README's three ways to begin.
const MOST_LINES: usize = 15;

fn readme() -> String {
    fs::read_to_string(workspace().join("README.md")).expect("a README")
}

#[test]
fn the_commands_of_the_readme_run() {
    let Some(aws) = checks_programs() else { return };
    let text = readme();
    let run = Page::new("README.md", &text).run(&aws);
    assert!(run >= 4, "{run}");
    say(&format!("README.md: {run} blocks of commands run"));
}

#[test]
fn the_ways_to_begin_are_short() {
    let text = readme();
    for heading in ["## Embed it", "## Run it", "## Test with it"] {
        let (_, section) = text.split_once(heading).unwrap_or_else(|| panic!("no {heading}"));
        let blocks = markdown::blocks(section.split("\n## ").next().unwrap_or_default());
        let lines: Vec<_> = blocks.iter().map(|block| block.text.lines().count()).collect();
        assert!(lines.len() == 1 && lines[0] < MOST_LINES, "{heading}: {lines:?} lines");
    }
}

/// Words and drawings without what differs from run to run: digits, how often they come, and how
/// long the lines of a table are, which follows from its digits.
fn shape(text: &str) -> BTreeSet<String> {
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    let line = |line: &str| {
        // `cargo run --release -p X --` is how a reader of the README starts what is built here already.
        let line = line.replace("cargo run --release -p ", "").replace(" -- ", " ");
        let line: String = line.chars().map(digits).collect();
        let cut = line.find("PUT-S0-qrZbv-").unwrap_or(line.len());
        line[..cut].split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let squeezed = |line: String| {
        let mut kept = String::new();
        for c in line.chars() {
            let repeats = ['0', '─', '═'].contains(&c) && kept.ends_with(c);
            if !repeats && c != ',' && c != '.' {
                kept.push(c);
            }
        }
        kept
    };
    text.lines().map(line).map(squeezed).filter(|line| !line.contains("rows 0 KiB")).collect()
}

#[test]
fn the_demos_output_is_the_one_shown() {
    let text = readme();
    let blocks = markdown::blocks(&text);
    let shown = blocks.iter().find(|block| block.text.starts_with("100,000 ratings")).expect("it");
    let home = tempfile::tempdir().expect("a folder");
    let mut demo = Command::new(program("captains-demo"));
    with_environment(demo.current_dir(home.path()), home.path(), &[]);
    let output = passes("captains-demo", &mut demo);
    let printed = shape(&String::from_utf8_lossy(&output.stdout));
    let shown = shape(&shown.text);
    let differ: Vec<_> = printed.symmetric_difference(&shown).collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn the_picture_is_drawn_by_its_script() {
    let folder = tempfile::tempdir().expect("a folder");
    let fresh = folder.path().join("demo.svg");
    let mut script = Command::new("python3");
    script.arg("-B").arg(workspace().join("docs/picture.py"));
    script.arg(program("captains-demo")).arg(&fresh);
    passes("the picture", with_environment(&mut script, folder.path(), &[]));
    let texts = |path: &Path| {
        let text = fs::read_to_string(path).expect("a picture");
        let pieces =
            text.split("</text>").filter_map(|piece| Some(piece.rsplit_once('>')?.1.to_owned()));
        shape(&pieces.collect::<Vec<_>>().join("\n"))
    };
    let kept = texts(&workspace().join("docs/src/demo.svg"));
    let fresh = texts(&fresh);
    let differ: Vec<_> = kept.symmetric_difference(&fresh).collect();
    assert!(kept.len() > 40 && differ.is_empty(), "{differ:#?}");
}

/// The commands among the examples of a program's `--help`, without what stands beside them.
fn examples(name: &str) -> Vec<String> {
    let output = Command::new(program(name)).arg("--help").output().expect("it runs");
    let help = String::from_utf8_lossy(&output.stdout).into_owned();
    let Some((_, after)) = help.split_once("Examples:\n") else { return Vec::new() };
    let lines = after.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let commands = lines.filter(|line| line.starts_with(name) || line.starts_with("eval"));
    commands.map(|line| line.split("  ").next().unwrap_or(line).to_owned()).collect()
}

/// All examples, in one place after the other: those of the endpoint, of the producer, and of the analyzer,
/// who finds the tutorial's hour.
#[test]
fn the_examples_of_the_help_run() {
    let Some(aws) = checks_programs() else { return };
    let endpoint = FirehoseLocal::start(&["--tutorial", "--clock-start", "2022-01-08T06:00:00Z"]);
    let mut run = 0;
    for name in ["firehose-local", PROGRAMS[0], PROGRAMS[1]] {
        let examples = examples(name);
        assert!(!examples.is_empty(), "{name}");
        run += examples.len();
        let mut page = String::new();
        if name == PROGRAMS[0] {
            // An emulator, for the examples that send to Kinesis.
            page += "<!-- endpoint: MiniStack -->\n```sh\n\
                aws kinesis create-stream --stream-name streaming-analytics-app --shard-count 1\n\
                aws s3 mb s3://captains-rating\n\
                aws firehose create-delivery-stream --delivery-stream-name PUT-S3-qrZbv \
                --extended-s3-destination-configuration \
                RoleARN=arn:aws:iam::000000000000:role/r,BucketARN=arn:aws:s3:::captains-rating\n```\n";
        } else if name == PROGRAMS[1] {
            let address = endpoint.endpoint();
            page += &format!(
                "```sh\neval \"$(firehose-local env)\"\nexport AWS_ENDPOINT_URL={address}\n\
                captains-demo\n\
                captains-producer -n 20000 --rate max --to firehose://PUT-S3-qrZbv\n\
                curl -sf -X POST {address}/_firehose-local/flush\n```\n"
            );
        }
        for example in examples {
            page += &format!("```sh\n{}\n```\n", bounded(&example, endpoint.endpoint()));
        }
        Page::new(name, &page).run(&aws);
    }
    assert!(run > 20, "{run}");
    say(&format!("--help: {run} examples run"));
}

/// An example that runs on gets Ctrl-C after a while; each has to end well.
fn bounded(example: &str, endpoint: &str) -> String {
    if example.starts_with("eval") {
        return example.to_owned();
    }
    let endless = ["--forever", "--duration", "--follow", " watch", "captains-analyzer stream"];
    let endless =
        example.starts_with("firehose-local") || endless.iter().any(|word| example.contains(word));
    let (example, own) = (example.replace("/tmp/test", "test"), "$AWS_ENDPOINT_URL");
    let at = if example.starts_with(PROGRAMS[0]) { own } else { endpoint };
    let example = example.replace("http://127.0.0.1:4566", at);
    let seconds = if endless { 4 } else { 120 };
    // In the foreground it signals the program alone; else the program gets the signal twice, once
    // with its group, and a second one ends it at once.
    format!("timeout --foreground --preserve-status --signal=INT {seconds} {example}")
}

//! The rules of the layout, held by tests: who may know whom, what stands once in the tree, and
//! what every crate brings.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// Who may use whom. There is no other arrow.
const ARROWS: &[(&str, &[&str])] = &[
    ("captain-ratings", &[]),
    ("captains-cli", &[]),
    ("firehose-sink", &[]),
    ("firehose-delivery", &["firehose-journal", "firehose-sink", "kinesis-stream"]),
    ("firehose-journal", &[]),
    ("kinesis-stream", &[]),
    ("object-directory", &[]),
    (
        "firehose-endpoint",
        &[
            "firehose-delivery",
            "firehose-journal",
            "firehose-sink",
            "kinesis-stream",
            "object-directory",
        ],
    ),
    ("s3-parquet-reader", &[]),
    ("stream-analysis", &["s3-parquet-reader"]),
    (
        "captains-producer",
        &["captain-ratings", "captains-cli", "firehose-sink", "firehose-delivery"],
    ),
    ("firehose-local", &["captain-ratings", "captains-cli", "firehose-endpoint"]),
    (
        "captains-analyzer",
        &[
            "captains-cli",
            "firehose-sink",
            "kinesis-stream",
            "stream-analysis",
            "s3-parquet-reader",
        ],
    ),
];

/// Programs and packages that compose everything.
const MAY_USE_ALL: &[&str] = &["captains-demo", "integration-tests"];

/// What must not stand twice in the tree.
const ONCE: &[&str] =
    &["arrow", "arrow-array", "parquet", "object_store", "hyper", "rustls", "tokio"];

/// Packages that a crate must not bring into whatever embeds it, with its default features.
const TOO_HEAVY: &[&str] =
    &["aws-config", "aws-sdk-firehose", "aws-sdk-kinesis", "aws-sdk-s3", "datafusion", "axum"];

fn metadata(options: &[&str]) -> Metadata {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
    let options = options.iter().map(ToString::to_string).collect::<Vec<_>>();
    MetadataCommand::new()
        .manifest_path(manifest)
        .other_options(options)
        .exec()
        .expect("cargo metadata answers")
}

#[test]
fn crates_know_only_whom_they_may_know() {
    let metadata = metadata(&["--no-deps", "--offline"]);
    let members: BTreeSet<_> =
        metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in metadata.workspace_packages() {
        if MAY_USE_ALL.contains(&package.name.as_str()) {
            continue;
        }
        let allowed = allowed
            .get(package.name.as_str())
            .unwrap_or_else(|| panic!("`{}` has no line in ARROWS", package.name));
        let used = package.dependencies.iter().filter(|dependency| {
            dependency.kind == DependencyKind::Normal && members.contains(&dependency.name)
        });
        for dependency in used {
            assert!(
                allowed.contains(&dependency.name.as_str()),
                "`{}` uses `{}`: a new arrow; see docs/src/architecture.md",
                package.name,
                dependency.name
            );
        }
    }
}

#[test]
fn one_version_of_what_must_not_stand_twice() {
    let metadata = metadata(&["--locked"]);
    for name in ONCE {
        let versions: BTreeSet<_> = metadata
            .packages
            .iter()
            .filter(|package| package.name.as_str() == *name)
            .map(|package| package.version.to_string())
            .collect();
        assert_eq!(versions.len(), 1, "{name}: {versions:?}");
    }
    let native = metadata
        .packages
        .iter()
        .find(|package| ["openssl-sys", "native-tls"].contains(&package.name.as_str()));
    assert!(native.is_none(), "a second TLS stack: {:?}", native.map(|package| &package.name));
}

#[test]
fn libraries_bring_nothing_heavy_unasked() {
    for (name, _) in ARROWS {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates").join(name);
        // Programs may bring what they like; nobody embeds `captains-cli`.
        if *name == "captains-cli" || !manifest.exists() {
            continue;
        }
        let tree = std::process::Command::new(env!("CARGO"))
            .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"])
            .args(["--package", name])
            .current_dir(manifest)
            .output()
            .expect("cargo tree answers");
        assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
        let tree = String::from_utf8_lossy(&tree.stdout);
        for heavy in TOO_HEAVY {
            let found = tree.lines().any(|line| line.starts_with(&format!("{heavy} ")));
            assert!(!found, "`{name}` brings `{heavy}`");
        }
    }
}

#[test]
fn every_library_has_its_readme_example_and_bench() {
    let metadata = metadata(&["--no-deps", "--offline"]);
    for package in metadata.workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest lies in a folder");
        // `captains-cli` is for the programs here, nobody embeds it.
        let library = folder.parent().is_some_and(|parent| parent.ends_with("crates"));
        if !library || package.name.as_str() == "captains-cli" {
            continue;
        }
        assert!(folder.join("README.md").exists(), "{folder} lacks a README.md");
        let has = |kind: fn(&cargo_metadata::Target) -> bool| package.targets.iter().any(kind);
        assert!(has(cargo_metadata::Target::is_example), "{} lacks an example", package.name);
        assert!(has(cargo_metadata::Target::is_bench), "{} lacks a bench", package.name);
    }
}

#[test]
fn every_package_takes_the_lints_of_the_workspace() {
    let metadata = metadata(&["--no-deps", "--offline"]);
    for package in metadata.workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{}", package.manifest_path);
    }
}

/// The analyzer knows nothing of captains but its defaults; here they are compared.
#[test]
fn the_programs_agree_on_the_tutorials_names() {
    use captain_ratings::{COLUMNS, tutorial};
    let location = format!("s3://{}/{}", tutorial::BUCKET, tutorial::PREFIX);
    assert_eq!(captains_analyzer::DEFAULT_LOCATION, location);
    assert_eq!(captains_analyzer::DEFAULT_STREAM, tutorial::DELIVERY_STREAM);
    let data_stream = format!("kinesis://{}", tutorial::DATA_STREAM);
    assert_eq!(captains_analyzer::DEFAULT_DATA_STREAM, data_stream);
    assert_eq!(captains_analyzer::DEFAULT_COLUMNS, COLUMNS);
    let columns = COLUMNS.map(|(name, _)| name);
    assert!(columns.contains(&captains_analyzer::DEFAULT_GROUP));
    assert!(columns.contains(&captains_analyzer::DEFAULT_VALUE));
}

/// Each row of what is known of AWS's delivery has a test case, in a test that is named by a section.
/// `rows.tsv` says which; a test that is renamed or goes is missed here.
#[test]
fn every_row_of_what_is_known_of_delivery_has_a_test() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut tests = BTreeSet::new();
    let mut folders = vec![crates];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source");
                tests.extend(text.lines().filter_map(name_of_a_test).map(str::to_owned));
            }
        }
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for line in include_str!("rows.tsv").lines().skip(1) {
        let [section, row, test] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("`{line}` has not three fields")
        };
        assert!(tests.contains(test), "{section}, {row}: there is no test `{test}`");
        *counts.entry(section).or_default() += 1;
    }
    let sections = ["4.1", "4.2", "4.3", "4.4", "5.2", "5.3", "5.4", "5.5", "5.6"];
    let recorded = ["recorded 2.3", "recorded 2.4", "recorded 2.5", "recorded 2.6"];
    assert!(counts.keys().copied().eq(sections.into_iter().chain(recorded)), "{counts:?}");
    println!("{counts:?}: {} rows", counts.values().sum::<usize>());
}

/// `fn section_4_1_…()` and `async fn recorded_2_3_…()`.
fn name_of_a_test(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?;
    let name = rest.strip_suffix("() {")?;
    ["section_", "sections_", "recorded_"]
        .iter()
        .any(|cited| name.starts_with(cited))
        .then_some(name)
}

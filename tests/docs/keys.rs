//! No file here contains a key.

use std::{fs, process::Command};

use integration_tests::workspace;

/// What ids of AWS's keys begin with: of users, of sessions, and what else IAM makes.
const BEGINNINGS: [&str; 8] = ["AKIA", "ASIA", "ABIA", "ACCA", "AGPA", "AIDA", "AROA", "ASCA"];
/// Letters and digits behind it.
const REST: usize = 16;
/// Letters, digits, slashes and pluses of a secret key.
const SECRET: usize = 40;

/// Everything that is in the repository or would be added to it.
fn files() -> Vec<String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard"]).current_dir(workspace());
    let listed = git.output().expect("git runs");
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    String::from_utf8_lossy(&listed.stdout).lines().map(str::to_owned).collect()
}

/// What looks like a key in a text.
fn key(text: &str) -> Option<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || "/+".contains(c)));
    let mut before = "";
    for word in words.filter(|word| !word.is_empty()) {
        let begins = BEGINNINGS.iter().any(|beginning| word.starts_with(beginning));
        let capital = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if begins && capital && word.len() == BEGINNINGS[0].len() + REST {
            return Some(word);
        }
        let named = before.to_ascii_lowercase().ends_with("key") || before == "SecretAccessKey";
        if named && word.len() == SECRET && word.chars().any(|c| c.is_ascii_digit()) {
            return Some(word);
        }
        before = word;
    }
    text.contains(concat!("PRIVATE", " KEY-----")).then_some("a private key")
}

#[test]
fn no_file_contains_a_key() {
    let files = files();
    assert!(files.len() > 100, "{files:?}");
    for file in &files {
        // One that was deleted and not committed is listed still.
        let Ok(bytes) = fs::read(workspace().join(file)) else { continue };
        let found = key(&String::from_utf8_lossy(&bytes)).map(str::to_owned);
        assert!(found.is_none(), "{file}: {found:?}");
        let name = file.rsplit('/').next().unwrap_or_default();
        let folder = file.split('/').any(|part| part == ".aws" || part == ".ssh");
        assert!(!folder && !name.starts_with(".env") && name != "credentials", "{file}");
    }
}

#[test]
fn keys_are_known_when_they_are_seen() {
    let id = format!("AK{}", "IAABCDEFGH12345678");
    let secret = "abcdefghij0123456789".repeat(2);
    for text in [
        format!("export AWS_ACCESS_KEY_ID={id}"),
        format!("[default]\naws_access_key_id = {id}\n"),
        format!("\"AccessKeyId\": \"AS{}\"", "IAABCDEFGH12345678"),
        format!("aws_secret_access_key = {secret}"),
        format!("-----BEGIN RSA {} KEY-----", "PRIVATE"),
    ] {
        assert!(key(&text).is_some(), "{text}");
    }
    for text in ["AKIA", "aws_access_key_id = test", "sha256 key abc", "AKIAs"] {
        assert!(key(text).is_none(), "{text}");
    }
}

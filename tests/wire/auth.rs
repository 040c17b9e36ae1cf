//! `--auth verify`: clients with good keys notice nothing, others are not let in.

use std::fs;

use integration_tests::FirehoseLocal;

use crate::clients::{check, node, python, with_conversations};

const ALL: &[&str] = &["glue.json", "firehose.json", "s3.json"];
const KEYS: &str = "[default]\naws_access_key_id = test\naws_secret_access_key = test\n";

fn verifying() -> (FirehoseLocal, tempfile::NamedTempFile) {
    let keys = tempfile::NamedTempFile::new().expect("a file for keys");
    fs::write(keys.path(), KEYS).expect("a file with keys");
    let path = keys.path().to_str().expect("a UTF-8 path");
    (FirehoseLocal::start(&["--auth", "verify", "--keys", path]), keys)
}

#[test]
fn boto3_without_the_right_keys_is_not_let_in() {
    let Some(program) = python("auth.py") else { return };
    let (endpoint, _keys) = verifying();
    check("boto3, keys", program, &endpoint);
}

#[test]
fn boto3_signs_every_call_as_it_is_verified() {
    let Some(mut program) = python("conversation.py") else { return };
    let (endpoint, _keys) = verifying();
    program.arg("boto3");
    check("boto3, signed conversations", with_conversations(program, ALL), &endpoint);
}

#[test]
fn the_javascript_sdk_signs_every_call_as_it_is_verified() {
    let Some(program) = node("conversation.mjs") else { return };
    let (endpoint, _keys) = verifying();
    check("JavaScript SDK, signed conversations", with_conversations(program, ALL), &endpoint);
}

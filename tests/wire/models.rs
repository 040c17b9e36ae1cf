//! A walk through botocore's own models: every operation and member at its limits and beyond.

use std::process::Command;

use integration_tests::FirehoseLocal;

use crate::clients::{check, python_program, sources};

#[test]
fn every_member_of_the_models_is_taken_at_its_limits_and_refused_beyond() {
    let Some(python) = python_program() else { return };
    let endpoint = FirehoseLocal::start(&[]);
    let mut program = Command::new(python);
    program
        .arg("-B")
        .arg(sources("models").join("walk.py"))
        .args(["--endpoint", endpoint.endpoint()]);
    check("botocore's models", program, &endpoint);
}

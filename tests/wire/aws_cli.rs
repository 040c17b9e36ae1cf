//! The AWS CLI.

use integration_tests::FirehoseLocal;

use crate::clients::{check, python, with_conversations};

#[test]
fn the_aws_cli_goes_through_the_tutorial() {
    let Some(program) = python("cli_tutorial.py") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    check("AWS CLI, the tutorial", program, &endpoint);
}

#[test]
fn the_aws_cli_is_answered_and_refused_as_by_aws() {
    let Some(mut program) = python("conversation.py") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    program.arg("cli");
    let program = with_conversations(program, &["glue.json", "firehose.json"]);
    check("AWS CLI, conversations", program, &endpoint);
}

//! boto3, the SDK that the tutorial uses.

use integration_tests::FirehoseLocal;

use crate::clients::{check, python, with_conversations};

#[test]
fn boto3_goes_through_the_tutorial() {
    let Some(program) = python("boto3_tutorial.py") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    check("boto3, the tutorial", program, &endpoint);
}

#[test]
fn boto3_is_answered_and_refused_as_by_aws() {
    let Some(mut program) = python("conversation.py") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    program.arg("boto3");
    let program = with_conversations(program, &["glue.json", "firehose.json", "s3.json"]);
    check("boto3, conversations", program, &endpoint);
}

//! The JavaScript SDK, version 3.

use integration_tests::FirehoseLocal;

use crate::clients::{check, node, with_conversations};

#[test]
fn the_javascript_sdk_goes_through_the_tutorial() {
    let Some(program) = node("tutorial.mjs") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    check("JavaScript SDK, the tutorial", program, &endpoint);
}

#[test]
fn the_javascript_sdk_is_answered_and_refused_as_by_aws() {
    let Some(program) = node("conversation.mjs") else { return };
    let endpoint = FirehoseLocal::start(&[]);
    let program = with_conversations(program, &["glue.json", "firehose.json", "s3.json"]);
    check("JavaScript SDK, conversations", program, &endpoint);
}

//! `--fault`: what a client's own retries make of them.

use integration_tests::FirehoseLocal;

use crate::clients::{check, python};

#[test]
fn boto3_meets_the_faults_that_were_asked_for() {
    let Some(program) = python("faults.py") else { return };
    let rules = [
        "PutRecord:throttle,times=2",
        "PutRecordBatch:refuse=3/10",
        "GetDatabases:status=500,times=1",
        "PutObject:slowdown,times=1",
        "GetObject:cut=2,times=1",
    ];
    let mut arguments = vec!["--tutorial"];
    arguments.extend(rules.iter().flat_map(|rule| ["--fault", rule]));
    let endpoint = FirehoseLocal::start(&arguments);
    check("boto3, faults", program, &endpoint);
}

//! No 200 leaves before its sync returned: the system calls of the real program, in their order.

use std::process::{Command, Stdio};

use integration_tests::{FirehoseLocal, signal};

use crate::data::{create, line, put};

/// Whether system calls can be traced here.
fn can_trace() -> bool {
    let traced = Command::new("strace")
        .args(["-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    traced.is_ok_and(|status| status.success())
}

#[test]
fn no_200_leaves_before_its_sync_returned() {
    if !can_trace() {
        println!("skipped: strace is not here, or may not trace");
        return;
    }
    const PUTS: usize = 100;
    let endpoint = FirehoseLocal::start(&["--durability", "sync"]);
    create(&endpoint);
    let trace = tempfile::NamedTempFile::new().expect("a file");
    let mut strace = Command::new("strace")
        .args(["-f", "-s", "40", "-e", "trace=fdatasync,write,writev,sendto,sendmsg", "-o"])
        .arg(trace.path())
        .args(["-p", &endpoint.id().to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace starts");
    // It says so once it is attached; what is put before is not looked at.
    std::thread::sleep(std::time::Duration::from_millis(1_000));
    let taken = (0..PUTS).filter(|n| put(&endpoint, &line(*n as u64))).count();
    assert_eq!(taken, PUTS);
    signal(strace.id(), "INT");
    strace.wait().expect("strace ends");
    let text = std::fs::read_to_string(trace.path()).expect("a trace");
    let (mut synced, mut answers, mut early) = (0, 0, 0);
    for line in text.lines() {
        let returned = line.contains("fdatasync(") && line.ends_with("= 0")
            || line.contains("fdatasync resumed") && line.ends_with("= 0");
        if returned {
            synced += 1;
        } else if line.contains("HTTP/1.1 200") {
            answers += 1;
            // One client, one put at a time: each answer has a sync of its own before it.
            early += usize::from(synced < answers);
        }
    }
    println!("{answers} answers, {synced} syncs returned, {early} answers left too early");
    assert_eq!(answers, PUTS, "{text}");
    assert_eq!(early, 0);
}

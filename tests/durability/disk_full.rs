//! A full disk, on a real file system of 16 MiB: puts are refused before they are acknowledged,
//! deliveries go on, and it recovers without a restart. Where the machine does not allow such a
//! file system to be mounted, the test says so; the simulated disks cover the rest.

use std::{path::Path, process::Command};

use integration_tests::FirehoseLocal;

use crate::data::{BUCKET, create, create_bucket, delivered, line, put, status};

/// A file system in memory, gone with its guard.
struct Small(tempfile::TempDir);

impl Small {
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder");
        let option = format!("size={size}");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &option, "tmpfs"])
            .arg(folder.path())
            .output();
        mounted.is_ok_and(|mounted| mounted.status.success()).then(|| Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

fn resident(endpoint: &FirehoseLocal) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", endpoint.id())).expect("proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.trim().trim_end_matches(" kB").trim().parse().expect("a number")
}

/// Puts until it is refused some times in a row.
fn fill(endpoint: &FirehoseLocal, next: &mut u64, acknowledged: &mut Vec<u64>) -> u64 {
    let mut refused = 0;
    while refused < 5 {
        // 100 records of 100 bytes at a time, as one.
        let lines: Vec<u8> = (0..100).flat_map(|n| line(*next + n)).collect();
        match put(endpoint, &lines) {
            true => acknowledged.extend(*next..*next + 100),
            false => refused += 1,
        }
        *next += 100;
        assert!(*next < 1_000_000, "the disk never gets full");
    }
    refused
}

#[test]
fn a_full_disk_refuses_and_recovers_and_loses_nothing() {
    let Some(small) = Small::mount("16m") else {
        println!("skipped: this machine does not let a small file system be mounted");
        return;
    };
    let endpoint = FirehoseLocal::start_in(
        small.path(),
        &["--buffer-size", "256KiB", "--undelivered-limit", "1GiB"],
    );
    create(&endpoint);
    let gone = endpoint.request("DELETE", &format!("/{BUCKET}"), &[], b"");
    assert_eq!(gone.status, 204, "{}", gone.body);
    let (mut next, mut acknowledged, mut memory) = (0, Vec::new(), Vec::new());
    for round in 0..3 {
        // Nothing can be delivered: the journal fills the disk.
        let refused = fill(&endpoint, &mut next, &mut acknowledged);
        memory.push(resident(&endpoint));
        println!(
            "round {round}: {} acknowledged so far, {refused} puts refused, {} kB resident",
            acknowledged.len(),
            resident(&endpoint)
        );
        // The bucket comes back: deliveries have the reserve, and make room.
        create_bucket(&endpoint);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
        while status(&endpoint)["bufferedRecords"] != 0 {
            assert!(std::time::Instant::now() < deadline, "{}", status(&endpoint));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let (found, _) = delivered(small.path());
        let this_round: Vec<u64> =
            acknowledged.iter().copied().filter(|number| !found.contains_key(number)).collect();
        assert!(this_round.is_empty(), "{} records are missing", this_round.len());
        assert!(found.values().all(|times| *times == 1), "records are doubled");
        // Somebody takes the objects away, and the bucket with them.
        acknowledged.clear();
        std::fs::remove_dir_all(small.path().join(BUCKET)).expect("the bucket goes");
    }
    let (first, last) = (memory[0], memory[memory.len() - 1]);
    assert!(last < first * 2, "memory grew from {first} to {last} kB");
}

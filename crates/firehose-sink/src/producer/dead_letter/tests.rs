//! The file, as somebody reads it who sends its records again.

use std::sync::Arc;

use super::*;
use crate::Refusal;

fn letter(record: Record) -> DeadLetter {
    DeadLetter {
        stream: "ratings".into(),
        record,
        reason: Reason::Refused(Refusal::slow_down()),
        attempts: 3,
        stored: Stored::Nothing,
    }
}

#[test]
fn every_record_can_be_read_back_from_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead.jsonl");
    let records = [
        Record::new("{\"a\":\"\\u00e9\"}\n"),
        Record::new(vec![0xff, 0x00, 0x80]).with_partition_key("Ahab"),
        Record::new(""),
    ];
    for record in &records {
        // Opened anew each time: a second run adds to the file.
        DeadLetterFile::append(&path).expect("a file").bury(&[letter(record.clone())]).expect("ok");
    }
    let text = std::fs::read_to_string(&path).expect("the file");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let read: Vec<Record> = lines
        .iter()
        .map(|line| {
            let data = match line["data"].as_str() {
                Some(text) => text.as_bytes().to_vec(),
                None => BASE64_STANDARD.decode(line["data_base64"].as_str().unwrap()).unwrap(),
            };
            match line["partition_key"].as_str() {
                Some(key) => Record::new(data).with_partition_key(Arc::<str>::from(key)),
                None => Record::new(data),
            }
        })
        .collect();
    assert_eq!(read, records);
    assert_eq!(
        (lines[0]["attempts"].as_u64(), lines[0]["stored"].as_str()),
        (Some(3), Some("nothing"))
    );
    assert!(lines[0]["reason"].as_str().unwrap().contains("Slow down."), "{text}");
    assert!(lines[0]["time"].as_f64().unwrap() > 1.6e9);
}

#[cfg(unix)]
#[test]
fn a_new_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("dead.jsonl");
    DeadLetterFile::append(&path).expect("a file");
    let mode = std::fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

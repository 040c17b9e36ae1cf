//! A spool as a process finds it that comes after one which was killed.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn record(n: u64) -> Record {
    Record::new(format!("{{\"n\":{n}}}"))
}

fn records(numbers: std::ops::Range<u64>) -> Vec<Record> {
    numbers.map(record).collect()
}

fn segments(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "spool"))
        .collect();
    paths.sort();
    paths
}

#[test]
fn what_is_not_settled_is_there_the_next_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spool = Spool::open(folder.path()).expect("new");
    assert!(spool.left_over().expect("nothing").is_empty());
    let keyed = Record::new(vec![0, 255, 10]).with_partition_key("Ahab");
    spool.append(&records(0..10)).expect("on disk");
    spool.append(&[keyed.clone(), Record::new("")]).expect("on disk");
    spool.settle(7).expect("noted");
    drop(spool);
    let mut spool = Spool::open(folder.path()).expect("there");
    assert_eq!((spool.settled(), spool.unsettled()), (7, 5));
    let expected = [record(7), record(8), record(9), keyed, Record::new("")];
    assert_eq!(spool.left_over().expect("read"), expected);
    spool.append(&records(12..14)).expect("on disk");
    assert_eq!(spool.left_over().expect("read").len(), 7);
    spool.settle(14).expect("noted");
    drop(spool);
    let spool = Spool::open(folder.path()).expect("there");
    assert_eq!((spool.settled(), spool.unsettled()), (14, 0));
    assert!(segments(folder.path()).is_empty(), "nothing is kept that is settled");
}

#[test]
fn only_one_process_has_it_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let spool = Spool::open(folder.path()).expect("new");
    let error = Spool::open(folder.path()).expect_err("in use");
    assert!(matches!(error, SpoolError::Busy { .. }), "{error}");
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    drop(spool);
    Spool::open(folder.path()).expect("free again");
}

#[test]
fn the_disk_holds_little_more_than_what_is_not_settled() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spool = Spool::open(folder.path()).expect("new");
    let chunk: Vec<Record> = (0..100).map(|_| Record::new(vec![b'x'; 10_000])).collect();
    for n in 1..=60 {
        spool.append(&chunk).expect("on disk");
        spool.settle(n * 100 - 100).expect("noted");
        let bytes: u64 = segments(folder.path())
            .iter()
            .map(|path| fs::metadata(path).expect("a file").len())
            .sum();
        assert!(bytes <= 2 * SEGMENT_BYTES + 2_100_000, "{bytes} bytes after chunk {n}");
    }
}

#[test]
fn a_tail_that_was_cut_short_is_cut_off_wherever_it_was_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spool = Spool::open(folder.path()).expect("new");
    spool.append(&records(0..20)).expect("on disk");
    drop(spool);
    let path = segments(folder.path()).remove(0);
    let whole = fs::read(&path).expect("a file");
    let frame = whole.len() / 20;
    for length in (0..=whole.len()).rev() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(path.file_name().expect("a name")), &whole[..length])
            .expect("a copy");
        let spool = Spool::open(folder.path()).expect("readable");
        let left = spool.left_over().expect("read");
        assert_eq!(left, records(0..20)[..left.len()].to_vec(), "cut at {length}");
        assert!(left.len() + 2 >= length / frame && left.len() <= length / (frame - 1), "{length}");
        assert_eq!(spool.unsettled(), left.len() as u64);
    }
}

#[test]
fn damage_in_the_middle_is_no_torn_tail() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spool = Spool::open(folder.path()).expect("new");
    let large: Vec<Record> = (0..5).map(|_| Record::new(vec![b'x'; 1_000_000])).collect();
    spool.append(&large).expect("a segment");
    spool.append(&records(5..10)).expect("the next");
    drop(spool);
    let path = segments(folder.path()).remove(0);
    let mut data = fs::read(&path).expect("a file");
    data[2_500_000] ^= 1;
    fs::write(&path, data).expect("damaged");
    let error = Spool::open(folder.path()).expect_err("damaged");
    assert!(matches!(error, SpoolError::Damaged { offset: 2_000_020, .. }), "{error}");
    assert!(error.to_string().contains("move it away"), "{error}");
}

#[test]
fn a_lost_position_only_makes_duplicates() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut spool = Spool::open(folder.path()).expect("new");
    spool.append(&records(0..10)).expect("on disk");
    spool.settle(4).expect("noted");
    drop(spool);
    fs::write(folder.path().join("settled"), b"nonsense that is no position").expect("damaged");
    let spool = Spool::open(folder.path()).expect("readable");
    assert_eq!(spool.left_over().expect("read"), records(0..10));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Against a plain list, over any sequence of appends, settlements and restarts.
    #[test]
    fn it_holds_what_was_appended_and_not_settled(
        steps in prop::collection::vec((0_u8..4, 0_u64..40), 1..40),
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut spool = Spool::open(folder.path()).expect("new");
        let (mut next, mut settled) = (0, 0);
        for (step, number) in steps {
            match step {
                0 | 1 => {
                    spool.append(&records(next..next + number)).expect("on disk");
                    next += number;
                }
                2 => {
                    spool.settle(settled + number).expect("noted");
                    settled = next.min(settled + number);
                }
                _ => {
                    drop(spool);
                    spool = Spool::open(folder.path()).expect("there");
                }
            }
            prop_assert_eq!((spool.settled(), spool.unsettled()), (settled, next - settled));
            prop_assert_eq!(spool.left_over().expect("read"), records(settled..next));
        }
    }
}

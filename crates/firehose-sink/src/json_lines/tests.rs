//! Lines as a reader finds them, also after errors.

use std::{
    error::Error as _,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use super::JsonLinesSink;
use crate::{FirehoseSink, FirehoseSinkExt, PutErrorKind, Record, Stored};

/// A file that can be looked into, and that fails once after `room` bytes.
#[derive(Clone, Default)]
struct Paper {
    written: Arc<Mutex<Vec<u8>>>,
    fails: Arc<Mutex<Option<(usize, io::ErrorKind)>>>,
}

impl Paper {
    fn failing_after(room: usize, kind: io::ErrorKind) -> Self {
        Self { fails: Arc::new(Mutex::new(Some((room, kind)))), ..Self::default() }
    }

    fn text(&self) -> String {
        String::from_utf8(self.written.lock().expect("not poisoned").clone()).expect("UTF-8")
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().expect("not poisoned");
        let mut fails = self.fails.lock().expect("not poisoned");
        let bytes = match *fails {
            Some((room, kind)) if written.len() >= room => {
                *fails = None;
                return Err(kind.into());
            }
            Some((room, _)) => &bytes[..bytes.len().min(room - written.len())],
            None => bytes,
        };
        written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "conformance")]
#[tokio::test]
async fn it_conforms() {
    crate::conformance::all(&|| async {
        Arc::new(JsonLinesSink::new("lines", io::sink())) as Arc<dyn FirehoseSink>
    })
    .await;
}

#[tokio::test]
async fn each_record_is_a_line_whether_or_not_it_ends_in_one() {
    let paper = Paper::default();
    let sink = JsonLinesSink::new("lines", paper.clone());
    let batch = ["{\"a\":1}", "{\"a\":2}\n", "", "{\"a\":3}"].map(Record::from);
    let outcomes = sink.put_batch(&batch).await.expect("written");
    assert_eq!(paper.text(), "{\"a\":1}\n{\"a\":2}\n\n{\"a\":3}\n");
    assert!(outcomes.iter().all(crate::Outcome::is_accepted));
}

#[tokio::test]
async fn an_error_keeps_its_cause_and_says_that_part_may_be_written() {
    let paper = Paper::failing_after(3, io::ErrorKind::BrokenPipe);
    let sink = JsonLinesSink::new("lines", paper);
    let error = sink.put(Record::new("{\"a\":1}")).await.expect_err("the pipe is broken");
    assert_eq!((error.kind(), error.stored()), (PutErrorKind::Other, Stored::Maybe));
    assert_eq!(error.io_kind(), Some(io::ErrorKind::BrokenPipe));
    assert!(error.source().is_some());
    assert!(error.to_string().contains("`lines`"), "{error}");
}

#[tokio::test]
async fn a_torn_line_does_not_spoil_the_next() {
    let paper = Paper::failing_after(3, io::ErrorKind::StorageFull);
    let sink = JsonLinesSink::new("lines", paper.clone());
    sink.put(Record::new("{\"a\":1}")).await.expect_err("the disk is full");
    sink.put(Record::new("{\"a\":2}")).await.expect("there is room again");
    sink.put(Record::new("{\"a\":3}")).await.expect("there is room");
    assert_eq!(paper.text(), "{\"a\n{\"a\":2}\n{\"a\":3}\n");
}

#[tokio::test]
async fn a_file_is_created_or_added_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("records.json");
    for record in ["1", "2"] {
        let sink = JsonLinesSink::append(&path).expect("opened");
        sink.put(Record::new(record)).await.expect("written");
        assert_eq!(sink.stream(), path.to_string_lossy());
    }
    assert_eq!(std::fs::read_to_string(&path).expect("readable"), "1\n2\n");
    let sink = JsonLinesSink::create(&path).expect("created");
    sink.put(Record::new("3")).await.expect("written");
    assert_eq!(std::fs::read_to_string(&path).expect("readable"), "3\n");
    assert!(JsonLinesSink::create(folder.path()).is_err(), "a folder is no file");
}

#[tokio::test]
async fn a_writer_that_panics_fails_its_call_only() {
    struct Panics;
    impl Write for Panics {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            panic!("as planned")
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let sink = JsonLinesSink::new("lines", Panics);
    for _ in 0..2 {
        let error = sink.put(Record::new("1")).await.expect_err("it panicked");
        assert_eq!((error.kind(), error.stored()), (PutErrorKind::Other, Stored::Maybe));
    }
}

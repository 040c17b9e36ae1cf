//! Does to the disk what a stream's [`Book`](super::Book) asks for. Blocks; holds no lock.

use std::{collections::HashMap, fmt, sync::Arc, time::Instant};

use firehose_journal::{Disk, Error, Journal, RecoveredSegment, Segment, SegmentId};

/// One thing to do, in order.
#[derive(Debug)]
pub(crate) enum Op {
    /// Begin a segment, which has this number from now on.
    Begin { segment: u64, header: Arc<[u8]> },
    /// Append a frame.
    Frame(Vec<u8>),
    /// The segment takes nothing more.
    Finish,
    /// What these segments hold is delivered.
    Forget(Vec<u64>),
}

/// The files of one log.
pub(crate) trait Log: fmt::Debug + Send {
    /// Does all of this and commits. Segments are forgotten in any case, and last.
    ///
    /// # Errors
    ///
    /// Why the frames may not be as safe as they should be. The next frame has to begin a segment.
    fn run(&mut self, ops: Vec<Op>) -> Result<(), Error>;

    /// When what was written has to be [synced](Self::sync).
    fn sync_due(&self) -> Option<Instant>;

    /// Waits until what was written is on stable storage.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    fn sync(&mut self) -> Result<(), Error>;

    /// Reads back what was there when the log was opened; segment `n` of the answer has number `n`
    /// from now on.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    fn recover(&mut self) -> Result<Vec<RecoveredSegment>, Error>;
}

/// A log over a [`Journal`].
#[derive(Debug)]
pub(super) struct Writer<D: Disk> {
    journal: Journal<D>,
    current: Option<Segment<D>>,
    /// Which files the numbered segments are.
    ids: HashMap<u64, SegmentId>,
    /// What could not be removed, to be tried again in this order.
    unforgotten: Vec<SegmentId>,
}

impl<D: Disk> Writer<D> {
    pub(super) fn new(journal: Journal<D>) -> Self {
        Self { journal, current: None, ids: HashMap::new(), unforgotten: Vec::new() }
    }

    fn write(&mut self, ops: &[Op]) -> Result<(), Error> {
        for op in ops {
            match op {
                Op::Begin { segment, header } => {
                    self.finish()?;
                    let begun = self.journal.begin(header)?;
                    self.ids.insert(*segment, begun.id());
                    self.current = Some(begun);
                }
                Op::Frame(payload) => {
                    // The book begins a segment before its first frame, and after any failure.
                    if let Some(segment) = &mut self.current {
                        segment.append(payload)?;
                    }
                }
                Op::Finish => self.finish()?,
                Op::Forget(_) => {}
            }
        }
        self.current.as_mut().map_or(Ok(()), Segment::commit)
    }

    fn finish(&mut self) -> Result<(), Error> {
        let Some(mut segment) = self.current.take() else { return Ok(()) };
        if segment.sync_due().is_some() {
            segment.sync()?;
        }
        segment.seal().map(drop)
    }

    fn forget(&mut self, ops: &[Op]) {
        let mut ids = std::mem::take(&mut self.unforgotten);
        for op in ops {
            if let Op::Forget(segments) = op {
                ids.extend(segments.iter().filter_map(|segment| self.ids.remove(segment)));
            }
        }
        let mut ids = ids.into_iter();
        while let Some(id) = ids.next() {
            if self.current.as_ref().is_some_and(|current| current.id() == id) {
                self.current = None;
            }
            if let Err(why) = self.journal.remove(id) {
                let why: &dyn std::error::Error = &why;
                tracing::warn!(error = why, "delivered segments stay for now");
                // In their order: a mark must not go before what it is about.
                self.unforgotten = std::iter::once(id).chain(ids).collect();
                return;
            }
        }
    }
}

impl<D: Disk> Log for Writer<D> {
    fn run(&mut self, ops: Vec<Op>) -> Result<(), Error> {
        let written = self.write(&ops);
        if written.is_err() {
            self.current = None;
        }
        self.forget(&ops);
        written
    }

    fn sync_due(&self) -> Option<Instant> {
        self.current.as_ref()?.sync_due()
    }

    fn sync(&mut self) -> Result<(), Error> {
        let synced = self.current.as_mut().map_or(Ok(()), Segment::sync);
        if synced.is_err() {
            self.current = None;
        }
        synced
    }

    fn recover(&mut self) -> Result<Vec<RecoveredSegment>, Error> {
        let ids = self.journal.recovered();
        let read = ids.enumerate().map(|(number, id)| {
            self.ids.insert(number as u64, id);
            self.journal.read(id)
        });
        read.collect()
    }
}

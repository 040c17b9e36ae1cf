//! The bookkeeping of a stream's journal. No I/O.

use std::{
    collections::{BTreeSet, HashMap},
    mem,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use tokio::sync::{Notify, oneshot};

use super::{
    frame::{self, BufferHead},
    note::{Counted, Entry, Logged, Waiting},
    writer::Op,
};
use crate::ProcessingFailure;

/// A segment that has taken this many bytes takes no more, when several buffers share it.
const SEGMENT_BYTES: u64 = 64 << 20;

/// A frame of records that is not closed yet.
#[derive(Debug)]
struct Run {
    buffer: u64,
    arrival: DateTime<Utc>,
    next: u64,
    frame: Vec<u8>,
}

/// A buffer that is delivered, or a raw one whose results are filed; its segments do not go in one
/// step, or not at all for now.
#[derive(Debug)]
struct Mark {
    buffer: u64,
    segments: Vec<u64>,
    /// Segments with the results of a raw buffer: they hold only with the mark.
    results: Vec<u64>,
    /// The segment that the mark is in.
    at: u64,
    tell: Option<oneshot::Sender<()>>,
}

/// What the writer is to do next.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) ops: Vec<Op>,
    pub(crate) waiting: Vec<Waiting>,
    /// Told once the segments are forgotten.
    pub(crate) forgotten: Vec<oneshot::Sender<()>>,
    /// The last batch among the frames.
    pub(crate) through: u64,
}

/// The bookkeeping of a journal.
#[derive(Debug)]
pub(crate) struct Book {
    header: Arc<[u8]>,
    /// Whether records are written down, or only those forgotten that were found.
    pub(crate) writes: bool,
    wake: Arc<Notify>,
    ops: Vec<Op>,
    waiting: Vec<Waiting>,
    forgotten: Vec<oneshot::Sender<()>>,
    run: Option<Run>,
    /// Why the records of the frame before failed.
    failure: Option<Arc<ProcessingFailure>>,
    /// The segment that takes frames.
    current: Option<u64>,
    current_bytes: u64,
    next_segment: u64,
    next_buffer: u64,
    /// How many undelivered buffers and marks need a segment, and how many bytes it has.
    live: HashMap<u64, (u32, u64)>,
    /// Marks that are to be written, that are being written, and that could not be.
    marks: Vec<Mark>,
    marking: Vec<Mark>,
    unmarked: Vec<Mark>,
    /// What a function made of a raw buffer is being filed: by which attempt, in which segments.
    transform: Option<(u64, Vec<u64>)>,
    /// Segments with attempts that failed, by raw buffer. Some of it may be found again: then it
    /// must be known that a later attempt was settled.
    failed_attempts: HashMap<u64, Vec<u64>>,
    /// Segments with marks, and the segments until whose end they are needed.
    pins: Vec<(u64, BTreeSet<u64>)>,
    /// The number of the last batch that was taken in.
    batch: u64,
    /// The last batch that is committed.
    committed: u64,
}

impl Book {
    pub(crate) fn new(header: Arc<[u8]>, next_segment: u64, next_buffer: u64) -> Self {
        Self {
            header,
            writes: true,
            wake: Arc::default(),
            ops: Vec::new(),
            waiting: Vec::new(),
            forgotten: Vec::new(),
            run: None,
            failure: None,
            current: None,
            current_bytes: 0,
            next_segment,
            next_buffer,
            live: HashMap::new(),
            marks: Vec::new(),
            marking: Vec::new(),
            unmarked: Vec::new(),
            transform: None,
            failed_attempts: HashMap::new(),
            pins: Vec::new(),
            batch: 0,
            committed: 0,
        }
    }

    /// Wakes the writer.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// The last batch that is committed.
    pub(crate) fn committed(&self) -> u64 {
        self.committed
    }

    /// Bytes of all segments that hold undelivered records.
    pub(crate) fn bytes(&self) -> u64 {
        self.live.values().map(|(_, bytes)| bytes).sum()
    }

    /// From now on buffers belong to another destination.
    pub(crate) fn set_header(&mut self, header: Arc<[u8]>) {
        self.finish();
        self.header = header;
    }

    /// A number for a buffer that is opened.
    pub(crate) fn open_buffer(&mut self) -> Logged {
        let number = self.next_buffer;
        self.next_buffer += 1;
        Logged { number, ..Logged::default() }
    }

    /// Records of a buffer were found in these segments.
    pub(crate) fn found(&mut self, segments: &[u64], bytes: u64) {
        for segment in segments {
            let (buffers, held) = self.live.entry(*segment).or_default();
            *buffers += 1;
            *held += bytes;
        }
    }

    /// These segments say what is done of the others that were [found](Self::found).
    pub(crate) fn found_marks(&mut self, marks: &[u64]) {
        let found: BTreeSet<u64> = self.live.keys().copied().collect();
        for mark in marks {
            self.live.entry(*mark).or_default().0 += 1;
            // A mark is always behind what it is about.
            let until = found.range(..mark).copied();
            self.pins.push((*mark, until.collect()));
        }
    }

    /// Begins a batch.
    pub(crate) fn begin_batch(&mut self) {
        self.batch += 1;
    }

    /// Notes that a record is in a buffer; `head` says what buffer that is.
    pub(crate) fn note(
        &mut self,
        logged: &mut Logged,
        entry: &Entry<'_>,
        head: impl FnOnce(u64) -> BufferHead,
    ) {
        let segment = self.segment();
        if logged.segments.last() != Some(&segment) {
            self.close_run();
            logged.segments.push(segment);
            self.live.entry(segment).or_default().0 += 1;
            self.push(frame::opened(&head(logged.number)));
        }
        if logged.tail.back().is_none_or(|(batch, _)| *batch != self.batch) {
            while logged.tail.front().is_some_and(|(batch, _)| *batch <= self.committed) {
                logged.tail.pop_front();
            }
            logged.tail.push_back((self.batch, entry.before));
        }
        if self.failure.as_ref() != entry.failure {
            self.close_run();
            self.failure = entry.failure.cloned();
            self.push(frame::failure(entry.failure.map(AsRef::as_ref)));
        }
        self.add(logged.number, entry);
    }

    fn add(&mut self, buffer: u64, entry: &Entry<'_>) {
        let goes_on = |run: &Run| {
            run.buffer == buffer && run.arrival == entry.arrival && run.next == entry.number
        };
        if !self.run.as_ref().is_some_and(goes_on) {
            self.close_run();
        }
        let run = self.run.get_or_insert_with(|| Run {
            buffer,
            arrival: entry.arrival,
            next: entry.number,
            frame: frame::records(buffer, entry.arrival, entry.number),
        });
        frame::add(&mut run.frame, entry.data);
        run.next += 1;
    }

    /// Ends a batch; the answer comes when it is committed, or is not.
    pub(crate) fn end_batch(&mut self, counted: Counted) -> oneshot::Receiver<bool> {
        self.close_run();
        let (answer, answered) = oneshot::channel();
        self.waiting.push(Waiting { counted, answer });
        self.wake.notify_one();
        answered
    }

    /// A buffer is sealed; `alone` says that no other is open.
    pub(crate) fn sealed(&mut self, alone: bool) {
        if alone || self.current_bytes >= SEGMENT_BYTES {
            self.finish();
        }
    }

    /// A buffer is delivered, or has no records any more. The answer comes when it is forgotten,
    /// or when that could not be written down for now.
    pub(crate) fn settle(&mut self, logged: &Logged) -> oneshot::Receiver<()> {
        let (tell, told) = oneshot::channel();
        match logged.segments.as_slice() {
            [] | [_] => {
                self.let_go(&logged.segments, None);
                self.forgotten.push(tell);
            }
            // Segments go one after the other. What is left of a buffer when the power is cut in
            // between must not be taken for all of it: a mark says that it is delivered.
            segments => {
                let segments = segments.to_vec();
                let (buffer, results) = (logged.number, Vec::new());
                let mark = Mark { buffer, segments, results, at: 0, tell: Some(tell) };
                self.mark(mark, frame::delivered(buffer));
            }
        }
        self.wake.notify_one();
        told
    }

    /// Writes down that a buffer is done.
    fn mark(&mut self, mark: Mark, frame: Vec<u8>) {
        let at = self.segment();
        self.close_run();
        self.live.entry(at).or_default().0 += 1;
        self.push(frame);
        self.marks.push(Mark { at, ..mark });
    }

    /// Begins to file what a function made of a raw buffer, as a batch of its own. Until it is
    /// [ended](Self::end_transform), nothing else comes in.
    pub(crate) fn begin_transform(&mut self) {
        self.batch += 1;
        self.close_run();
        // Attempts are numbered with the buffers, so that no two ever have the same.
        let Logged { number: attempt, .. } = self.open_buffer();
        let mut segments = Vec::new();
        if let Some(current) = self.current {
            self.push(frame::transforming(attempt));
            segments.push(current);
        }
        self.transform = Some((attempt, segments));
    }

    /// Ends it, and with it the raw buffer; the answer comes when both are committed, or are not.
    /// Then the raw buffer is as it was.
    pub(crate) fn end_transform(
        &mut self,
        raw: &Logged,
        counted: Counted,
    ) -> oneshot::Receiver<bool> {
        // A segment that is begun only for the mark belongs to the results.
        self.segment();
        let (attempt, mut results) = self.transform.take().unwrap_or_default();
        self.close_run();
        self.push(frame::transformed());
        results.extend(self.failed_attempts.remove(&raw.number).unwrap_or_default());
        let (buffer, segments) = (raw.number, raw.segments.clone());
        let mark = Mark { buffer, segments, results, at: 0, tell: None };
        self.mark(mark, frame::settled(buffer, attempt));
        self.end_batch(counted)
    }

    /// A buffer needs these segments no more. Those that nothing needs are forgotten, in order;
    /// the segment of the buffer's mark, if there is one, is kept until the last of them is gone.
    fn let_go(&mut self, segments: &[u64], mark: Option<(u64, &[u64])>) {
        let mut gone: Vec<u64> = segments.iter().copied().filter(|s| self.release(*s)).collect();
        if let Some((at, results)) = mark {
            let all = segments.iter().chain(results).copied();
            let until = all.filter(|s| self.live.contains_key(s) && *s != at);
            self.pins.push((at, until.collect()));
            // The mark's own segment goes last.
            gone.sort_by_key(|segment| *segment == at);
        }
        let mut done = 0;
        while let Some(removed) = gone.get(done).copied() {
            done += 1;
            for (_, until) in &mut self.pins {
                until.remove(&removed);
            }
        }
        while let Some(free) = self.pins.iter().position(|(_, until)| until.is_empty()) {
            let (at, _) = self.pins.swap_remove(free);
            if self.release(at) {
                for (_, until) in &mut self.pins {
                    until.remove(&at);
                }
                gone.push(at);
            }
        }
        self.ops.push(Op::Forget(gone));
    }

    /// One thing less needs this segment; whether nothing does any more.
    fn release(&mut self, segment: u64) -> bool {
        let Some((needed, _)) = self.live.get_mut(&segment) else { return false };
        *needed = needed.saturating_sub(1);
        if *needed > 0 {
            return false;
        }
        self.live.remove(&segment);
        if self.current == Some(segment) {
            self.finish();
        }
        true
    }

    /// Drops everything.
    pub(crate) fn discard(&mut self) {
        self.run = None;
        self.finish();
        (self.marks, self.marking, self.unmarked) = Default::default();
        self.pins.clear();
        self.failed_attempts.clear();
        let all = self.live.drain().map(|(segment, _)| segment).collect();
        self.ops.push(Op::Forget(all));
        self.wake.notify_one();
    }

    /// Whether there is nothing left to do, now and later, once the stream takes nothing more.
    pub(crate) fn is_done(&self) -> bool {
        self.ops.is_empty() && self.waiting.is_empty() && self.live.is_empty()
    }

    /// What is to be done; the frames in it are on their way from now on.
    pub(crate) fn take(&mut self) -> Option<Written> {
        if self.ops.is_empty() && self.waiting.is_empty() {
            return None;
        }
        self.marking.append(&mut self.marks);
        Some(Written {
            ops: mem::take(&mut self.ops),
            waiting: mem::take(&mut self.waiting),
            forgotten: mem::take(&mut self.forgotten),
            through: self.batch,
        })
    }

    /// Everything through this batch is committed.
    pub(crate) fn commit(&mut self, through: u64) {
        self.committed = through;
        for mark in mem::take(&mut self.marking) {
            self.let_go(&mark.segments, Some((mark.at, &mark.results)));
            self.forgotten.extend(mark.tell);
        }
    }

    /// Nothing behind the last commit is kept: answers with the batches that came after those
    /// that the writer failed at, which fail with them. The buffers are to be [cut](Logged::cut).
    pub(crate) fn fail(&mut self) -> Vec<Waiting> {
        self.run = None;
        self.current = None;
        self.failure = None;
        self.transform = None;
        self.ops.retain(|op| matches!(op, Op::Forget(_)));
        let marks: Vec<Mark> = self.marking.drain(..).chain(self.marks.drain(..)).collect();
        for mark in marks {
            self.let_go(&[mark.at], None);
            // Results that could not be filed are filed again, with a mark of their own.
            match mark.results.is_empty() {
                // Nobody waits for the next attempt.
                true => self.unmarked.push(Mark { tell: None, ..mark }),
                false => self.failed_attempts.entry(mark.buffer).or_default().extend(mark.results),
            }
        }
        mem::take(&mut self.waiting)
    }

    /// After [`fail`](Self::fail) and the cuts: what comes is behind what failed.
    pub(crate) fn go_on(&mut self) {
        self.committed = self.batch;
    }

    fn segment(&mut self) -> u64 {
        if let Some(current) = self.current {
            return current;
        }
        let segment = self.next_segment;
        self.next_segment += 1;
        self.ops.push(Op::Begin { segment, header: Arc::clone(&self.header) });
        (self.current, self.current_bytes, self.failure) = (Some(segment), 0, None);
        if let Some((attempt, segments)) = &mut self.transform {
            segments.push(segment);
            let frame = frame::transforming(*attempt);
            self.push(frame);
        }
        for mark in mem::take(&mut self.unmarked) {
            let frame = frame::delivered(mark.buffer);
            self.mark(mark, frame);
        }
        segment
    }

    fn finish(&mut self) {
        self.close_run();
        if self.current.take().is_some() {
            self.ops.push(Op::Finish);
        }
    }

    fn close_run(&mut self) {
        if let Some(run) = self.run.take() {
            self.push(run.frame);
        }
    }

    fn push(&mut self, frame: Vec<u8>) {
        let bytes = frame.len() as u64;
        self.current_bytes += bytes;
        if let Some((_, held)) = self.current.and_then(|current| self.live.get_mut(&current)) {
            *held += bytes;
        }
        self.ops.push(Op::Frame(frame));
    }
}

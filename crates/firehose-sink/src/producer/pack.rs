//! Several documents of the sender in one record of the stream.
//!
//! Firehose bills each record rounded up to 5 KB, and splits JSON documents that stand one after
//! the other into rows by itself. A pack is refused, delivered and sent again as one; its documents
//! keep their numbers and receipts, and come out of it again when it is not delivered.

use std::mem;

use bytes::Bytes;

use super::{
    answers::Ticket,
    batch::{Entry, Meta},
};
use crate::Record;

/// What the producer keeps for a document in a pack beside its data: where it ends, and its receipt.
pub(super) const DOCUMENT_OVERHEAD_BYTES: usize = 24;

/// The documents in one record, at least two.
#[derive(Debug)]
pub(super) struct Documents {
    /// Where each of them ends.
    ends: Vec<usize>,
    /// Their receipts; empty when none has one.
    tickets: Vec<Option<Ticket>>,
    /// What they count against `buffer_bytes` together.
    cost: usize,
}

impl Documents {
    pub(super) fn count(&self) -> u64 {
        self.ends.len() as u64
    }

    pub(super) fn cost(&self) -> usize {
        self.cost
    }

    pub(super) fn tickets(&self) -> impl Iterator<Item = Ticket> {
        self.tickets.iter().copied().flatten()
    }

    /// The documents of `record`, each with its receipt.
    pub(super) fn of<'a>(
        &'a self,
        record: &'a Record,
    ) -> impl Iterator<Item = (Record, Option<Ticket>)> + 'a {
        let mut start = 0;
        self.ends.iter().enumerate().map(move |(index, &end)| {
            let document = Record::new(record.data().slice(start..end));
            start = end;
            (document, self.tickets.get(index).copied().flatten())
        })
    }
}

/// A pack that is being filled.
#[derive(Debug)]
pub(super) struct OpenPack {
    data: Vec<u8>,
    documents: Documents,
    number: u64,
}

impl OpenPack {
    /// An empty one whose first document will have this number.
    pub(super) fn new(number: u64, most: usize) -> Self {
        let documents = Documents { ends: Vec::new(), tickets: Vec::new(), cost: 0 };
        Self { data: Vec::with_capacity(most), documents, number }
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn len(&self) -> usize {
        self.data.len()
    }

    pub(super) fn push(&mut self, document: &Record, ticket: Option<Ticket>, cost: usize) {
        let Documents { ends, tickets, cost: sum } = &mut self.documents;
        if ticket.is_some() || !tickets.is_empty() {
            tickets.resize(ends.len(), None);
            tickets.push(ticket);
        }
        self.data.extend_from_slice(document.data());
        ends.push(self.data.len());
        *sum += cost;
    }

    /// The record for the stream. One document alone is no pack.
    pub(super) fn close(mut self) -> Entry {
        // What was not filled would be memory that nobody counts.
        if self.data.capacity() - self.data.len() > self.data.capacity() / 8 {
            self.data.shrink_to_fit();
        }
        let record = Record::new(Bytes::from(mem::take(&mut self.data)));
        let Self { mut documents, number, .. } = self;
        let (ticket, documents) = match documents.ends.len() {
            0 | 1 => (documents.tickets.pop().flatten(), None),
            _ => {
                documents.ends.shrink_to_fit();
                (None, Some(Box::new(documents)))
            }
        };
        Entry { record, meta: Meta { ticket, number, past: None, documents } }
    }
}

impl Entry {
    /// A pack as single entries again, to find the one to blame.
    pub(super) fn unpacked(self) -> Vec<Self> {
        let Self { record, meta } = self;
        let Some(documents) = &meta.documents else { return vec![Self { record, meta }] };
        let entries = documents.of(&record).zip(meta.number..).map(|((record, ticket), number)| {
            let past = meta.past.clone();
            Self { record, meta: Meta { ticket, number, past, documents: None } }
        });
        entries.collect()
    }
}

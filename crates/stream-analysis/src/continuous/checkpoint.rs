//! The state of a query as bytes, and back: what it is, where the caller stands, open windows,
//! forest.
//!
//! Keys and rows are Arrow IPC, so that they outlive a change of how they are held in memory; a
//! checksum stands at the end.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;

use super::QueryError;
use super::aggregator::{Aggregator, Store, StreamCounts};
use super::bytes::{Reader, write_block, write_i64, write_u64};
use super::state::GroupState;

/// The format; another number is another format.
const MAGIC: &[u8; 8] = b"STREAMQ1";
const SUM_BYTES: usize = 4;
/// Columns of the table of states, before those of the keys.
const STATE_COLUMNS: usize = 3;

/// What a checkpoint is made of.
pub(super) struct Parts<'a> {
    pub(super) query: &'a str,
    pub(super) position: &'a [u8],
    pub(super) input: &'a SchemaRef,
    pub(super) forest: Option<&'a [u8]>,
    pub(super) aggregator: &'a Aggregator,
}

/// A checkpoint that was read.
pub(super) struct State<'a> {
    pub(super) query: &'a str,
    pub(super) position: &'a [u8],
    pub(super) input: SchemaRef,
    pub(super) forest: Option<&'a [u8]>,
    pub(super) windows: Windows<'a>,
}

/// The windows in it.
pub(super) struct Windows<'a> {
    latest: Option<i64>,
    closed: i64,
    counts: StreamCounts,
    states: &'a [u8],
    /// Start of a pane, or number of a session, and the rows kept for it.
    kept: Vec<(i64, &'a [u8])>,
}

pub(super) fn write(parts: &Parts<'_>) -> Result<Vec<u8>, QueryError> {
    let aggregator = parts.aggregator;
    let mut out = MAGIC.to_vec();
    write_block(&mut out, parts.query.as_bytes());
    write_block(&mut out, parts.position);
    write_block(&mut out, &to_ipc(parts.input, &[])?);
    out.push(u8::from(parts.forest.is_some()));
    write_block(&mut out, parts.forest.unwrap_or_default());
    out.push(u8::from(aggregator.latest.is_some()));
    write_i64(&mut out, aggregator.latest.unwrap_or_default());
    write_i64(&mut out, aggregator.closed);
    let StreamCounts { rows, untimed, late, partly_late, windows } = aggregator.counts;
    [rows, untimed, late, partly_late, windows].iter().for_each(|n| write_u64(&mut out, *n));
    let (states, kept) = tables(aggregator)?;
    write_block(&mut out, &to_ipc(&states.schema(), std::slice::from_ref(&states))?);
    write_u64(&mut out, kept.len() as u64);
    for (place, batches) in kept {
        write_i64(&mut out, place);
        write_block(&mut out, &to_ipc(&aggregator.schema, batches)?);
    }
    let sum = crc32fast::hash(&out);
    out.extend_from_slice(&sum.to_le_bytes());
    Ok(out)
}

pub(super) fn read(bytes: &[u8]) -> Result<State<'_>, QueryError> {
    let damaged = || QueryError::checkpoint("it is damaged; without it the query starts anew");
    if bytes.get(..MAGIC.len()) != Some(MAGIC) {
        return Err(QueryError::checkpoint(
            "it is no checkpoint of a continuous query, or of another version of this program",
        ));
    }
    let split = bytes.len().checked_sub(SUM_BYTES).filter(|end| *end >= MAGIC.len());
    let (body, sum) = bytes.split_at(split.ok_or_else(damaged)?);
    if crc32fast::hash(body).to_le_bytes() != *sum {
        return Err(damaged());
    }
    let mut reader = Reader(&body[MAGIC.len()..]);
    let state = read_body(&mut reader).ok_or_else(damaged)?;
    if reader.0.is_empty() { Ok(state) } else { Err(damaged()) }
}

fn read_body<'a>(reader: &mut Reader<'a>) -> Option<State<'a>> {
    let query = std::str::from_utf8(reader.block()?).ok()?;
    let position = reader.block()?;
    let input = read_ipc(reader.block()?).ok()?.0;
    let forest = (reader.u8()? == 1, reader.block()?);
    let latest = (reader.u8()? == 1, reader.i64()?);
    let closed = reader.i64()?;
    let counts = StreamCounts {
        rows: reader.u64()?,
        untimed: reader.u64()?,
        late: reader.u64()?,
        partly_late: reader.u64()?,
        windows: reader.u64()?,
    };
    let states = reader.block()?;
    let places = reader.u64()?;
    let kept = (0..places).map(|_| Some((reader.i64()?, reader.block()?)));
    let kept = kept.collect::<Option<_>>()?;
    let windows = Windows { latest: latest.0.then_some(latest.1), closed, counts, states, kept };
    Some(State { query, position, input, forest: forest.0.then_some(forest.1), windows })
}

impl Windows<'_> {
    /// Puts everything into an aggregator that has seen nothing.
    pub(super) fn restore(self, aggregator: &mut Aggregator) -> Result<(), QueryError> {
        let damaged = || QueryError::checkpoint("its windows are damaged");
        let table = from_ipc(self.states)?.into_iter().next().ok_or_else(damaged)?;
        let states = read_states(&table, aggregator).ok_or_else(damaged)?;
        let mut kept = std::collections::HashMap::new();
        for (place, ipc) in self.kept {
            kept.insert(place, from_ipc(ipc)?);
        }
        match &mut aggregator.store {
            Store::Panes(panes) => {
                for (start, _, key, state) in states {
                    let rows = kept.remove(&start).unwrap_or_default();
                    panes.restore(start, vec![(key, state)], rows);
                }
            }
            Store::Sessions(sessions) => {
                for (number, (start, end, key, state)) in (0..).zip(states) {
                    let rows = kept.remove(&number).unwrap_or_default();
                    sessions.restore(key, (start, end), state, rows);
                }
            }
        }
        aggregator.latest = self.latest;
        aggregator.closed = self.closed;
        aggregator.counts = self.counts;
        aggregator.restored();
        Ok(())
    }
}

type Group = (i64, i64, Box<[u8]>, GroupState);

fn read_states(table: &RecordBatch, aggregator: &Aggregator) -> Option<Vec<Group>> {
    let times = |at: usize| table.columns().get(at)?.as_primitive_opt::<Int64Type>();
    let (starts, ends) = (times(0)?, times(1)?);
    let states = table.columns().get(2)?.as_binary_opt::<i32>()?;
    let keys = aggregator.keys.of_arrays(table.columns().get(STATE_COLUMNS..)?).ok()?;
    let group = |row: usize| {
        let mut reader = Reader(states.value(row));
        let state = GroupState::read(&mut reader, &aggregator.values)?;
        Some((starts.value(row), ends.value(row), keys.get(row).into(), state))
    };
    (0..table.num_rows()).map(group).collect()
}

type KeptRows<'a> = Vec<(i64, &'a [RecordBatch])>;

/// All groups as one table, and the rows that are kept, by place.
fn tables(aggregator: &Aggregator) -> Result<(RecordBatch, KeptRows<'_>), QueryError> {
    let mut groups: Vec<(i64, i64, &[u8], &GroupState)> = Vec::new();
    let mut kept: KeptRows<'_> = Vec::new();
    match &aggregator.store {
        Store::Panes(panes) => {
            for (start, pane) in panes.iter() {
                groups.extend(pane.groups.iter().map(|(key, state)| (start, start, &**key, state)));
                kept.push((start, &pane.kept.batches));
            }
        }
        Store::Sessions(sessions) => {
            for (number, session) in (0..).zip(sessions.iter()) {
                groups.push((session.start, session.end, &session.key, &session.state));
                kept.push((number, &session.kept.batches));
            }
        }
    }
    kept.retain(|(_, batches)| !batches.is_empty());
    let mut written = Vec::new();
    let states = groups.iter().map(|(_, _, _, state)| {
        written.clear();
        state.write(&mut written);
        Some(written.clone())
    });
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(groups.iter().map(|group| group.0))),
        Arc::new(Int64Array::from_iter_values(groups.iter().map(|group| group.1))),
        Arc::new(states.collect::<BinaryArray>()),
    ];
    let keys: Vec<&[u8]> = groups.iter().map(|group| group.2).collect();
    columns.extend(aggregator.keys.arrays(&keys)?);
    let mut fields = vec![
        Field::new("start", DataType::Int64, false),
        Field::new("end", DataType::Int64, false),
        Field::new("state", DataType::Binary, false),
    ];
    fields.extend(aggregator.keys.fields().iter().cloned());
    Ok((RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?, kept))
}

fn to_ipc(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<u8>, QueryError> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.finish()?;
    Ok(writer.into_inner()?)
}

fn from_ipc(bytes: &[u8]) -> Result<Vec<RecordBatch>, QueryError> {
    Ok(read_ipc(bytes)?.1)
}

/// Arrow's reader panics on some bytes that are no IPC.
fn read_ipc(bytes: &[u8]) -> Result<(SchemaRef, Vec<RecordBatch>), QueryError> {
    let read = std::panic::catch_unwind(|| {
        let reader = StreamReader::try_new(bytes, None)?;
        let schema = reader.schema();
        let batches = reader.collect::<Result<_, _>>()?;
        Ok::<_, QueryError>((schema, batches))
    });
    read.unwrap_or_else(|_| Err(QueryError::checkpoint("its tables are damaged")))
}

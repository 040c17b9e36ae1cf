//! Record batches out of JSON records.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, TimestampMillisecondArray, UInt32Array};
use arrow::compute::{SortColumn, lexsort_to_indices, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use stream_analysis::continuous::JsonRecords;

use super::shards::StreamRecord;

/// The column that says when a data stream took a record.
pub(super) const ARRIVAL: &str = "approximate_arrival_timestamp";

/// UTC, as Arrow writes it without a database of zones.
const UTC: &str = "+00:00";

/// Records that tell the columns, where nobody names them.
const TELLING: usize = 1_000;

/// Makes batches of records; the first records tell the columns.
#[derive(Debug)]
pub(super) struct Decoder {
    json: Option<JsonRecords>,
    has_arrival: bool,
    /// Column with the rows' time, by which the rows of one batch are put in order.
    in_order_of: Option<String>,
    /// Bad records before the columns were known.
    bad: u64,
}

impl Decoder {
    pub(super) fn new(schema: Option<&Schema>, has_arrival: bool) -> Self {
        Self { json: schema.map(JsonRecords::new), has_arrival, in_order_of: None, bad: 0 }
    }

    /// Puts rows that come together in the order of this column: shards are read side by side, and
    /// the rows of one are not to make those of another late.
    pub(super) fn in_order_of(mut self, time: &str) -> Self {
        self.in_order_of = Some(time.to_owned());
        self
    }

    /// Goes on with the columns of an earlier run.
    pub(super) fn resume(&mut self, schema: &Schema) {
        let fields = schema.fields().iter().filter(|f| !self.has_arrival || f.name() != ARRIVAL);
        let fields: Vec<_> = fields.map(Arc::clone).collect();
        self.json = Some(JsonRecords::new(&Schema::new(fields)));
    }

    /// Records that were no JSON objects, or did not fit the columns.
    pub(super) fn bad(&self) -> u64 {
        self.bad + self.json.as_ref().map_or(0, JsonRecords::bad)
    }

    /// None while no record has told the columns.
    pub(super) fn decode(
        &mut self,
        records: &[StreamRecord],
    ) -> anyhow::Result<Option<RecordBatch>> {
        let bytes = || records.iter().map(|record| &*record.data);
        let json = match &mut self.json {
            Some(json) => json,
            None => {
                let schema = JsonRecords::infer(bytes().take(TELLING))?;
                if schema.fields().is_empty() {
                    self.bad += records.len() as u64;
                    return Ok(None);
                }
                self.json.insert(JsonRecords::new(&schema))
            }
        };
        let (batch, origins) = json.decode_with_origins(bytes())?;
        if !self.has_arrival {
            return Ok(Some(batch));
        }
        let arrivals = origins.iter().filter_map(|origin| Some(records.get(*origin)?.arrival));
        let arrivals = TimestampMillisecondArray::from_iter_values(arrivals).with_timezone(UTC);
        let arrival =
            Field::new(ARRIVAL, DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())), true);
        let batch = with_column(&batch, arrival, Arc::new(arrivals))?;
        match &self.in_order_of {
            Some(time) => in_order(batch, time).map(Some),
            None => Ok(Some(batch)),
        }
    }
}

/// The rows in order of a column, those of the same time as they came. A column that is not there
/// is told by the query.
fn in_order(batch: RecordBatch, time: &str) -> anyhow::Result<RecordBatch> {
    let Some(times) = batch.column_by_name(time) else { return Ok(batch) };
    if times.data_type().is_nested() {
        return Ok(batch);
    }
    let came: ArrayRef = Arc::new(UInt32Array::from_iter_values((0..).take(batch.num_rows())));
    let column = |values: &ArrayRef| SortColumn { values: Arc::clone(values), options: None };
    let order = lexsort_to_indices(&[column(times), column(&came)], None)?;
    Ok(take_record_batch(&batch, &order)?)
}

fn with_column(batch: &RecordBatch, field: Field, column: ArrayRef) -> anyhow::Result<RecordBatch> {
    let schema = batch.schema_ref();
    anyhow::ensure!(
        schema.column_with_name(field.name()).is_none(),
        "the records have a member `{}`, which is the name of the time of arrival; name the columns by --schema without it",
        field.name()
    );
    anyhow::ensure!(column.len() == batch.num_rows(), "a row has no record");
    let fields: Vec<_> = schema.fields().iter().map(Arc::clone).chain([Arc::new(field)]).collect();
    let schema: SchemaRef = Arc::new(Schema::new(fields));
    let columns = batch.columns().iter().map(Arc::clone).chain([column]).collect();
    Ok(RecordBatch::try_new(schema, columns)?)
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;
    use arrow::datatypes::Int64Type;

    use super::*;

    fn record(text: &'static str, arrival: i64) -> StreamRecord {
        StreamRecord::new(bytes::Bytes::from_static(text.as_bytes()), arrival, "1")
    }

    #[test]
    fn the_first_records_tell_the_columns_and_arrivals_stay_with_their_rows() {
        let mut decoder = Decoder::new(None, true);
        assert!(decoder.decode(&[record("broken", 1)]).unwrap().is_none());
        let records = [record("[]", 2), record(r#"{"a":1}{"a":2}"#, 3), record(r#"{"a":3}"#, 4)];
        let batch = decoder.decode(&records).unwrap().unwrap();
        assert_eq!((batch.num_rows(), decoder.bad()), (3, 2));
        let arrivals = batch.column_by_name(ARRIVAL).unwrap();
        let expected = TimestampMillisecondArray::from(vec![3, 3, 4]).with_timezone(UTC);
        assert_eq!(arrivals.to_data(), expected.to_data());

        let mut again = Decoder::new(None, true);
        again.resume(batch.schema_ref());
        let later = again.decode(&[record(r#"{"b":1}"#, 5)]).unwrap().unwrap();
        assert_eq!(later.schema().fields().len(), 2);
    }

    #[test]
    fn rows_that_come_together_stand_in_order_of_their_time() {
        let mut decoder = Decoder::new(None, true).in_order_of("t");
        let records =
            [(r#"{"t":5,"n":1}"#, 1), (r#"{"t":3,"n":2}{"n":3}"#, 2), (r#"{"t":3,"n":4}"#, 3)];
        let batch = decoder.decode(&records.map(|(text, at)| record(text, at))).unwrap().unwrap();
        let numbers = batch.column_by_name("n").unwrap().as_primitive::<Int64Type>();
        assert_eq!(numbers.values(), &[3, 2, 4, 1], "without a time first");
        let mut unknown = Decoder::new(None, true).in_order_of("time");
        assert_eq!(unknown.decode(&[record("{\"a\":1}", 1)]).unwrap().unwrap().num_rows(), 1);
    }

    #[test]
    fn a_member_of_the_arrivals_name_is_refused() {
        let mut decoder = Decoder::new(None, true);
        let error = decoder.decode(&[record(r#"{"approximate_arrival_timestamp":1}"#, 1)]);
        assert!(error.unwrap_err().to_string().contains("--schema"));
    }
}

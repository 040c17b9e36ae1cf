//! One way to reach a column, whatever Arrow type it has.
//!
//! A [`Column`] is found once, by name, and then read out of one batch after another: as plain
//! values (dictionaries and run-ends unpacked), as `f64` numbers, or as text labels. It decides
//! nothing about statistics.

use std::fmt;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringViewArray};
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Float64Type, Schema, TimeUnit};

use crate::Error;

/// What the values of a column are to an analyst, whatever Arrow type holds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ColumnKind {
    /// Integers, floats and decimals.
    Number,
    /// True and false.
    Boolean,
    /// UTF-8 text of any layout.
    Text,
    /// Dates, times of day, timestamps and durations.
    Time,
    /// Anything else (binary, lists, structs, maps, intervals, unions, the null type): counted,
    /// not summarised.
    Other,
}

impl ColumnKind {
    /// The kind of a column of this type; a dictionary or run-end column is what its values are.
    ///
    /// ```
    /// use arrow::datatypes::DataType;
    /// use stream_analysis::ColumnKind;
    ///
    /// let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    /// assert_eq!(ColumnKind::of(&dictionary), ColumnKind::Text);
    /// assert_eq!(ColumnKind::of(&DataType::Decimal128(10, 2)), ColumnKind::Number);
    /// ```
    #[must_use]
    pub fn of(data_type: &DataType) -> Self {
        match plain(data_type) {
            DataType::Boolean => Self::Boolean,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Self::Text,
            DataType::Date32
            | DataType::Date64
            | DataType::Time32(_)
            | DataType::Time64(_)
            | DataType::Timestamp(_, _)
            | DataType::Duration(_) => Self::Time,
            plain if plain.is_numeric() => Self::Number,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Text => "text",
            Self::Time => "time",
            Self::Other => "other",
        })
    }
}

/// Names of the columns that hold numbers, in the order of the schema.
///
/// ```
/// use arrow::datatypes::{DataType, Field, Schema};
///
/// let schema = Schema::new(vec![
///     Field::new("favoritecaptain", DataType::Utf8, true),
///     Field::new("rating", DataType::Int32, true),
/// ]);
/// assert_eq!(stream_analysis::numeric_columns(&schema), ["rating"]);
/// ```
#[must_use]
pub fn numeric_columns(schema: &Schema) -> Vec<&str> {
    let numeric = schema.fields().iter().filter(|f| Column::kind_of(f.data_type()).is_number());
    numeric.map(|field| field.name().as_str()).collect()
}

/// A column of a schema, ready to be read out of batches that have the same schema.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    index: usize,
    name: String,
    data_type: DataType,
}

impl Column {
    /// The first column of this name.
    pub(crate) fn find(schema: &Schema, name: &str) -> Result<Self, Error> {
        match schema.fields().iter().position(|field| field.name() == name) {
            Some(index) => Ok(Self {
                index,
                name: name.to_owned(),
                data_type: schema.field(index).data_type().clone(),
            }),
            None => Err(Error::UnknownColumn {
                column: name.to_owned(),
                known: schema.fields().iter().map(|field| field.name().clone()).collect(),
            }),
        }
    }

    /// The first column of this name, if it holds numbers.
    pub(crate) fn find_numeric(schema: &Schema, name: &str) -> Result<Self, Error> {
        let column = Self::find(schema, name)?;
        if column.kind().is_number() {
            return Ok(column);
        }
        Err(Error::NotNumeric {
            column: column.name,
            data_type: column.data_type,
            numeric: numeric_columns(schema).into_iter().map(str::to_owned).collect(),
        })
    }

    /// The first column of this name, if rows can be grouped by it.
    pub(crate) fn find_label(schema: &Schema, name: &str) -> Result<Self, Error> {
        let column = Self::find(schema, name)?;
        if column.kind() == ColumnKind::Other {
            return Err(Error::NotGroupable { column: column.name, data_type: column.data_type });
        }
        Ok(column)
    }

    /// The first column of this name, if it can tell a time: dates and timestamps, or numbers as
    /// seconds since 1970.
    pub(crate) fn find_time(schema: &Schema, name: &str) -> Result<Self, Error> {
        let column = Self::find(schema, name)?;
        let dated = matches!(
            plain(&column.data_type),
            DataType::Date32 | DataType::Date64 | DataType::Timestamp(_, _)
        );
        if column.kind().is_number() || dated {
            return Ok(column);
        }
        Err(Error::NotTime { column: column.name, data_type: column.data_type })
    }

    /// Every column, in order. Two columns may bear one name.
    pub(crate) fn all(schema: &Schema) -> Vec<Self> {
        let describe = |(index, field): (usize, &std::sync::Arc<arrow::datatypes::Field>)| Self {
            index,
            name: field.name().clone(),
            data_type: field.data_type().clone(),
        };
        schema.fields().iter().enumerate().map(describe).collect()
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn data_type(&self) -> &DataType {
        &self.data_type
    }

    /// The kind, or `Other` where Arrow cannot unpack the column.
    pub(crate) fn kind(&self) -> ColumnKind {
        Self::kind_of(&self.data_type)
    }

    /// The values as they are, after a check that the batch still has this column in its place.
    pub(crate) fn raw<'a>(&self, batch: &'a RecordBatch) -> Result<&'a ArrayRef, Error> {
        let changed = |found: String| Error::SchemaChanged {
            column: self.name.clone(),
            expected: self.data_type.clone(),
            found,
        };
        let schema = batch.schema_ref();
        let Some(field) = schema.fields().get(self.index) else {
            return Err(changed("missing".to_owned()));
        };
        if field.name() != &self.name {
            return Err(changed(format!("column `{}`", field.name())));
        }
        if field.data_type() != &self.data_type {
            return Err(changed(field.data_type().to_string()));
        }
        Ok(batch.column(self.index))
    }

    /// The values without dictionary or run-ends.
    pub(crate) fn plain(&self, batch: &RecordBatch) -> Result<ArrayRef, Error> {
        self.cast(self.raw(batch)?, plain(&self.data_type))
    }

    /// The numbers as `f64`. Integers beyond 2^53 and long decimals are rounded to the nearest.
    pub(crate) fn numbers(&self, batch: &RecordBatch) -> Result<Float64Array, Error> {
        let numbers = self.cast(&self.plain(batch)?, &DataType::Float64)?;
        Ok(numbers.as_primitive::<Float64Type>().clone())
    }

    /// The times of a column that [`find_time`](Self::find_time) found, in seconds since 1970.
    pub(crate) fn epoch_seconds(&self, batch: &RecordBatch) -> Result<Float64Array, Error> {
        let values = self.plain(batch)?;
        let values = match values.data_type() {
            DataType::Date32 | DataType::Date64 => {
                self.cast(&values, &DataType::Timestamp(TimeUnit::Second, None))?
            }
            _ => values,
        };
        let per_second = match values.data_type() {
            DataType::Timestamp(TimeUnit::Millisecond, _) => 1e3,
            DataType::Timestamp(TimeUnit::Microsecond, _) => 1e6,
            DataType::Timestamp(TimeUnit::Nanosecond, _) => 1e9,
            _ => 1.0,
        };
        let ticks = match values.data_type() {
            DataType::Timestamp(_, _) => self.cast(&values, &DataType::Int64)?,
            _ => values,
        };
        let numbers = self.cast(&ticks, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        Ok(numbers.unary(|tick| tick / per_second))
    }

    /// The values as text; for a column of text, the text itself.
    ///
    /// Timestamps with a zone are written in UTC: a named zone needs a database that this crate
    /// does not carry.
    pub(crate) fn labels(&self, batch: &RecordBatch) -> Result<StringViewArray, Error> {
        let mut values = self.plain(batch)?;
        if let DataType::Timestamp(unit, Some(_)) = values.data_type() {
            let utc = DataType::Timestamp(*unit, Some("+00:00".into()));
            values = self.cast(&values, &utc)?;
        }
        if self.kind() != ColumnKind::Text {
            values = self.cast(&values, &DataType::Utf8)?;
        }
        Ok(self.cast(&values, &DataType::Utf8View)?.as_string_view().clone())
    }

    pub(crate) fn cast(&self, array: &ArrayRef, to: &DataType) -> Result<ArrayRef, Error> {
        if array.data_type() == to {
            return Ok(ArrayRef::clone(array));
        }
        cast(array, to).map_err(|source| Error::Convert {
            column: self.name.clone(),
            to: to.clone(),
            source,
        })
    }

    fn kind_of(data_type: &DataType) -> ColumnKind {
        let plain = plain(data_type);
        if plain != data_type && !can_cast_types(data_type, plain) {
            return ColumnKind::Other;
        }
        ColumnKind::of(data_type)
    }
}

impl ColumnKind {
    fn is_number(self) -> bool {
        self == Self::Number
    }
}

/// The type of the values inside a dictionary or a run-end column.
pub(crate) fn plain(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain(values),
        DataType::RunEndEncoded(_, values) => plain(values.data_type()),
        _ => data_type,
    }
}

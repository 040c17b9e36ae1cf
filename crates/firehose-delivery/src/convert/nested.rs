//! Arrays, maps and structs as they grow.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use arrow::{
    array::{ArrayRef, ListArray, MapArray, StructArray},
    buffer::{NullBuffer, OffsetBuffer, ScalarBuffer},
    datatypes::{DataType, FieldRef, Fields},
    error::ArrowError,
};

use super::{
    coerce::{Misfit, class_of},
    column::{Column, Text, Value},
    dialect::{Dialect, Kind},
    keys::Keys,
    node::Node,
};
use crate::{GlueType, schema::arrow_type};

/// The values of a nested column since the last batch.
#[derive(Debug)]
pub(super) enum Nested {
    Array { field: FieldRef, ends: Vec<i32>, items: Column },
    Map { field: FieldRef, ends: Vec<i32>, keys: Column, values: Column, lowers_keys: bool },
    Struct { fields: Fields, rows: usize, members: Vec<Column>, keys: Keys },
}

impl Nested {
    /// A column of this type; none for one that is not nested.
    pub(super) fn new(glue_type: &GlueType, dialect: &Dialect) -> Option<Self> {
        match (glue_type, arrow_type(glue_type)) {
            (GlueType::Array(item), DataType::List(field)) => {
                Some(Self::Array { field, ends: Vec::new(), items: Column::new(item, dialect) })
            }
            (GlueType::Map(key, value), DataType::Map(field, _)) => Some(Self::Map {
                field,
                ends: Vec::new(),
                keys: Column::new(key, &dialect.of_map_keys()),
                values: Column::new(value, dialect),
                lowers_keys: dialect.lowers_keys(),
            }),
            (GlueType::Struct(members), DataType::Struct(fields)) => Some(Self::Struct {
                fields,
                rows: 0,
                keys: Keys::new(members.iter().map(|(name, _)| name.as_str()), dialect.keys),
                members: members.iter().map(|(_, member)| Column::new(member, dialect)).collect(),
            }),
            _ => None,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Array { ends, .. } | Self::Map { ends, .. } => ends.len(),
            Self::Struct { rows, .. } => *rows,
        }
    }

    /// Drops the rows from `new` on, and what a row that was not ended has left behind.
    pub(super) fn truncate(&mut self, new: usize) {
        match self {
            Self::Array { ends, items, .. } => {
                ends.truncate(new);
                items.truncate(last(ends));
            }
            Self::Map { ends, keys, values, .. } => {
                ends.truncate(new);
                keys.truncate(last(ends));
                values.truncate(last(ends));
            }
            Self::Struct { rows, members, .. } => {
                *rows = new.min(*rows);
                members.iter_mut().for_each(|member| member.truncate(*rows));
            }
        }
    }

    /// Adds a row without a value.
    pub(super) fn push_null(&mut self) {
        self.end_row();
    }

    /// Ends a row: what was added to the columns inside since the last one is its value.
    pub(super) fn end_row(&mut self) {
        match self {
            Self::Array { ends, items, .. } => ends.push(end(items.len())),
            Self::Map { ends, values, .. } => ends.push(end(values.len())),
            Self::Struct { rows, members, .. } => {
                *rows += 1;
                for member in members {
                    if member.len() < *rows {
                        member.push_null();
                    }
                }
            }
        }
    }

    /// Adds a row; after an error the record has to be dropped.
    pub(super) fn push(&mut self, value: Value<'_>, dialect: &Dialect) -> Result<(), Misfit> {
        match self {
            Self::Array { items, .. } => push_items(items, value, dialect)?,
            Self::Map { keys, values, .. } => push_entries(keys, values, value, dialect)?,
            Self::Struct { rows, members, keys, .. } => {
                push_members(*rows, members, keys, value, dialect)?;
            }
        }
        self.end_row();
        Ok(())
    }

    pub(super) fn take(&mut self, nulls: Option<NullBuffer>) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Array { field, ends, items } => Arc::new(ListArray::try_new(
                Arc::clone(field),
                offsets(ends),
                items.take()?,
                nulls,
            )?),
            Self::Map { field, ends, keys, values, .. } => {
                let DataType::Struct(inner) = field.data_type() else {
                    return Err(ArrowError::SchemaError("a map without entries".to_owned()));
                };
                let columns = vec![keys.take()?, values.take()?];
                let entries = StructArray::try_new(inner.clone(), columns, None)?;
                let offsets = offsets(ends);
                Arc::new(MapArray::try_new(Arc::clone(field), offsets, entries, nulls, false)?)
            }
            Self::Struct { fields, rows, members, .. } => {
                *rows = 0;
                let columns = members.iter_mut().map(Column::take).collect::<Result<_, _>>()?;
                Arc::new(StructArray::try_new(fields.clone(), columns, nulls)?)
            }
        })
    }
}

fn push_items(items: &mut Column, value: Value<'_>, dialect: &Dialect) -> Result<(), Misfit> {
    match (value, dialect.kind) {
        (Value::Nested(Node::Array(nodes)), _) => {
            nodes.iter().try_for_each(|node| items.push(node.as_value()))
        }
        // What is no array is the only item of one.
        (alone, Kind::OpenX) => items.push(alone),
        (_, Kind::Hive) => Err(Misfit::new("java.io.IOException: Start of Array expected")),
    }
}

fn push_entries(
    keys: &mut Column,
    values: &mut Column,
    value: Value<'_>,
    dialect: &Dialect,
) -> Result<(), Misfit> {
    match (value, dialect.kind) {
        (Value::Nested(Node::Object(members)), _) => {
            for (key, node) in distinct(members, dialect.lowers_keys()) {
                keys.push(Value::Text(Text(key.as_bytes())))?;
                values.push(node.as_value())?;
            }
            Ok(())
        }
        (other, Kind::OpenX) => Err(Misfit::new(&format!(
            "{} cannot be cast to org.openx.data.jsonserde.json.JSONObject",
            class_of(other)
        ))),
        (_, Kind::Hive) => Err(Misfit::new("java.io.IOException: Start of Object expected")),
    }
}

fn push_members(
    rows: usize,
    members: &mut [Column],
    keys: &Keys,
    value: Value<'_>,
    dialect: &Dialect,
) -> Result<(), Misfit> {
    match (value, dialect.kind) {
        (Value::Nested(Node::Object(nodes)), _) => {
            for (key, node) in nodes {
                let Some(member) = keys.find(key).and_then(|place| members.get_mut(place)) else {
                    continue;
                };
                if member.len() > rows {
                    member.truncate(rows);
                }
                member.push(node.as_value())?;
            }
            Ok(())
        }
        // Items fill the members by position; those beyond the last one are left out.
        (Value::Nested(Node::Array(nodes)), Kind::OpenX) => members
            .iter_mut()
            .zip(nodes)
            .try_for_each(|(member, node)| member.push(node.as_value())),
        // The two blanks are AWS's own.
        (other, Kind::OpenX) => Err(Misfit::new(&format!(
            "Data is not JSONObject  but {} with value {}",
            class_of(other),
            other.text()
        ))),
        (_, Kind::Hive) => Err(Misfit::new("java.io.IOException: Start of Object expected")),
    }
}

/// The members of an object, each key once: the last value counts and stands in the first place.
pub(super) fn distinct<'n, 'a>(
    members: &'n [(Cow<'a, str>, Node<'a>)],
    lower: bool,
) -> Vec<(Cow<'n, str>, &'n Node<'a>)> {
    let mut places: HashMap<Cow<'n, str>, usize> = HashMap::with_capacity(members.len());
    let mut kept: Vec<(Cow<'n, str>, &'n Node<'a>)> = Vec::with_capacity(members.len());
    for (key, node) in members {
        let key = if lower { Cow::Owned(key.to_lowercase()) } else { Cow::Borrowed(key.as_ref()) };
        let place = *places.entry(key.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(earlier) => earlier.1 = node,
            None => kept.push((key, node)),
        }
    }
    kept
}

fn last(ends: &[i32]) -> usize {
    ends.last().and_then(|end| usize::try_from(*end).ok()).unwrap_or(0)
}

/// A batch is taken long before its items reach 2^31, see `JsonConverter`.
fn end(items: usize) -> i32 {
    i32::try_from(items).unwrap_or(i32::MAX)
}

fn offsets(ends: &mut Vec<i32>) -> OffsetBuffer<i32> {
    let mut offsets = Vec::with_capacity(ends.len() + 1);
    offsets.push(0);
    offsets.append(ends);
    OffsetBuffer::new(ScalarBuffer::from(offsets))
}

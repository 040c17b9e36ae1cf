//! The record as a table: names and AWS Glue types of its columns, in order.
//!
//! Turning them into a schema is left to whoever converts records; behind the feature `arrow`,
//! `arrow_schema` gives the Arrow types that these Glue types stand for.

/// Name and AWS Glue type of each column, in the order of the record's JSON keys.
///
/// These are the columns of the tutorial's table `captains.ratings`. Glue's `int` is 32 bits wide,
/// its `double` 64.
pub const COLUMNS: [(&str, &str); 4] =
    [("user", "string"), ("favoritecaptain", "string"), ("rating", "int"), ("timestamp", "double")];

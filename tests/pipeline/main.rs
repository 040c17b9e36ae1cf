//! Whole paths: from the generator to the reader, with everything in between.

mod faults;
mod round_trip;
mod sql_on_a_stream;

//! The reader from outside, on stores in memory and on disk.

mod bad_objects;
mod drift;
mod files;
mod listing;
mod locations;
mod mutants;
mod reading;
mod store;

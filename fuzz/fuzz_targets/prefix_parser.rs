//! Any text as a prefix: it reads or is refused; what reads evaluates, and twice the same way.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| firehose_delivery::fuzzing::prefix(text));

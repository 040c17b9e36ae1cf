//! Any text as a pattern of Java's `DateTimeFormatter`: it reads or is refused; what reads prints any
//! instant in any zone.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (i64, u16, &str)| {
    let (seconds, zone, pattern) = data;
    firehose_delivery::fuzzing::time_pattern(pattern, seconds, zone);
});

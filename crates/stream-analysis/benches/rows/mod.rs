//! What the benches share: how many rows, and numbers that look random.

use arrow::array::RecordBatch;

pub(crate) const ROWS: u32 = 1_000_000;
const BATCH_ROWS: u32 = 8_192;

/// All rows, as `batch` makes them: from a first row, so many, by draws below a bound.
pub(crate) fn batches(
    batch: impl Fn(u32, u32, &mut dyn FnMut(u32) -> u32) -> RecordBatch,
) -> Vec<RecordBatch> {
    let mut state = 42_u32;
    let mut draw = move |below: u32| {
        // Numerical Recipes' linear congruential generator; its high bits are good enough here.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    let starts = (0..ROWS).step_by(BATCH_ROWS as usize);
    starts.map(|start| batch(start, BATCH_ROWS.min(ROWS - start), &mut draw)).collect()
}

//! What stands in the tutorial's bucket in the end.

use std::collections::HashMap;

use arrow::{array::AsArray, datatypes::Float64Type};
use captain_ratings::tutorial;
use integration_tests::FirehoseLocal;
use s3_parquet_reader::{ParquetSet, ReadOptions};

/// How often each time stands in the Parquet files of a prefix.
pub(crate) async fn times(endpoint: &FirehoseLocal, prefix: &str) -> HashMap<u64, u64> {
    let location = endpoint.data_dir().join(tutorial::BUCKET).join(prefix);
    let location = location.to_str().expect("a UTF-8 path");
    let set = ParquetSet::open(location, &ReadOptions::default()).await.expect("files");
    let table = set.read_all().await.expect("Parquet");
    let mut times = HashMap::new();
    for batch in table.batches() {
        for time in batch.column(3).as_primitive::<Float64Type>().values() {
            *times.entry(time.to_bits()).or_default() += 1;
        }
    }
    times
}

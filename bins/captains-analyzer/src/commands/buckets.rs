//! `buckets`: the names of one's buckets.

use s3_parquet_reader::buckets;

use crate::args::Shared;
use crate::source::Empty;
use crate::{Answer, Cell, Section};

pub(super) async fn answer(shared: &Shared) -> anyhow::Result<Answer> {
    let buckets = buckets(&shared.options()).await?;
    if buckets.is_empty() {
        return Err(Empty::NoBuckets.into());
    }
    let mut section = Section::new("buckets", ["name"]);
    section.plain = true;
    section.rows = buckets.into_iter().map(|bucket| vec![Cell::text(bucket.name)]).collect();
    Ok(Answer { sections: vec![section], ..Answer::default() })
}

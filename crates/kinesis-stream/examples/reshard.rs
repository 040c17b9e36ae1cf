//! A reader that misses nothing while the stream is resharded under it.
#![expect(clippy::print_stdout, reason = "an example for people to look at")]

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kinesis_stream::{DataStream, NewRecord, ReadLimits, ShardId, StreamSettings};

fn main() -> Result<(), kinesis_stream::Error> {
    let now: DateTime<Utc> = "2022-01-08T06:00:00Z".parse().unwrap_or_default();
    let stream = DataStream::create(StreamSettings::default(), 1, now);
    for (round, shards) in [2, 3, 1].into_iter().enumerate() {
        for captain in ["Ahab", "Nemo", "Hook"] {
            let data = format!("round {round}");
            for refused in stream.put(now, &[NewRecord::new(captain, data.as_bytes())]) {
                assert!(refused.is_ok());
            }
        }
        stream.scale_to(now, shards)?;
    }
    // None once a shard is read to its end; children come after their parents.
    let mut places: BTreeMap<ShardId, Option<u64>> = BTreeMap::new();
    for shard in stream.shards(now) {
        assert!(shard.parents.iter().all(|parent| places[parent].is_none()));
        let page = stream.read(now, shard.id, 0, ReadLimits::default())?;
        for record in &page.records {
            let data = record.data();
            let text = String::from_utf8_lossy(&data);
            println!("{}: {} {text}", shard.id, record.partition_key());
        }
        places.insert(shard.id, page.next);
    }
    Ok(())
}

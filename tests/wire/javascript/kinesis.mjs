// A data stream from its creation to its deletion through the JavaScript SDK v3, which speaks HTTP/2
// without TLS to a Kinesis endpoint of the form http://.

import * as kinesis from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { Checks } from "./checks.mjs";

const NAME = "from-javascript";
const checks = new Checks();
const text = (bytes) => new TextDecoder().decode(bytes);

// One stream, from its creation to its deletion.
async function walk(client, over) {
  const send = (command, given) => client.send(new kinesis[`${command}Command`]({ StreamName: NAME, ...given }));
  await send("CreateStream", { ShardCount: 1 });
  const sent = [];
  const put = async (count) => {
    const records = Array.from({ length: count }, (_, n) => [`key ${n % 5}`, `record ${sent.length + n}`]);
    const Records = records.map(([PartitionKey, data]) => ({ PartitionKey, Data: new TextEncoder().encode(data) }));
    checks.equal(`${over}: all are taken`, (await send("PutRecords", { Records })).FailedRecordCount, 0);
    sent.push(...records);
  };
  await put(50);
  await send("UpdateShardCount", { TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" });
  await put(50);
  await send("MergeShards", { ShardToMerge: "shardId-000000000001", AdjacentShardToMerge: "shardId-000000000002" });
  await put(50);
  const found = [];
  for (const shard of (await send("ListShards", {})).Shards) {
    const closed = shard.SequenceNumberRange.EndingSequenceNumber !== undefined;
    let { ShardIterator } = await send("GetShardIterator", { ShardId: shard.ShardId, ShardIteratorType: "TRIM_HORIZON" });
    for (;;) {
      const page = await client.send(new kinesis.GetRecordsCommand({ ShardIterator, Limit: 40 }));
      found.push(...page.Records.map((record) => [record.PartitionKey, text(record.Data)]));
      ShardIterator = page.NextShardIterator;
      if (!ShardIterator || (!closed && page.Records.length === 0)) break;
    }
    checks.equal(`${over}: ${shard.ShardId} ends only if it is closed`, ShardIterator == null, closed);
  }
  for (const key of new Set(sent.map(([key]) => key))) {
    const of = (records) => records.filter(([of]) => of === key).map(([, data]) => data);
    checks.equal(`${over}: ${key}, each record once and in order`, of(found), of(sent));
  }
  await send("DeleteStream", {});
  const refused = await send("DescribeStream", {}).catch((why) => why);
  checks.equal(`${over}: it is gone`, refused.name, "ResourceNotFoundException");
}

await walk(new kinesis.KinesisClient({}), "HTTP/2");
await walk(new kinesis.KinesisClient({ requestHandler: new NodeHttpHandler() }), "HTTP/1.1");
checks.finish();

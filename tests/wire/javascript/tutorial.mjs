// The whole tutorial through the JavaScript SDK v3: what is put is what Parquet says.

import * as firehose from "@aws-sdk/client-firehose";
import * as glue from "@aws-sdk/client-glue";
import * as s3 from "@aws-sdk/client-s3";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { parquetReadObjects } from "hyparquet";
import { Checks } from "./checks.mjs";

const BUCKET = "captains-rating";
const STREAM = "PUT-S3-qrZbv";
const ROLE = "arn:aws:iam::000000000000:role/firehose";
const KEY = /^ratings(\d{4})\/(\d\d)\/(\d\d)\/(\d\d)\/PUT-S3-qrZbv-1-\1-\2-\3-\4-\d\d-\d\d-[0-9a-f-]{36}\.parquet$/;
const COLUMNS = [
  { Name: "user", Type: "string" },
  { Name: "favoritecaptain", Type: "string" },
  { Name: "rating", Type: "int" },
  { Name: "timestamp", Type: "double" },
];
const DESTINATION = {
  RoleARN: ROLE,
  BucketARN: `arn:aws:s3:::${BUCKET}`,
  Prefix: "ratings",
  BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 300 },
  DataFormatConversionConfiguration: {
    Enabled: true,
    SchemaConfiguration: { RoleARN: ROLE, DatabaseName: "captains", TableName: "ratings" },
    InputFormatConfiguration: { Deserializer: { OpenXJsonSerDe: {} } },
    OutputFormatConfiguration: { Serializer: { ParquetSerDe: {} } },
  },
};

const checks = new Checks();
const streams = new firehose.FirehoseClient();
const catalog = new glue.GlueClient();
const store = new s3.S3Client();
const encode = (value) => new TextEncoder().encode(JSON.stringify(value));

// A record like the tutorial's, another one for each number, with an awkward fraction.
const rating = (number) => ({
  user: `Zoë ${number}`,
  favoritecaptain: ["Han Solo", "Kathryn Janeway", "The Doctor"][number % 3],
  rating: 1 + ((number * 7919) % 9000),
  timestamp: 1641621600 + number / 7,
});

async function flush() {
  const answer = await fetch(`${process.env.AWS_ENDPOINT_URL}/_firehose-local/flush`, { method: "POST" });
  if (!answer.ok) throw new Error(`flush: ${answer.status} ${await answer.text()}`);
}

async function setUp() {
  await store.send(new s3.CreateBucketCommand({ Bucket: BUCKET }));
  await s3.waitUntilBucketExists({ client: store, maxWaitTime: 10 }, { Bucket: BUCKET });
  await catalog.send(new glue.CreateDatabaseCommand({ DatabaseInput: { Name: "captains" } }));
  const table = { Name: "ratings", StorageDescriptor: { Columns: COLUMNS } };
  await catalog.send(new glue.CreateTableCommand({ DatabaseName: "captains", TableInput: table }));
  const told = await catalog.send(new glue.GetTableCommand({ DatabaseName: "captains", Name: "ratings" }));
  checks.equal("the table has its columns", told.Table.StorageDescriptor.Columns, COLUMNS);
  const made = await streams.send(
    new firehose.CreateDeliveryStreamCommand({
      DeliveryStreamName: STREAM,
      ExtendedS3DestinationConfiguration: DESTINATION,
    }),
  );
  checks.that("the stream has an ARN", made.DeliveryStreamARN.endsWith(`deliverystream/${STREAM}`));
  checks.that("answers bear a request id", made.$metadata.requestId);
  const described = await streams.send(new firehose.DescribeDeliveryStreamCommand({ DeliveryStreamName: STREAM }));
  const description = described.DeliveryStreamDescription;
  checks.equal("the stream is active", description.DeliveryStreamStatus, "ACTIVE");
  checks.that("it was made just now", Math.abs(description.CreateTimestamp - Date.now()) < 600_000);
  const identity = await new STSClient().send(new GetCallerIdentityCommand());
  checks.equal("the caller has an account", identity.Account, "000000000000");
}

async function putAndReadBack() {
  const ratings = Array.from({ length: 1_010 }, (_, number) => rating(number));
  const ids = new Set();
  for (const one of ratings.slice(0, 10)) {
    const answer = await streams.send(
      new firehose.PutRecordCommand({ DeliveryStreamName: STREAM, Record: { Data: encode(one) } }),
    );
    ids.add(answer.RecordId);
  }
  for (const start of [10, 510]) {
    const records = ratings.slice(start, start + 500).map((one) => ({ Data: encode(one) }));
    const answer = await streams.send(
      new firehose.PutRecordBatchCommand({ DeliveryStreamName: STREAM, Records: records }),
    );
    checks.equal("no record of a batch is refused", answer.FailedPutCount, 0);
    for (const entry of answer.RequestResponses) ids.add(entry.RecordId);
  }
  checks.equal("no two records have one id", ids.size, ratings.length);
  await flush();
  const listed = await store.send(new s3.ListObjectsV2Command({ Bucket: BUCKET, Prefix: "ratings" }));
  checks.equal("one buffer is one object", listed.Contents.length, 1);
  const { Key } = listed.Contents[0];
  checks.that("its key is as Firehose's", KEY.test(Key), Key);
  const answer = await store.send(new s3.GetObjectCommand({ Bucket: BUCKET, Key }));
  checks.equal("its type", answer.ContentType, "application/octet-stream");
  const bytes = await answer.Body.transformToByteArray();
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const rows = await parquetReadObjects({ file });
  checks.equal("as many rows as ratings", rows.length, ratings.length);
  ratings.forEach((wanted, index) => checks.equal("a rating comes back", rows[index], wanted));
  const footer = await store.send(new s3.GetObjectCommand({ Bucket: BUCKET, Key, Range: "bytes=-4" }));
  checks.equal("the end of a Parquet file", await footer.Body.transformToString(), "PAR1");
}

async function parts() {
  const { UploadId } = await store.send(new s3.CreateMultipartUploadCommand({ Bucket: BUCKET, Key: "large" }));
  const part = new Uint8Array(6 << 20).map((_, index) => index % 251);
  const Parts = [];
  for (const PartNumber of [1, 2, 3]) {
    const Body = PartNumber === 3 ? part.slice(0, 1000) : part;
    const { ETag } = await store.send(
      new s3.UploadPartCommand({ Bucket: BUCKET, Key: "large", UploadId, PartNumber, Body }),
    );
    Parts.push({ PartNumber, ETag });
  }
  const done = await store.send(
    new s3.CompleteMultipartUploadCommand({ Bucket: BUCKET, Key: "large", UploadId, MultipartUpload: { Parts } }),
  );
  checks.that("the ETag counts the parts", done.ETag.endsWith('-3"'), done.ETag);
  const answer = await store.send(new s3.GetObjectCommand({ Bucket: BUCKET, Key: "large" }));
  const back = Buffer.from(await answer.Body.transformToByteArray());
  const wanted = Buffer.concat([part, part, part.slice(0, 1000)]);
  checks.that("an upload in parts comes back", back.equals(wanted), back.length);
  const begun = await store.send(new s3.CreateMultipartUploadCommand({ Bucket: BUCKET, Key: "small" }));
  const small = { Bucket: BUCKET, Key: "small", UploadId: begun.UploadId };
  const etags = [];
  for (const PartNumber of [1, 2]) {
    const { ETag } = await store.send(new s3.UploadPartCommand({ ...small, PartNumber, Body: "x" }));
    etags.push({ PartNumber, ETag });
  }
  const refusals = [
    ["EntityTooSmall", etags],
    ["InvalidPartOrder", [...etags].reverse()],
    ["InvalidPart", [{ PartNumber: 7, ETag: etags[0].ETag }]],
  ];
  for (const [name, some] of refusals) {
    const command = new s3.CompleteMultipartUploadCommand({ ...small, MultipartUpload: { Parts: some } });
    const error = await store.send(command).catch((why) => why);
    checks.equal(`an upload with ${name}`, [error.name, error.$metadata?.httpStatusCode], [name, 400]);
  }
  await store.send(new s3.AbortMultipartUploadCommand(small));
}

async function events() {
  const many = Array.from({ length: 20 }, async (_, number) => {
    const Records = Array.from({ length: 100 }, (__, index) => ({ Data: encode(rating(number * 100 + index)) }));
    return streams.send(new firehose.PutRecordBatchCommand({ DeliveryStreamName: STREAM, Records }));
  });
  const answers = await Promise.all(many);
  checks.equal("calls side by side", answers.filter((answer) => answer.FailedPutCount === 0).length, 20);
  await streams.send(new firehose.DeleteDeliveryStreamCommand({ DeliveryStreamName: STREAM }));
  const left = await streams.send(new firehose.ListDeliveryStreamsCommand({}));
  checks.equal("no stream is left", left.DeliveryStreamNames, []);
}

for (const part of [setUp, putAndReadBack, parts, events]) {
  try {
    await part();
  } catch (error) {
    console.error(error);
    checks.that(part.name, false, `${error.name}: ${error.message}`);
  }
}
checks.finish();

// Holds conversations (`../conversations/README.md`) through the JavaScript SDK v3.
//
//     node conversation.mjs firehose.json glue.json s3.json

import { readFile } from "node:fs/promises";
import * as firehose from "@aws-sdk/client-firehose";
import * as glue from "@aws-sdk/client-glue";
import * as s3 from "@aws-sdk/client-s3";
import { Checks, short } from "./checks.mjs";

const settings = { maxAttempts: 1 };
const SERVICES = {
  firehose: [firehose, new firehose.FirehoseClient(settings)],
  glue: [glue, new glue.GlueClient(settings)],
  s3: [s3, new s3.S3Client(settings)],
};

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const isBytes = (value) => value instanceof Uint8Array;

// An input with its `$` forms replaced by what they stand for.
function expand(value, lets) {
  if (Array.isArray(value)) return value.map((item) => expand(item, lets));
  if (!isObject(value)) return value;
  const names = Object.keys(value);
  const told = value[names[0]];
  switch (names.length === 1 ? names[0] : "") {
    case "$repeat":
      return told[0].repeat(told[1]);
    case "$bytes":
      return new Uint8Array(told).fill(97);
    case "$data":
      return new TextEncoder().encode(told);
    case "$times":
      return new Array(told[0]).fill(expand(told[1], lets));
    case "$use":
      return expand(lets[told], lets);
    case "$with":
      return merge(expand(lets[told[0]], lets), expand(told[1], lets));
    default:
      return Object.fromEntries(names.map((name) => [name, expand(value[name], lets)]));
  }
}

// `old` with the members of `changes`; a member that is null goes.
function merge(old, changes) {
  if (!isObject(old) || !isObject(changes) || isBytes(changes)) return changes;
  const merged = { ...old };
  for (const [name, member] of Object.entries(changes)) {
    if (member === null) delete merged[name];
    else merged[name] = merge(old[name], member);
  }
  return merged;
}

// The first place where an answer is not as wanted, or undefined.
async function differs(got, wanted, path = "answer") {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(got) || got.length !== wanted.length) return `${path} is ${short(got)}`;
    for (const [index, item] of wanted.entries()) {
      const why = await differs(got[index], item, `${path}[${index}]`);
      if (why) return why;
    }
    return undefined;
  }
  if (!isObject(wanted)) return got === wanted ? undefined : `${path} is ${short(got)}, wanted ${short(wanted)}`;
  if ("$any" in wanted) {
    const empty = got === undefined || got === null || got === "" || (Array.isArray(got) && !got.length);
    return empty ? `${path} is missing or empty` : undefined;
  }
  if ("$like" in wanted) return new RegExp(wanted.$like).test(got) ? undefined : `${path} is ${short(got)}`;
  if ("$body" in wanted) {
    const body = await got.transformToString();
    return body === wanted.$body ? undefined : `${path} is ${short(body)}`;
  }
  if (!isObject(got)) return `${path} is ${short(got)}`;
  for (const [name, member] of Object.entries(wanted)) {
    if (isObject(member) && "$absent" in member) {
      if (got[name] !== undefined) return `${path}.${name} is there: ${short(got[name])}`;
      continue;
    }
    const why = await differs(got[name], member, `${path}.${name}`);
    if (why) return why;
  }
  return undefined;
}

// What is wrong with a refusal, or undefined.
function refusedOtherwise(error, wanted) {
  const told = `${error.name} (${error.$metadata?.httpStatusCode}): ${error.message}`;
  if (wanted.code && wanted.code !== error.name) return `${told}, wanted ${wanted.code}`;
  if (wanted.status !== error.$metadata?.httpStatusCode) return `${told}, wanted ${wanted.status}`;
  if (wanted.message && wanted.message !== error.message) return `${told}, wanted ${wanted.message}`;
  if (wanted.like && !new RegExp(wanted.like).test(error.message)) return `${told}, wanted ${wanted.like}`;
  return undefined;
}

async function take(step, lets) {
  const [service, operation] = step.call.split(".");
  const [module, client] = SERVICES[service];
  let answer;
  try {
    answer = await client.send(new module[`${operation}Command`](expand(step.input, lets)));
  } catch (error) {
    if (!step.refusal || !error.$metadata?.httpStatusCode) return `${error.name}: ${error.message}`;
    return refusedOtherwise(error, expand(step.refusal, lets));
  }
  return step.refusal ? `not refused: ${short(answer)}` : differs(answer, step.answer ?? {});
}

const checks = new Checks();
for (const path of process.argv.slice(2)) {
  const conversation = JSON.parse(await readFile(path, "utf8"));
  for (const step of conversation.steps) {
    if (step.not_by && "javascript" in step.not_by) continue;
    const why = await take(step, conversation.let);
    checks.that(`${step.name} (${step.call})`, why === undefined, why);
  }
}
checks.finish();

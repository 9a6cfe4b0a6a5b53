import { Argument, type Command } from 'commander';
import { CliError, usageError } from '../cli-error.js';
import { deleteKeysMax } from '../../model/limits.js';
import { deleteObjects } from '../client/objects.js';
import { putObject } from '../client/upload.js';
import type { S3Client } from '../client/s3-client.js';
import type { Context, Start } from '../context.js';
import { exitCode } from '../exit-code.js';
import { LatencyHistogram } from '../latency-histogram.js';
import { formatBytes, parseBytes } from '../output.js';

const kinds = ['put', 'get', 'mixed'] as const;
type Kind = (typeof kinds)[number];

/** `mixed`: so many of a hundred operations read. */
const mixedReadsPercent = 70;
const objectBytesMax = 64 * 1024 * 1024;
const concurrencyMax = 512;
const barCharsMax = 40;

interface BenchOptions {
  bucket: string;
  size: string;
  concurrency: string;
  duration: string;
  objects: string;
  keep?: true;
}

interface Plan {
  kind: Kind;
  bucket: string;
  prefix: string;
  body: Buffer;
  concurrency: number;
  durationMs: number;
  /** Objects that are read; written before the clock starts. */
  objects: number;
}

export function addBench(program: Command, start: Start): void {
  program
    .command('bench')
    .summary('measure puts or gets: latency histogram, rates')
    .addArgument(new Argument('<kind>', 'what to measure').choices(kinds))
    .option('--bucket <name>', 'an existing bucket', 'demo')
    .option('--size <size>', 'of each object', '4KiB')
    .option('--concurrency <n>', 'requests under way at once', '32')
    .option('--duration <seconds>', 'how long', '10')
    .option('--objects <n>', 'for get and mixed: objects to read from', '200')
    .option('--keep', 'leave the objects in the bucket')
    .action(async (kind: Kind, options: BenchOptions, command: Command) => {
      const context = start(command);
      const plan = planOf(context, kind, options);
      const client = context.s3();
      const written: string[] = [];
      await client.ask({ method: 'HEAD', bucket: plan.bucket, signal: context.signal }); // says at once when it is not there
      try {
        if (kind !== 'put') await prepare(context, client, plan, written);
        const result = await measure(context, client, plan, written);
        await context.output.result(result, describe(result));
        if (result.errors > 0)
          throw new CliError({
            exitCode: exitCode.partial,
            code: 'partial',
            what: `${result.errors} requests failed.`,
            why: result.firstError,
          });
      } finally {
        if (options.keep !== true) await cleanUp(context, client, plan.bucket, written);
      }
    });
}

function planOf(context: Context, kind: Kind, options: BenchOptions): Plan {
  const sizeBytes = parseBytes(options.size);
  if (sizeBytes > objectBytesMax) throw usageError(`--size: at most ${formatBytes(objectBytesMax)}.`);
  const { random } = context.environment;
  return {
    kind,
    bucket: options.bucket,
    prefix: `aether-bench-${random.uuidV4().slice(0, 8)}/`,
    body: random.bytes(sizeBytes),
    concurrency: whole('--concurrency', options.concurrency, concurrencyMax),
    durationMs: whole('--duration', options.duration, 86_400) * 1000,
    objects: whole('--objects', options.objects, 100_000),
  };
}

function whole(flag: string, text: string, max: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > max) throw usageError(`${flag} ${text}: a number from 1 to ${max} is wanted.`);
  return value;
}

async function prepare(context: Context, client: S3Client, plan: Plan, written: string[]): Promise<void> {
  context.note(`writes ${plan.objects} objects of ${formatBytes(plan.body.length)} to read from`);
  await inParallel(plan.concurrency, async () => {
    while (written.length < plan.objects) await put(context, client, plan, written);
  });
}

async function put(context: Context, client: S3Client, { bucket, prefix, body }: Plan, written: string[]): Promise<void> {
  const key = `${prefix}${written.length.toString().padStart(8, '0')}`;
  written.push(key);
  await putObject(client, { bucket, key, headers: {} }, body, context.signal);
}

async function get(context: Context, client: S3Client, { bucket, body }: Plan, key: string): Promise<void> {
  const response = await client.open({ method: 'GET', bucket, key, signal: context.signal });
  let sizeBytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) sizeBytes += piece.length;
  if (sizeBytes !== body.length) throw new CliError({ exitCode: exitCode.other, code: 'answer-short', what: 'An answer was too short.' });
}

interface BenchResult {
  kind: Kind;
  sizeBytes: number;
  concurrency: number;
  seconds: number;
  operations: number;
  errors: number;
  firstError: string | null;
  operationsPerSecond: number;
  bytesPerSecond: number;
  latency: ReturnType<LatencyHistogram['figures']>;
  histogram: ReturnType<LatencyHistogram['rows']>;
}

async function measure(context: Context, client: S3Client, plan: Plan, written: string[]): Promise<BenchResult> {
  const { clock, random } = context.environment;
  const histogram = new LatencyHistogram();
  const readable = [...written];
  const progress = context.progress({ label: `bench ${plan.kind}`, totalBytes: null });
  let errors = 0;
  let firstError: string | null = null;
  const startMs = clock.monotonicMs();
  await inParallel(plan.concurrency, async () => {
    while (clock.monotonicMs() - startMs < plan.durationMs && !context.signal.aborted) {
      const reads = plan.kind === 'get' || (plan.kind === 'mixed' && random.fraction() * 100 < mixedReadsPercent);
      const beginMs = clock.monotonicMs();
      try {
        if (reads) await get(context, client, plan, readable[Math.floor(random.fraction() * readable.length)]!);
        else await put(context, client, plan, written);
        histogram.add(clock.monotonicMs() - beginMs);
        progress.add(plan.body.length);
      } catch (error) {
        if (context.signal.aborted) return;
        errors += 1;
        firstError ??= (error as Error).message;
      }
    }
  });
  progress.end();
  const seconds = (clock.monotonicMs() - startMs) / 1000;
  const latency = histogram.figures();
  return {
    kind: plan.kind,
    sizeBytes: plan.body.length,
    concurrency: plan.concurrency,
    seconds,
    operations: latency.count,
    errors,
    firstError,
    operationsPerSecond: latency.count / seconds,
    bytesPerSecond: (latency.count * plan.body.length) / seconds,
    latency,
    histogram: histogram.rows(),
  };
}

async function inParallel(count: number, work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, work));
}

/** Also after Ctrl-C: what the bench wrote does not stay behind. */
async function cleanUp(context: Context, client: S3Client, bucket: string, written: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(60_000);
  try {
    for (let at = 0; at < written.length; at += deleteKeysMax)
      await deleteObjects(client, { bucket, keys: written.slice(at, at + deleteKeysMax) }, signal);
  } catch (error) {
    const prefix = written[0]?.slice(0, written[0].indexOf('/') + 1) ?? '';
    context.note(`The objects of the bench are still there (${(error as Error).message}): aether rm -r s3://${bucket}/${prefix}`);
  }
}

function describe(result: BenchResult): string {
  const { latency } = result;
  const largest = Math.max(1, ...result.histogram.map((row) => row.count));
  const rows = result.histogram.map(({ upToMs, count }) => {
    const bar = '#'.repeat(Math.ceil((count / largest) * barCharsMax));
    return `  ${`≤ ${ms(upToMs)}`.padStart(14)}  ${String(count).padStart(8)}  ${bar}`.trimEnd();
  });
  return [
    `${result.kind}, ${formatBytes(result.sizeBytes)}, ${result.concurrency} at once, ${result.seconds.toFixed(1)} s`,
    `  ${result.operations} operations, ${result.operationsPerSecond.toFixed(1)}/s, ${formatBytes(Math.round(result.bytesPerSecond))}/s, ${result.errors} errors`,
    `  p50 ${ms(latency.p50Ms)}  p90 ${ms(latency.p90Ms)}  p99 ${ms(latency.p99Ms)}  p99.9 ${ms(latency.p999Ms)}  max ${ms(latency.maxMs)}`,
    ...rows,
  ].join('\n');
}

function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

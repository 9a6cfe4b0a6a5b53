import type { Command } from 'commander';
import { formatAddress, parseAddress, type Address } from '../address.js';
import { usageError } from '../cli-error.js';
import { listBuckets, listObjects } from '../client/objects.js';
import type { Context, Start } from '../context.js';
import { formatBytes, type ListShape } from '../output.js';
import { bucketShape } from './bucket.js';

const pageKeys = 1000;

interface LsOptions {
  recursive?: true;
  limit?: string;
}

/** A key, or a prefix that stands for all keys below it. */
interface Entry {
  name: string;
  sizeBytes: number | null;
  lastModified: string | null;
  etag: string | null;
}

export function addLs(program: Command, start: Start): void {
  program
    .command('ls')
    .summary('list buckets, or objects under a prefix')
    .argument('[address]', 's3://BUCKET/PREFIX; without it the buckets')
    .option('-r, --recursive', 'everything below the prefix')
    .option('--limit <n>', 'at most so many entries')
    .action(async (text: string | undefined, options: LsOptions, command: Command) => {
      const context = start(command);
      if (text === undefined) return context.output.list([await listBuckets(context.s3(), context.signal)], bucketShape);
      const address = parseAddress(text);
      await context.output.list(pagesOf(context, address, options), entryShape(address));
    });
}

async function* pagesOf(context: Context, address: Address, options: LsOptions): AsyncGenerator<Entry[]> {
  const client = context.s3(address.profile);
  let left = limitOf(options);
  let token: string | null = null;
  do {
    const request = {
      bucket: address.bucket,
      prefix: address.key,
      delimiter: options.recursive ? '' : '/',
      token,
      limit: Math.min(pageKeys, left),
    };
    const page = await listObjects(client, request, context.signal);
    const prefixes = page.prefixes.map((name): Entry => ({ name, sizeBytes: null, lastModified: null, etag: null }));
    const objects = page.objects.map(({ key, ...facts }): Entry => ({ name: key, ...facts }));
    const entries = [...prefixes, ...objects];
    left -= entries.length;
    yield entries;
    token = page.nextToken;
  } while (token !== null && left > 0);
}

function limitOf({ limit }: LsOptions): number {
  if (limit === undefined) return Infinity;
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1) throw usageError(`--limit ${limit}: a number from 1 is wanted.`);
  return count;
}

function entryShape({ bucket }: Address): ListShape<Entry> {
  return {
    columns: [
      { head: 'SIZE', align: 'right', text: ({ sizeBytes }) => (sizeBytes === null ? '' : formatBytes(sizeBytes)) },
      { head: 'MODIFIED', text: ({ lastModified }) => lastModified?.slice(0, 19).replace('T', ' ') ?? ''.padEnd(19) },
      { head: 'ETAG', wide: true, text: ({ etag }) => etag ?? '' },
      { head: 'KEY', text: ({ name }) => printable(name) },
    ],
    name: ({ name }) => formatAddress({ bucket, key: name }),
    json: ({ name, sizeBytes, lastModified, etag }) =>
      sizeBytes === null ? { prefix: name } : { key: name, sizeBytes, lastModified, etag },
  };
}

/** A key may hold anything; what would move the cursor or colour the terminal is shown, not done. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

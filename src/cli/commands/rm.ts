import type { Command } from 'commander';
import { deleteKeysMax } from '../../model/limits.js';
import { formatAddress, parseAddress, parseObjectAddress, type Address } from '../address.js';
import { usageError } from '../cli-error.js';
import { deleteObjects, listAll } from '../client/objects.js';
import type { Context, Start } from '../context.js';
import { Failures } from '../failures.js';
import { formatBytes } from '../output.js';

interface RmOptions {
  recursive?: true;
  dryRun?: true;
  yes?: true;
}

export function addRm(program: Command, start: Start): void {
  program
    .command('rm')
    .summary('delete objects')
    .argument('<address...>', 's3://BUCKET/KEY…, with -r s3://BUCKET/PREFIX')
    .option('-r, --recursive', 'everything below the prefix')
    .option('--dry-run', 'say what would be deleted, delete nothing')
    .option('--yes', 'do not ask')
    .action(async (texts: string[], options: RmOptions, command: Command) => {
      const context = start(command);
      if (options.recursive) await removeBelow(context, texts, options);
      else await removeKeys(context, texts.map(parseObjectAddress), options);
    });
}

async function removeKeys(context: Context, addresses: Address[], options: RmOptions): Promise<void> {
  const [first] = addresses;
  if (options.dryRun !== true) {
    const what = addresses.length === 1 && first !== undefined ? formatAddress(first) : `${addresses.length} objects`;
    await context.confirm(`This deletes ${what}.`, options.yes === true);
  }
  const failures = new Failures(context, addresses.length);
  for (const address of addresses) {
    await failures.guard(formatAddress(address), async () => {
      if (options.dryRun !== true) {
        await context.s3(address.profile).ask({ method: 'DELETE', bucket: address.bucket, key: address.key, signal: context.signal });
      }
      await say(context, address, options);
    });
  }
  failures.report();
}

async function removeBelow(context: Context, texts: string[], options: RmOptions): Promise<void> {
  const [text] = texts;
  if (text === undefined || texts.length > 1) throw usageError('-r takes one address.');
  const address = parseAddress(text);
  const client = context.s3(address.profile);
  const place = { bucket: address.bucket, prefix: address.key };
  if (options.dryRun !== true) {
    const found = await measure(context, address);
    if (found.objects === 0) return context.output.result({ deleted: 0 }, 'There is nothing to delete.', '');
    const what = `This deletes ${found.objects} objects (${formatBytes(found.sizeBytes)}) below ${formatAddress(address)}.`;
    await context.confirm(what, options.yes === true);
  }
  let total = 0;
  const failed: { key: string; why: string }[] = [];
  for await (const page of listAll(client, place, context.signal)) {
    const keys = page.map(({ key }) => key);
    total += keys.length;
    for (let at = 0; at < keys.length && options.dryRun !== true; at += deleteKeysMax) {
      const answers = await deleteObjects(client, { bucket: address.bucket, keys: keys.slice(at, at + deleteKeysMax) }, context.signal);
      failed.push(...answers.map(({ key, code, message }) => ({ key, why: `${code} ${message}` })));
    }
    const lost = new Set(failed.map(({ key }) => key));
    for (const key of keys) if (!lost.has(key)) await say(context, { ...address, key }, options);
  }
  const failures = new Failures(context, total);
  for (const { key, why } of failed) failures.add(formatAddress({ ...address, key }), why);
  failures.report();
}

async function measure(context: Context, address: Address): Promise<{ objects: number; sizeBytes: number }> {
  const found = { objects: 0, sizeBytes: 0 };
  for await (const page of listAll(context.s3(address.profile), { bucket: address.bucket, prefix: address.key }, context.signal)) {
    found.objects += page.length;
    for (const { sizeBytes } of page) found.sizeBytes += sizeBytes;
  }
  return found;
}

function say(context: Context, address: Address, { dryRun }: RmOptions): Promise<void> {
  const { bucket, key } = address;
  const words = dryRun === true ? 'would be deleted' : 'is deleted';
  return context.output.result({ bucket, key, deleted: dryRun !== true }, `${formatAddress(address)} ${words}`, formatAddress(address));
}

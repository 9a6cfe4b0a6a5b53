import type { Command } from 'commander';
import { deleteKeysMax } from '../../model/limits.js';
import { formatAddress, parseAddress, parseObjectAddress, type Address } from '../address.js';
import { usageError } from '../cli-error.js';
import { deleteObjects, listAll } from '../client/objects.js';
import type { Context, Start } from '../context.js';
import { doEach } from '../do-each.js';
import { Failures } from '../failures.js';
import { formatBytes, formatCount, type EachShape } from '../output.js';

interface RmOptions {
  recursive?: true;
  prefix?: true;
  dryRun?: true;
  yes?: true;
}

export function addRm(program: Command, start: Start): void {
  program
    .command('rm')
    .summary('delete objects')
    .argument('<address...>', 's3://BUCKET/KEY…, with -r s3://BUCKET/PREFIX')
    .option('-r, --recursive', 'everything below a folder (s3://BUCKET/PREFIX/) or in the bucket')
    .option('--prefix', 'with -r: everything whose name begins so, with or without a /')
    .option('--dry-run', 'say what would be deleted, delete nothing')
    .option('--yes', 'do not ask')
    .action(async (texts: string[], options: RmOptions, command: Command) => {
      const context = start(command);
      if (options.prefix && !options.recursive) throw usageError('--prefix goes with -r.', `aether rm -r --prefix ${texts[0]}`);
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
  await doEach(context, addresses, {
    name: formatAddress,
    run: async (address) => {
      const { bucket, key, profile } = address;
      if (options.dryRun !== true) await context.s3(profile).ask({ method: 'DELETE', bucket, key, signal: context.signal });
      return address;
    },
    shape: shapeOf(options),
  });
}

async function removeBelow(context: Context, texts: string[], options: RmOptions): Promise<void> {
  const [text] = texts;
  if (text === undefined || texts.length > 1) throw usageError('-r takes one address.');
  const address = parseAddress(text);
  if (address.key !== '' && !address.key.endsWith('/') && options.prefix !== true)
    throw usageError(
      `${text} does not end in /, and other names may begin so.`,
      `aether rm -r ${text}/, or with --prefix all that begin so`,
    );
  if (options.dryRun !== true) {
    const found = await measure(context, address);
    if (found.objects === 0) {
      context.note('There is nothing to delete.');
      return context.output.each(none(), shapeOf(options));
    }
    const where = address.key === '' || address.key.endsWith('/') ? 'below' : 'whose names begin with';
    const what = `This deletes ${formatCount(found.objects, 'object')} (${formatBytes(found.sizeBytes)}) ${where} ${formatAddress(address)}.`;
    await context.confirm(what, options.yes === true);
  }
  const failures = new Failures(context);
  await context.output.each(removePages(context, address, { options, failures }), shapeOf(options));
  failures.report();
}

async function* none(): AsyncGenerator<Address> {
  // What came meanwhile was not in the count that a person has seen
}

async function* removePages(
  context: Context,
  address: Address,
  { options, failures }: { options: RmOptions; failures: Failures },
): AsyncGenerator<Address> {
  const client = context.s3(address.profile);
  for await (const page of listAll(client, { bucket: address.bucket, prefix: address.key }, context.signal)) {
    const keys = page.map(({ key }) => key);
    failures.begin(keys.length);
    const kept = new Set<string>();
    for (let at = 0; at < keys.length && options.dryRun !== true; at += deleteKeysMax) {
      const answers = await deleteObjects(client, { bucket: address.bucket, keys: keys.slice(at, at + deleteKeysMax) }, context.signal);
      for (const { key, code, message } of answers) {
        kept.add(key);
        failures.add(formatAddress({ ...address, key }), `${code} ${message}`);
      }
    }
    for (const key of keys) if (!kept.has(key)) yield { ...address, key };
  }
}

async function measure(context: Context, address: Address): Promise<{ objects: number; sizeBytes: number }> {
  const found = { objects: 0, sizeBytes: 0 };
  for await (const page of listAll(context.s3(address.profile), { bucket: address.bucket, prefix: address.key }, context.signal)) {
    found.objects += page.length;
    for (const { sizeBytes } of page) found.sizeBytes += sizeBytes;
  }
  return found;
}

function shapeOf({ dryRun }: RmOptions): EachShape<Address> {
  const words = dryRun === true ? 'would be deleted' : 'is deleted';
  return {
    value: ({ bucket, key }) => ({ bucket, key, deleted: dryRun !== true }),
    text: (address) => `${formatAddress(address)} ${words}`,
    name: formatAddress,
  };
}

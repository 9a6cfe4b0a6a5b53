import type { Command } from 'commander';
import { parseObjectAddress, type Address } from '../address.js';
import { CliError, usageError } from '../cli-error.js';
import { readRange } from '../client/download.js';
import { headObject } from '../client/objects.js';
import type { Context, Start } from '../context.js';
import { exitCode } from '../exit-code.js';

export function addCat(program: Command, start: Start): void {
  program
    .command('cat')
    .summary('write an object to stdout')
    .argument('<address>', 's3://BUCKET/KEY')
    .option('--range <first-last>', 'only these bytes, as 0-99 or 100-')
    .action(async (text: string, options: { range?: string }, command: Command) => {
      const context = start(command);
      await writeObject(context, parseObjectAddress(text), options.range ?? null);
    });
}

/** Writes the bytes of an object, or of a range of it, to stdout or to where `write` puts them. */
export async function writeObject(
  context: Context,
  address: Address,
  range: string | null,
  write = (piece: Buffer): Promise<void> => context.output.write(piece),
): Promise<void> {
  const client = context.s3(address.profile);
  const { sizeBytes, etag } = await headObject(client, address, context.signal);
  const { startBytes, endBytes } = range === null ? { startBytes: 0, endBytes: sizeBytes } : parseRange(range, sizeBytes);
  for await (const piece of readRange(client, address, { startBytes, endBytes, etag }, context.signal)) await write(piece);
}

function parseRange(text: string, sizeBytes: number): { startBytes: number; endBytes: number } {
  const match = /^(\d{1,15})-(\d{1,15})?$/.exec(text);
  if (match === null) throw usageError(`--range ${text}: FIRST-LAST or FIRST- is wanted.`);
  const endBytes = match[2] === undefined ? sizeBytes : Math.min(sizeBytes, Number(match[2]) + 1);
  const startBytes = Number(match[1]);
  if (match[2] !== undefined && Number(match[2]) < startBytes) throw usageError(`--range ${text}: FIRST is after LAST.`);
  if (startBytes < endBytes || (startBytes === 0 && sizeBytes === 0)) return { startBytes, endBytes };
  throw new CliError({
    exitCode: exitCode.other,
    code: 'InvalidRange',
    what: `--range ${text} is not in the object, which has ${sizeBytes} bytes.`,
  });
}

import type { Command } from 'commander';
import { CliError } from '../cli-error.js';
import type { Context, Start } from '../context.js';
import { listBuckets, type BucketEntry } from '../client/objects.js';
import type { ListShape } from '../output.js';

export const bucketShape: ListShape<BucketEntry> = {
  columns: [
    { head: 'CREATED', text: ({ created }) => created.slice(0, 19).replace('T', ' ') },
    { head: 'BUCKET', text: ({ name }) => name },
  ],
  name: ({ name }) => `s3://${name}/`,
};

interface CreateOptions {
  existsOk?: true;
}

/** The same as `bucket create`, under the name that other S3 clients gave it. */
export function addMb(program: Command, start: Start): void {
  program
    .command('mb')
    .summary('create a bucket (as bucket create)')
    .argument('<name>')
    .option('--exists-ok', 'a bucket that exists already is no error')
    .action((name: string, options: CreateOptions, command: Command) => createBucket(name, options, start(command)));
}

async function createBucket(bucket: string, { existsOk }: CreateOptions, context: Context): Promise<void> {
  let created = true;
  try {
    await context.s3().ask({ method: 'PUT', bucket, signal: context.signal });
  } catch (error) {
    if (existsOk !== true || !(error instanceof CliError) || error.facts.code !== 'BucketAlreadyOwnedByYou') throw error;
    created = false;
  }
  await context.output.result({ bucket, created }, `s3://${bucket}/ is ${created ? 'created' : 'there already'}`, `s3://${bucket}/`);
}

export function addBucket(program: Command, start: Start): void {
  const bucket = program.command('bucket').summary('create, delete and list buckets');

  bucket
    .command('ls')
    .summary('list buckets')
    .action(async (_options: object, command: Command) => {
      const context = start(command);
      await context.output.list([await listBuckets(context.s3(), context.signal)], bucketShape);
    });

  bucket
    .command('create')
    .summary('create a bucket')
    .argument('<name>')
    .option('--exists-ok', 'a bucket that exists already is no error')
    .action((name: string, options: CreateOptions, command: Command) => createBucket(name, options, start(command)));

  bucket
    .command('delete')
    .summary('delete an empty bucket')
    .argument('<name>')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: { yes?: true }, command: Command) => {
      const context = start(command);
      await context.confirm(`This deletes the bucket ${name}.`, options.yes === true);
      await context.s3().ask({ method: 'DELETE', bucket: name, signal: context.signal });
      await context.output.result({ bucket: name }, `s3://${name}/ is deleted`, `s3://${name}/`);
    });
}

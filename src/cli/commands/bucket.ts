import type { Command } from 'commander';
import type { Start } from '../context.js';
import { listBuckets, type BucketEntry } from '../client/objects.js';
import type { ListShape } from '../output.js';

export const bucketShape: ListShape<BucketEntry> = {
  columns: [
    { head: 'CREATED', text: ({ created }) => created.slice(0, 19).replace('T', ' ') },
    { head: 'BUCKET', text: ({ name }) => name },
  ],
  name: ({ name }) => `s3://${name}/`,
};

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
    .action(async (name: string, _options: object, command: Command) => {
      const context = start(command);
      await context.s3().ask({ method: 'PUT', bucket: name, signal: context.signal });
      await context.output.result({ bucket: name }, `s3://${name}/ is created`, `s3://${name}/`);
    });

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

import type { Command } from 'commander';
import type { Start } from '../context.js';
import { formatAddress, parseAddress } from '../address.js';
import { headObject } from '../client/objects.js';
import { formatBytes } from '../output.js';

export function addStat(program: Command, start: Start): void {
  program
    .command('stat')
    .summary('show what is known about an object or a bucket')
    .argument('<address>', 's3://BUCKET/KEY or s3://BUCKET')
    .action(async (text: string, _options: object, command: Command) => {
      const context = start(command);
      const address = parseAddress(text);
      const { profile, bucket, key } = address;
      const client = context.s3(profile);
      if (key === '') {
        const { headers } = await client.ask({ method: 'HEAD', bucket, signal: context.signal });
        const region = headers['x-amz-bucket-region'] ?? null;
        return context.output.result(
          { bucket, region },
          facts([
            ['bucket', bucket],
            ['region', String(region ?? 'not told')],
          ]),
          `s3://${bucket}/`,
        );
      }
      const head = await headObject(client, address, context.signal);
      const rows: [string, string][] = [
        ['object', formatAddress(address)],
        ['size', `${formatBytes(head.sizeBytes)} (${head.sizeBytes} bytes)`],
        ['modified', head.lastModified],
        ['etag', head.etag],
        ['type', head.contentType ?? ''],
      ];
      if (head.checksum !== null) rows.push(['checksum', `${head.checksum.algorithm} ${head.checksum.value}`]);
      for (const [name, value] of Object.entries(head.metadata)) rows.push([`meta ${name}`, value]);
      await context.output.result({ bucket, key, ...head }, facts(rows), formatAddress(address));
    });
}

function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

import type { Command } from 'commander';
import type { Start } from '../context.js';
import { isAddress, parseObjectAddress } from '../address.js';
import { explanationSchema } from '../client/rest-shapes.js';
import { formatBytes } from '../output.js';

export function addExplain(program: Command, start: Start): void {
  program
    .command('explain')
    .summary('where an object lives and how healthy each copy is')
    .argument('<what>', 's3://BUCKET/KEY, or the id of a REST object or chunk')
    .action(async (what: string, _options: object, command: Command) => {
      const context = start(command);
      const query = new URLSearchParams(isAddress(what) ? keyOf(what) : { object: what });
      const explanation = await context.master().ask('GET', `/api/explain?${query.toString()}`, explanationSchema, context.signal);
      const lines = [explanation.words];
      for (const chunk of explanation.chunks) {
        lines.push('', `chunk ${chunk.id}  ${formatBytes(chunk.lengthBytes)}  ${chunk.words}`);
        for (const copy of chunk.copies)
          lines.push(
            `  ${copy.nodeId}  ${copy.state.padEnd(11)}  ${copy.address}  host ${copy.host}${copy.zone === '' ? '' : `, zone ${copy.zone}`}`,
          );
      }
      if (explanation.truncated) lines.push('', 'There are more chunks; the first ones are shown.');
      await context.output.result(explanation, lines.join('\n'), explanation.chunks.map((chunk) => chunk.id).join('\n'));
    });
}

function keyOf(text: string): { bucket: string; key: string } {
  const { bucket, key } = parseObjectAddress(text);
  return { bucket, key };
}

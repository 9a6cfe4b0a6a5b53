import type { Command } from 'commander';
import type { Start } from '../context.js';
import { nodesSchema, okSchema, type Node } from '../client/rest-shapes.js';
import { formatAge, formatBytes, Table, type ListShape } from '../output.js';

const nodeShape: ListShape<Node> = {
  columns: [
    { head: 'NODE', text: ({ id }) => id },
    { head: 'STATE', text: ({ state }) => state },
    { head: 'VOLUME', text: ({ condition }) => condition },
    { head: 'USED', align: 'right', text: ({ usedBytes }) => formatBytes(usedBytes) },
    { head: 'FREE', align: 'right', text: ({ freeBytes }) => formatBytes(freeBytes) },
    { head: 'CHUNKS', align: 'right', text: ({ chunks }) => String(chunks) },
    { head: 'HEARD', align: 'right', text: ({ heardMsAgo }) => formatAge(heardMsAgo) },
    { head: 'ADDRESS', text: ({ address }) => address },
    { head: 'HOST', wide: true, text: ({ host }) => host },
    { head: 'ZONE', wide: true, text: ({ zone }) => zone },
    { head: 'BOOT', wide: true, align: 'right', text: ({ boot }) => String(boot) },
    { head: 'SEEN', wide: true, text: ({ sight }) => sight ?? '' },
    { head: 'REASON', wide: true, text: ({ stateReason }) => stateReason ?? '' },
  ],
  name: ({ id }) => id,
};

export function addNode(program: Command, start: Start): void {
  const node = program.command('node').summary('datanodes and their states');

  node
    .command('ls')
    .summary('list the datanodes')
    .action(async (_options: object, command: Command) => {
      const context = start(command);
      const { nodes } = await context.master().ask('GET', '/api/nodes', nodesSchema, context.signal);
      await context.output.list([nodes], nodeShape);
    });

  node
    .command('clear')
    .summary('end the quarantine of a node: its volume is scrubbed, its copies are checked')
    .argument('<id>')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: { yes?: true }, command: Command) => {
      const context = start(command);
      await context.confirm(`This lets the quarantined node ${id} take part again after a scrub of its volume.`, options.yes === true);
      await context.master().ask('POST', `/api/nodes/${encodeURIComponent(id)}/clear`, okSchema, context.signal);
      await context.output.result({ node: id, status: 'begun' }, `${id}: the check has begun; watch it with: aether node ls`, id);
    });

  node
    .command('forget')
    .summary('forget a node that is lost for good, once its copies are made anew elsewhere')
    .argument('<id>')
    .option('--yes', 'do not ask')
    .action(async (id: string, options: { yes?: true }, command: Command) => {
      const context = start(command);
      await context.confirm(`This forgets the node ${id} for ever: should its volume come back, it is refused.`, options.yes === true);
      await context.master().ask('DELETE', `/api/nodes/${encodeURIComponent(id)}`, okSchema, context.signal);
      await context.output.result({ node: id, status: 'forgotten' }, `${id} is forgotten`, id);
    });
}

/** The nodes as a table, as a part of a larger text. */
export function nodeTable(nodes: readonly Node[], wide: boolean): string {
  return new Table(nodeShape.columns, { wide, head: true }).write(nodes).trimEnd();
}

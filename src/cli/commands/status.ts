import type { Command } from 'commander';
import { usageError } from '../cli-error.js';
import { nodesSchema, statusSchema, type Node, type Status } from '../client/rest-shapes.js';
import type { Context, Start } from '../context.js';
import { exitCode } from '../exit-code.js';
import { formatAge, formatBytes, formatCount } from '../output.js';
import { nodeTable } from './node.js';

interface StatusOptions {
  watch?: true;
  interval: string;
  exitCode?: true;
}

export function addStatus(program: Command, start: Start): void {
  program
    .command('status')
    .summary('one screen: what is at risk, capacity, nodes, repair')
    .option('--watch', 'draw it anew until Ctrl-C')
    .option('--interval <seconds>', 'with --watch', '2')
    .option('--exit-code', 'exit with 8 unless the store is healthy')
    .action(async (options: StatusOptions, command: Command) => {
      const context = start(command);
      const intervalMs = intervalOf(options);
      for (;;) {
        const status = await show(context, options.watch === true);
        if (options.exitCode) context.exitCode = status.verdict === 'healthy' ? exitCode.ok : exitCode.unhealthy;
        if (options.watch !== true) return;
        await context.environment.clock.sleep(intervalMs, context.signal).catch(() => undefined);
        if (context.signal.aborted) return; // the way to end a watch
      }
    });
}

function intervalOf({ interval }: StatusOptions): number {
  const seconds = Number(interval);
  if (!(seconds >= 0.2 && seconds <= 3600)) throw usageError(`--interval ${interval}: seconds from 0.2 to 3600 are wanted.`);
  return seconds * 1000;
}

async function show(context: Context, redraw: boolean): Promise<Status> {
  const master = context.master();
  const [status, { nodes }] = await Promise.all([
    master.ask('GET', '/api/status', statusSchema, context.signal),
    master.ask('GET', '/api/nodes', nodesSchema, context.signal),
  ]);
  const { output, environment } = context;
  if (redraw && environment.outputIsTerminal && !output.isJson) await output.write('\x1b[H\x1b[2J');
  await output.result({ ...status, nodeList: nodes }, screen(context, status, nodes), status.verdict);
  return status;
}

function screen(context: Context, status: Status, nodes: readonly Node[]): string {
  const { colors } = context;
  const good = status.verdict === 'healthy';
  const verdict = (good ? colors.green : colors.red)(status.verdict.toUpperCase());
  const sum = (of: (node: Node) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  const capacity = sum((node) => node.capacityBytes);
  const used = capacity - sum((node) => node.freeBytes);
  const hosts = new Set(nodes.map(({ host }) => host)).size;
  const { counts } = status;
  const count = (name: string): number => counts[name] ?? 0;
  const lines = [
    `${verdict}  ${status.words.join(' ')}`,
    '',
    `copies     ${status.replicationFactor}, ${status.writeQuorum} synced before a write is acknowledged; writes go on after the loss of ${formatCount(status.writesSurviveNodes, 'node')}`,
    `data       ${formatCount(count('objects'), 'object')} in ${formatCount(count('buckets'), 'bucket')}, ${formatBytes(count('objectBytes'))}; ${formatCount(count('chunks'), 'chunk')}`,
    `disks      ${formatBytes(used)} of ${formatBytes(capacity)} used${capacity > 0 ? ` (${Math.round((100 * used) / capacity)} %)` : ''}, other files included${hosts < nodes.length ? '; a disk that several nodes share is counted for each of them' : ''}`,
    `repair     ${repairWords(status, context.environment.clock.wallMs())}; ${status.copiesUnderWay} copies under way`,
    `garbage    ${count('garbage')} bodies to work off, ${count('doomed')} copies to delete`,
    '',
  ];
  return `${lines.join('\n')}\n${nodeTable(nodes, context.output.format === 'wide')}`;
}

/** What the last count of all chunks said, and what was written since with too few copies. */
function repairWords({ census, counts }: Status, nowWallMs: number): string {
  if (census === null) return 'not all chunks are counted yet';
  const [chunks, under] = [counts['chunks'] ?? 0, counts['under'] ?? 0];
  const words = `${Math.max(census.short, under)} of ${chunks} chunks short of copies, ${census.atRisk} with one left, ${census.none} with none`;
  return census.chunks === chunks ? words : `${words} (counted ${formatAge(nowWallMs - census.takenAtWallMs)} ago)`;
}

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import type { Clock } from '../base/clock.js';
import { ConfigError } from '../base/config/config-error.js';
import { lockFile } from '../base/file-lock.js';
import { readableLine } from '../base/log-line.js';
import type { Random } from '../base/random.js';
import type { RunningRole } from '../base/running-role.js';
import { StartRefused } from '../base/start-refused.js';
import { Supervisor } from '../base/supervisor.js';
import { ChildOutput } from './child-output.js';
import { credentialsEnv, readAccess } from './dev-access.js';
import { childEnvironment, childFlags, type DevGiven } from './dev-children.js';
import { makeDevFolder, orDiskFull, refuseFewerNodes } from './dev-folder.js';
import { devLayout, loopback, type DevLayout } from './dev-layout.js';
import { RefusedNodes } from './dev-refused.js';
import { makeBucket, untilNodesLive } from './dev-ready.js';
import { devScreen } from './dev-screen.js';
import { initSecrets } from './init-secrets.js';
import { portsInUse } from './ports-in-use.js';

const bucket = 'demo';
/** When not everything is up by then, the lines of the children are shown, since something is wrong. */
const upWithinMs = 60_000;

export interface DevOptions extends DevGiven {
  /** What stands before the role on the command line: node's own flags and the script. */
  program: readonly string[];
  print: (text: string) => void;
  /** `monotonicMs` at which the command was given. */
  givenMs: number;
}

/** The highest that TCP has. */
const portMax = 65_535;

/** Starts a whole store as child processes of this one, and shows how to reach it. */
export async function startDev(options: DevOptions, parts: { clock: Clock; random: Random }): Promise<RunningRole> {
  const { settings } = options.loaded;
  if (settings.nodes < settings.writeQuorum) {
    const ways = `--nodes ${settings.writeQuorum}, or --write-quorum ${settings.nodes} (an acknowledged write is then on ${settings.nodes} disks only)`;
    throw new ConfigError(`--nodes ${settings.nodes}: too few for the ${settings.writeQuorum} copies that a write needs; try ${ways}`);
  }
  const dir = resolve(settings.dir);
  const layout = devLayout({ dir, nodes: settings.nodes, port: settings.port });
  const surplus = Math.max(...layout.nodes.map(({ adminPort }) => adminPort)) - portMax;
  if (surplus > 0)
    throw new ConfigError(`--port: ${settings.port} is too high, the other ports follow from it: at most ${settings.port - surplus}`);

  // 1. Folder and secrets: made at the first start, found at the next.
  const access = await orDiskFull(dir, async () => {
    await makeDevFolder(dir);
    await refuseFewerNodes(dir, settings.nodes);
    lockFile(join(dir, 'LOCK'), 'the other aetherstore dev on this folder'); // for life
    await refusePortsInUse(layout);
    await initSecrets(layout.secretsFolder, parts.random);
    const found = await readAccess(layout, settings.region);
    await writeUnlessSame(layout.credentialsPath, credentialsEnv(found));
    return found;
  });

  // 2. All processes at once: each waits for those it needs by itself.
  const output = new ChildOutput(options.print);
  const refused = new RefusedNodes(layout.nodes, settings.writeQuorum);
  const supervisor = new Supervisor(
    {
      onLine: (name, line) => output.take(readableLine(name, line)),
      onRefused(name, reason) {
        const isLeftOut = refused.add(name, reason);
        if (isLeftOut) output.take(leftOutWords(reason));
        return isLeftOut;
      },
      onRestart: (name, how, againInMs) => output.take(`${name} ${how}, starts again in ${(againInMs / 1000).toFixed(1)} s`),
    },
    parts,
  );
  const environment = childEnvironment(options, layout);
  const up = childFlags(layout).map(({ name, flags }) => supervisor.start({ name, args: [...options.program, ...flags], environment }));
  const failed = supervisor.failed.finally(() => output.end());

  // 3. The screen, once every datanode that starts is live and the bucket is there.
  const stopped = new AbortController();
  const waiting = { clock: parts.clock, signal: stopped.signal };
  const show = async (): Promise<void> => {
    await Promise.all(up);
    await untilNodesLive(access, () => refused.others.length, waiting);
    await makeBucket(access, bucket, waiting);
    output.forget();
    const startedInMs = parts.clock.monotonicMs() - options.givenMs;
    const nodeAddresses = refused.others.map((node) => `http://${loopback}:${node.port}`);
    const nodesRefused = refused.reasons.length;
    options.print(devScreen({ ...settings, ...access, ...layout, bucket, dir, nodeAddresses, nodesRefused, startedInMs }));
    for (const reason of refused.reasons) options.print(leftOutWords(reason));
  };
  const late = parts.clock.setTimer(upWithinMs, () => {
    options.print(`not everything is up after ${upWithinMs / 1000} s; what the processes say:`);
    output.release();
  });
  show().then(
    () => late.cancel(),
    () => late.cancel(), // dev stops before everything was up
  );

  // 4. Clients first, so that what they have begun can still be finished.
  const stop = async (): Promise<void> => {
    stopped.abort(new Error('dev stops'));
    output.release();
    const deadlineMs = parts.clock.monotonicMs() + settings.stopDeadlineMs;
    for (const names of [[layout.gateway.name], layout.nodes.map((node) => node.name), [layout.master.name]]) {
      await supervisor.stop(Math.max(0, deadlineMs - parts.clock.monotonicMs()), names);
    }
  };
  let stopping: Promise<void> | null = null;
  return { failed, stop: () => (stopping ??= stop()) };
}

function leftOutWords(reason: string): string {
  return `${reason}\nThe store goes on without it until the next start.`;
}

/** A start that changes nothing needs no space on the disk. */
async function writeUnlessSame(path: string, content: string): Promise<void> {
  const old = await readFile(path, 'utf8').catch(() => null);
  if (old !== content) await writeFileAtomic(path, content);
}

async function refusePortsInUse(layout: DevLayout): Promise<void> {
  const wanted = new Map<number, string>();
  for (const { name, port, adminPort } of [layout.gateway, layout.master, ...layout.nodes]) {
    wanted.set(port, name);
    wanted.set(adminPort, `${name}'s admin port`);
  }
  const taken = await portsInUse(loopback, [...wanted.keys()]);
  if (taken.length === 0) return;
  const named = taken.map((port) => `${port} (${wanted.get(port)})`).join(', ');
  throw new StartRefused(`in use already: port ${named}; try --port with another number, the other ports follow from it`);
}

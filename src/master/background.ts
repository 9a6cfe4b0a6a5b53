import { Backoff } from '../base/backoff.js';
import { TaskLoop, type Task } from '../base/task-loop.js';
import type { MetadataStore } from '../metadata/store.js';
import { isAlive } from '../model/node-state.js';
import { ClearQuarantine } from './clear-quarantine.js';
import { CopyChecker } from './copy-checker.js';
import { Expiry } from './expiry.js';
import { Garbage } from './garbage.js';
import { Generation } from './generation.js';
import type { Liveness } from './liveness.js';
import type { KnownNode, NodeRegistry } from './node-registry.js';
import type { MasterOptions, MasterParts } from './options.js';
import type { OrderBook } from './order-book.js';
import { Recheck } from './recheck.js';
import { Repair } from './repair.js';
import { Suspicions } from './suspicions.js';

const backoffLimits = { firstDelayMs: 200, maxDelayMs: 30_000 };

type TaskName = 'silence' | 'repair' | 'recheck' | 'clear' | 'garbage' | 'expiry' | 'generation';

export interface BackgroundParts extends MasterParts {
  store: MetadataStore;
  registry: NodeRegistry;
  orders: OrderBook;
  liveness: Liveness;
  judgeEveryMs: number;
}

/** What a master does without being asked. */
export interface Background {
  repair: Repair;
  checker: CopyChecker;
  suspicions: Suspicions;
  start(): void;
  /** Resolves when every unit under way has ended; whoever waits for an order learns that it is lost. */
  stop(): Promise<void>;
}

/** Makes all work that runs by itself, and ties it to changes of the nodes; nothing runs before `start`. */
export function createBackground(options: MasterOptions, parts: BackgroundParts): Background {
  const { store, registry, orders, liveness, judgeEveryMs, clock, random, log } = parts;
  const { replicationFactor, heartbeatMs: roundMs } = options;
  const wallMs = (): number => clock.wallMs();

  const checker = new CopyChecker({ store, orders, wallMs, log, replicationFactor, dropped: () => wake('repair') });
  const suspicions = new Suspicions({ store, registry, checker, log });
  const repair = new Repair({ ...parts, replicationFactor, repairYoungMs: options.repairYoungMs, roundMs });
  const garbage = new Garbage({ store, registry, orders, wallMs, log, deleteGraceMs: options.deleteGraceMs, roundMs });
  const tasks: Record<TaskName, Task> = {
    silence: {
      name: 'judge silence',
      async work() {
        await liveness.judgeSilence();
        orders.expire();
        return judgeEveryMs;
      },
    },
    repair,
    recheck: new Recheck({ store, registry, checker, liveness, retryMs: roundMs }),
    clear: new ClearQuarantine({ registry, orders, log, retryMs: roundMs }),
    garbage,
    expiry: new Expiry(store, wallMs),
    generation: new Generation({ store, registry, clock, log, generationMs: options.generationMs }),
  };
  const loops = new Map(
    Object.entries(tasks).map(([name, task]) => [name, new TaskLoop(task, { clock, log, backoff: new Backoff(backoffLimits, random) })]),
  );
  const wake = (name: TaskName): void => loops.get(name)?.wake();

  for (const node of registry.all()) if (takesOrders(node)) orders.open(node.nodeId);
  registry.onChange(({ before, after }) => {
    if (after === null) orders.drop(before.nodeId);
    else if (takesOrders(after)) orders.open(after.nodeId);
    else if (after.state !== 'suspect') orders.drop(after.nodeId);
    if (after?.cleared !== before?.cleared) wake('clear');
    if (after?.state === before?.state) return;
    wake('repair');
    wake('recheck');
    wake('garbage');
  });

  return {
    repair,
    checker,
    suspicions,
    start() {
      for (const loop of loops.values()) loop.start();
    },
    async stop() {
      orders.close(); // long polls end too
      await Promise.all([...loops.values()].map((loop) => loop.stop()));
      await Promise.all([suspicions.stop(), repair.ended(), garbage.ended()]);
    },
  };
}

/** A quarantined node is asked to scrub itself. */
function takesOrders(node: KnownNode): boolean {
  return isAlive(node.state) || node.state === 'quarantined';
}

import { createAdminServer } from '../base/admin-server.js';
import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Log } from '../base/log.js';
import type { Random } from '../base/random.js';
import type { RunningRole } from '../base/running-role.js';
import { TaskLoop } from '../base/task-loop.js';
import { ApiClient } from './api-client.js';
import { BudgetCheck } from './budget-check.js';
import { ClusterCaches } from './cluster-caches.js';
import { ClusterView } from './cluster-view.js';
import type { Credentials } from './credentials.js';
import { Events } from './events.js';
import { LeaderElection } from './leader-election.js';
import { MasterPort } from './master-port.js';
import { ControllerMetrics } from './metrics.js';
import { ReportNodes } from './report-nodes.js';
import { SecretKeeper } from './secret-keeper.js';
import { StoreSecret } from './secret.js';
import { Teller } from './teller.js';
import { Upkeep } from './upkeep.js';
import { VolumeGrower } from './volume-grower.js';

const taskBackoff = { firstDelayMs: 500, maxDelayMs: 10_000 };

/** Everything a controller can be told; units end the names. */
export interface ControllerOptions {
  listenHost: string;
  /** Metrics and probes; 0 takes any free one. */
  adminPort: number;
  /** How the API server is reached. */
  credentials: Credentials;
  namespace: string;
  /** The label app.kubernetes.io/instance of all that belongs to the store. */
  releaseName: string;
  /** What the names of its objects begin with. */
  fullname: string;
  /** Names this process in the election; no other one has it. */
  podName: string;
  masterAddress: string;
  secretName: string;
  /** Its key with the cluster secret. */
  clusterSecretKey: string;
  secretCreate: boolean;
  /** Whether the machines of the cluster may be seen. */
  clusterScoped: boolean;
  /** Of each datanode, as Kubernetes writes it; null: left as it is. */
  volumeSize: string | null;
  /** The longest between two reports to the master. */
  clusterReportMs: number;
}

export interface ControllerParts {
  clock: Clock;
  random: Random;
  log: Log;
}

export interface RunningController extends RunningRole {
  adminPort: number;
  /** Of two controllers one acts. */
  readonly isLeader: boolean;
}

/** Starts a controller. It keeps nothing: all that it knows comes from the API server and the master. */
export async function startController(options: ControllerOptions, parts: ControllerParts): Promise<RunningController> {
  const { clock, random, log } = parts;
  const { namespace, releaseName, fullname, podName } = options;
  const ours = { 'app.kubernetes.io/name': 'aetherstore', 'app.kubernetes.io/instance': releaseName };
  const labels = { ...ours, 'app.kubernetes.io/part-of': 'aetherstore', 'app.kubernetes.io/managed-by': 'aetherstore-controller' };
  const setName = `${fullname}-datanode`;

  // 1. What it sees, and whether it leads.
  const api = new ApiClient({ credentials: options.credentials, namespace }, parts);
  const labelSelector = Object.entries(ours)
    .map((label) => label.join('='))
    .join(',');
  const caches = new ClusterCaches({ labelSelector, clusterScoped: options.clusterScoped }, { api, ...parts });
  const election = new LeaderElection({ leaseName: `${fullname}-controller`, identity: podName }, { api, ...parts });
  const view = new ClusterView({ namespace, setName, caches, election });

  // 2. Whom it tells.
  const metrics = new ControllerMetrics();
  const events = new Events({ instance: podName }, { api, clock, log, onOutcome: (outcome) => metrics.countEvent(outcome) });
  const teller = new Teller({ log, events, metrics });
  const { secretName, clusterSecretKey, secretCreate } = options;
  const secret = new StoreSecret({ name: secretName, clusterSecretKey, create: secretCreate, labels }, { api, random });
  const master = new MasterPort({ address: options.masterAddress, secrets: () => secret.clusterSecrets }, parts);

  // 3. What it does, each as a loop that is woken by changes.
  const report = new ReportNodes(
    {
      names: { namespace, setName },
      holder: podName,
      reportMs: options.clusterReportMs,
      hasSecret: () => secret.clusterSecrets.length > 0,
      onOutbid: (epoch) => election.outbid(epoch),
    },
    { api, view, master, teller, metrics, ...parts },
  );
  const secretKeeper = new SecretKeeper({ api, view, secret, onSecret: () => reporting.wake(), teller, clock });
  const budgetCheck = new BudgetCheck({ api, view, teller, clock });
  const volumeGrower = new VolumeGrower({ volumeSize: options.volumeSize }, { api, view, secret, teller, clock });
  const upkeep = new Upkeep(
    {
      secret: (signal) => secretKeeper.keep(signal),
      claims: (signal) => secretKeeper.mark(signal),
      budget: (signal) => budgetCheck.check(signal),
      growth: (signal) => volumeGrower.grow(signal),
    },
    { view, metrics, log },
  );
  const loop = (name: string, work: (signal: AbortSignal) => Promise<number>): TaskLoop =>
    new TaskLoop({ name, work }, { clock, log, backoff: new Backoff(taskBackoff, random) });
  const reporting = loop('report to the master', (signal) => report.work(signal));
  const upkeeping = loop('keep the objects of Kubernetes', (signal) => upkeep.work(signal));
  caches.onChange(() => reporting.wake());
  caches.statefulSets.onChange(() => upkeeping.wake());
  caches.claims.onChange(() => upkeeping.wake());
  election.onChange(() => {
    reporting.wake();
    upkeeping.wake();
  });

  // 4. The admin port. Alive also while blind: a restart would not make the API server answer.
  metrics.watch({
    isLeader: () => election.isLeader,
    epoch: () => election.epoch,
    isBlind: () => caches.blind,
    isPaused: () => view.isPaused,
    isSecretLost: () => secretKeeper.isLost,
    caches: () => caches.statuses(),
    reportAgeMs: () => report.reportAgeMs(),
  });
  let isStopping = false;
  const ready = (): true | string =>
    isStopping ? 'stopping' : caches.blind ? 'blind: the API server has not been heard of for too long' : true;
  const admin = await createAdminServer({ host: options.listenHost, port: options.adminPort, metrics: () => metrics.render(), ready });
  caches.start();
  election.start();
  reporting.start();
  upkeeping.start();
  log.info({ adminPort: admin.port, namespace, release: releaseName, podName }, 'the controller watches');

  // 5. The way down: what acts ends before the lease is given back, so that two never act at once.
  const stop = async (): Promise<void> => {
    isStopping = true;
    await Promise.all([reporting.stop(), upkeeping.stop()]);
    await events.stop();
    await election.stop();
    await Promise.all([caches.stop(), master.close()]);
    api.close();
    await admin.close();
  };
  let stopped: Promise<void> | null = null;
  return {
    adminPort: admin.port,
    get isLeader() {
      return election.isLeader;
    },
    failed: new Promise(() => undefined),
    stop: () => (stopped ??= stop()),
  };
}

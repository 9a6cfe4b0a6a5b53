import type { Clock } from '../base/clock.js';
import { systemClock } from '../base/clock.js';
import { silentLog, type Log } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import type { Claim, KubeEvent, KubeNode, Pod } from '../controller/cluster-api.js';
import { startController, type ControllerOptions, type RunningController } from '../controller/controller.js';
import { addressOf } from '../controller/sights.js';
import { FakeApiServer } from './fake-api-server.js';
import type { ManagedDatanode } from './managed-datanode.js';
import { MasterUnderTest, secretUnderTest } from './master-under-test.js';

const labels = { 'app.kubernetes.io/name': 'aetherstore', 'app.kubernetes.io/instance': 'r' };
const fullname = 'r-aetherstore';
export const setName = `${fullname}-datanode`;
export const secretName = `${fullname}-secrets`;

export interface LogLine {
  level: string;
  message: string;
  [fact: string]: unknown;
}

/** A fake API server with the objects of a release, a real master, datanodes on its wire, and real controllers. */
export class StoreInKubernetes {
  readonly api = new FakeApiServer();
  readonly lines: LogLine[] = [];
  readonly datanodes: ManagedDatanode[] = [];
  readonly controllers: RunningController[] = [];
  master!: MasterUnderTest;

  static async start(options: { replicas?: number; hasSecret?: boolean } = {}): Promise<StoreInKubernetes> {
    const { replicas = 3, hasSecret = true } = options;
    const store = new StoreInKubernetes();
    await store.api.start();
    store.master = await MasterUnderTest.start();
    store.#release(replicas, hasSecret);
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
      const advertisedAddress = addressOf(podName(ordinal), { namespace: store.api.namespace, setName });
      store.datanodes.push(await store.master.addNode({ advertisedAddress, host: `machine-${ordinal}` }));
    }
    return store;
  }

  #release(replicas: number, hasSecret: boolean): void {
    const { cluster } = this.api;
    const template = { metadata: { name: 'data' }, spec: { resources: { requests: { storage: '10Gi' } } } };
    cluster.create('statefulsets', {
      metadata: { name: setName, labels, generation: 1 },
      spec: { replicas, serviceName: setName, selector: { matchLabels: labels }, volumeClaimTemplates: [template] },
    });
    cluster.create('poddisruptionbudgets', {
      metadata: { name: setName, labels },
      spec: { maxUnavailable: 1, selector: { matchLabels: labels } },
    });
    for (let ordinal = 0; ordinal < replicas; ordinal += 1) {
      const zone = { 'topology.kubernetes.io/zone': `zone-${ordinal}` };
      cluster.create('nodes', { metadata: { name: `machine-${ordinal}`, labels: zone }, ...machineState('True') });
      this.createClaim(ordinal);
      this.createPod(ordinal);
    }
    const data = { 'cluster-secret': Buffer.from(secretUnderTest).toString('base64') };
    if (hasSecret) cluster.create('secrets', { metadata: { name: secretName }, data });
  }

  createPod(ordinal: number, ready = true): void {
    this.api.cluster.create('pods', {
      metadata: { name: podName(ordinal), labels },
      spec: { nodeName: `machine-${ordinal}` },
      ...podState(ready),
    });
  }

  createClaim(ordinal: number): void {
    const claim: Omit<Claim, 'metadata'> = { spec: { resources: { requests: { storage: '10Gi' } } }, status: { phase: 'Bound' } };
    this.api.cluster.create('persistentvolumeclaims', { metadata: { name: claimName(ordinal), labels }, ...claim });
  }

  setReady(ordinal: number, ready: boolean): void {
    this.api.cluster.mergePatch('pods', podName(ordinal), podState(ready));
  }

  setMachine(ordinal: number, ready: 'True' | 'Unknown'): void {
    this.api.cluster.mergePatch('nodes', `machine-${ordinal}`, machineState(ready));
  }

  async startController(changes: Partial<ControllerOptions> & { clock?: Clock } = {}): Promise<RunningController> {
    const { clock = systemClock, ...options } = changes;
    const { token, namespace, url } = this.api;
    const controller = await startController(
      {
        listenHost: '127.0.0.1',
        adminPort: 0,
        credentials: { server: new URL(url), requestOptions: () => Promise.resolve({ headers: { authorization: `Bearer ${token}` } }) },
        namespace,
        releaseName: 'r',
        fullname,
        podName: `controller-${this.controllers.length}`,
        masterAddress: this.master.address,
        secretName,
        clusterSecretKey: 'cluster-secret',
        secretCreate: false,
        clusterScoped: true,
        volumeSize: null,
        clusterReportMs: 1000,
        ...options,
      },
      { clock, random: systemRandom, log: this.#log() },
    );
    this.controllers.push(controller);
    return controller;
  }

  /** Until it leads and the master has taken a report, and what that led to has been done. */
  async converged(controller: RunningController): Promise<void> {
    await this.until('the controller has converged', async () => {
      const metrics = await this.metrics(controller);
      return (
        /reconciles_total\{step="report",result="done",role="controller"\} [2-9]/.test(metrics) &&
        /step="growth",result="done"/.test(metrics)
      );
    });
  }

  async metrics(controller: RunningController): Promise<string> {
    return (await fetch(`http://127.0.0.1:${controller.adminPort}/metrics`)).text();
  }

  async probe(controller: RunningController, path: 'livez' | 'readyz'): Promise<number> {
    return (await fetch(`http://127.0.0.1:${controller.adminPort}/${path}`)).status;
  }

  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    return this.master.until(what, holds);
  }

  /** By reason. */
  events(reason: string): KubeEvent[] {
    return this.api.cluster.list('events').filter((event) => event.reason === reason);
  }

  /** Calls that change something, but for those on the Lease. */
  get writes(): number {
    return [...this.api.calls]
      .filter(([call]) => /^(create|update|patch|delete) (?!leases)/.test(call))
      .reduce((sum, [, times]) => sum + times, 0);
  }

  get refusedCalls(): number {
    return [...this.api.answers].filter(([status]) => status >= 400).reduce((sum, [, times]) => sum + times, 0);
  }

  async stop(): Promise<void> {
    await Promise.all(this.controllers.map((controller) => controller.stop()));
    await this.master.close();
    await this.api.stop();
  }

  #log(): Log {
    const line =
      (level: string) =>
      (facts: object | string, message?: string): void =>
        void this.lines.push(typeof facts === 'string' ? { level, message: facts } : { ...facts, level, message: message ?? '' });
    const levels = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error'), fatal: line('fatal') };
    return { ...silentLog, ...levels, child: () => this.#log() } as Log;
  }
}

export function podName(ordinal: number): string {
  return `${setName}-${ordinal}`;
}

export function claimName(ordinal: number): string {
  return `data-${podName(ordinal)}`;
}

function podState(ready: boolean): Pick<Pod, 'status'> {
  return { status: { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] } };
}

function machineState(ready: 'True' | 'Unknown'): Pick<KubeNode, 'status'> {
  return { status: { conditions: [{ type: 'Ready', status: ready }] } };
}

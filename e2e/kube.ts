import { command, tryCommand, type Ran } from './command.js';
import { until } from './until.js';
import type { Event } from './timeouts.js';

/** What of a Kubernetes object tests read. */
export interface KubeObject {
  metadata: {
    name: string;
    uid: string;
    deletionTimestamp?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: Record<string, unknown> & { nodeName?: string; replicas?: number };
  status?: Record<string, unknown> & {
    phase?: string;
    podIP?: string;
    conditions?: { type: string; status: string }[];
    containerStatuses?: { name: string; restartCount: number; ready: boolean }[];
    addresses?: { type: string; address: string }[];
  };
  /** Of an Event. */
  reason?: string;
  message?: string;
  involvedObject?: { name: string };
  reportingComponent?: string;
}

export function isReady(object: KubeObject): boolean {
  return object.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** kubectl in one namespace of the test cluster; never of the context that a person works in. */
export class Kube {
  readonly namespace: string;
  readonly #context: string;

  constructor(context: string, namespace: string) {
    this.#context = context;
    this.namespace = namespace;
  }

  /** Arguments that pin cluster and namespace. */
  get pins(): string[] {
    return ['--context', this.#context, '--namespace', this.namespace];
  }

  run(args: readonly string[], event?: Event, input?: string): Promise<string> {
    return command('kubectl', [...this.pins, ...args], event, input);
  }

  tryRun(args: readonly string[], event?: Event): Promise<Ran> {
    return tryCommand('kubectl', [...this.pins, ...args], event);
  }

  async get(kind: string, name: string): Promise<KubeObject | null> {
    const ran = await this.tryRun(['get', kind, name, '-o', 'json', '--ignore-not-found']);
    if (ran.code !== 0) throw new Error(ran.stderr);
    return ran.stdout.trim() === '' ? null : (JSON.parse(ran.stdout) as KubeObject);
  }

  async list(kind: string, selector = ''): Promise<KubeObject[]> {
    const chosen = selector === '' ? [] : ['-l', selector];
    return (JSON.parse(await this.run(['get', kind, ...chosen, '-o', 'json'])) as { items: KubeObject[] }).items;
  }

  apply(manifest: string): Promise<string> {
    return this.run(['apply', '-f', '-'], 'command', manifest);
  }

  /** The pod of that name, once it is another one than before and Ready. */
  untilReplaced(name: string, uidBefore: string): Promise<KubeObject> {
    return until('podReady', `${name} is a new pod and Ready`, async () => {
      const pod = await this.get('pod', name);
      return pod !== null && pod.metadata.uid !== uidBefore && isReady(pod) ? pod : null;
    });
  }

  /** All pods of a component, once there are so many and all are Ready. */
  untilReady(component: string, count: number): Promise<KubeObject[]> {
    return until('podReady', `${count} pods of ${component} are Ready`, async () => {
      const pods = (await this.list('pods', `app.kubernetes.io/component=${component}`)).filter((pod) => !pod.metadata.deletionTimestamp);
      return pods.length === count && pods.every(isReady) ? pods : null;
    });
  }

  /** A worker of the cluster, once it is Ready or not. */
  untilNode(name: string, ready: boolean): Promise<KubeObject> {
    return until(ready ? 'nodeReady' : 'nodeNotReady', `${name} is ${ready ? '' : 'not '}Ready`, async () => {
      const node = await this.get('node', name);
      return node !== null && isReady(node) === ready ? node : null;
    });
  }
}

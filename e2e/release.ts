import { createHash } from 'node:crypto';
import { must } from '../src/base/must.js';
import type { S3TestClientOptions } from '../src/testing/s3-test-client.js';
import { command, tryCommand, type Ran } from './command.js';
import { isReady, type Kube, type KubeObject } from './kube.js';
import { timeoutMs } from './timeouts.js';
import { until } from './until.js';

const chart = 'charts/aetherstore';

/** A node as the master tells of it. */
export interface StoreNode {
  id: string;
  address: string;
  state: string;
  host: string;
  zone: string | null;
  chunks: number;
}

/** What the chart is given; numbers and words only. */
export type Values = Readonly<Record<string, string | number | boolean>>;

export interface ReleaseOptions {
  kube: Kube;
  name: string;
  image: { repository: string; tag: string };
  values: Values;
  /** Names of files in the chart's folder `presets`. */
  presets?: readonly string[];
}

export interface Doors {
  /** Name of a worker. */
  losing?: string;
  requestTimeoutMs?: number;
}

/** One install of the chart, and the store that it made. */
export class Release {
  readonly kube: Kube;
  readonly name: string;
  readonly fullname: string;
  readonly #image: ReleaseOptions['image'];
  readonly #presets: readonly string[];
  readonly #values: Values;

  constructor({ kube, name, image, values, presets = ['small'] }: ReleaseOptions) {
    this.kube = kube;
    this.name = name;
    this.fullname = fullnameOf(name);
    this.#image = image;
    this.#values = values;
    this.#presets = presets;
  }

  /** Answers what NOTES.txt says. */
  install(): Promise<string> {
    const { repository, tag } = this.#image;
    const image = { 'image.repository': repository, 'image.tag': tag, 'image.pullPolicy': 'Never' };
    const presets = this.#presets.flatMap((preset) => ['-f', `${chart}/presets/${preset}.yaml`]);
    return this.#helm('install', [...presets, ...given({ ...image, ...this.#values })]);
  }

  /** As the documentation says it: what was given before stays. */
  upgrade(changed: Values = {}): Promise<string> {
    return this.#helm('upgrade', ['--reset-then-reuse-values', ...given(changed)]);
  }

  async uninstall(): Promise<void> {
    await command('helm', ['uninstall', this.name, ...this.#pins, '--wait', '--timeout', seconds('uninstall')], 'uninstall');
    await until('podGone', 'no pod runs any more', async () => ((await this.#runningPods()).length === 0 ? true : null));
  }

  test(): Promise<Ran> {
    return tryCommand('helm', ['test', this.name, ...this.#pins, '--logs', '--timeout', seconds('helmTest')], 'helmTest');
  }

  #helm(verb: 'install' | 'upgrade', flags: readonly string[]): Promise<string> {
    const args = [verb, this.name, chart, ...this.#pins, ...flags, '--wait', '--timeout', seconds('helmInstall')];
    return command('helm', args, 'helmInstall');
  }

  get #pins(): string[] {
    const [, context, , namespace] = this.kube.pins;
    return ['--kube-context', must(context, 'a context'), '--namespace', must(namespace, 'a namespace')];
  }

  /** Without those of finished Jobs. */
  async #runningPods(): Promise<KubeObject[]> {
    const pods = await this.kube.list('pods', `app.kubernetes.io/instance=${this.name}`);
    return pods.filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed');
  }

  async podUids(): Promise<string[]> {
    return (await this.#runningPods()).map(({ metadata }) => metadata.uid);
  }

  pods(component: string): Promise<KubeObject[]> {
    return this.kube.list('pods', `app.kubernetes.io/instance=${this.name},app.kubernetes.io/component=${component}`);
  }

  /** The one pod of the master that is not on its way out. */
  async masterPod(): Promise<KubeObject> {
    const pods = (await this.pods('master')).filter((pod) => !pod.metadata.deletionTimestamp);
    return must(pods[0], 'a pod of the master');
  }

  async secret(key: string): Promise<string> {
    const object = (await this.kube.get('secret', `${this.fullname}-secrets`)) as unknown as { data: Record<string, string> } | null;
    return Buffer.from(must(must(object, 'the secret').data[key], key), 'base64')
      .toString()
      .trim();
  }

  /** How to reach S3 through the port of every worker but one that is about to be lost: nobody can come in by its door. */
  async clientOptions({ losing = '', requestTimeoutMs = timeoutMs('request') }: Doors = {}): Promise<S3TestClientOptions[]> {
    const service = must(await this.kube.get('service', this.fullname), 'the service') as unknown as {
      spec: { ports: { nodePort: number }[] };
    };
    const port = must(service.spec.ports[0], 'a port').nodePort;
    const [accessKeyId = '', secretAccessKey = ''] = (await this.secret('root-credential')).split(':');
    const nodes = (await this.kube.list('nodes')).filter((node) => isReady(node) && node.metadata.name !== losing);
    return nodes.map((node) => {
      const address = must(
        node.status?.addresses?.find(({ type }) => type === 'InternalIP'),
        'an address',
      ).address;
      return { endpoint: `http://${address}:${port}`, credentials: { accessKeyId, secretAccessKey }, timeoutMs: requestTimeoutMs };
    });
  }

  /** Asks the master's REST API from inside its own pod, where no network policy and no forward is in between. */
  async ask<T>(path: string): Promise<T | null> {
    const token = (await this.secret('rest-token')).split('\n')[0];
    const script = `fetch('http://127.0.0.1:42100${path}',{headers:{authorization:'Bearer ${token}'}}).then(async(r)=>console.log(await r.text()))`;
    const { metadata } = await this.masterPod();
    const ran = await this.kube.tryRun(['exec', metadata.name, '-c', 'master', '--', 'node', '-e', script]);
    return ran.code === 0 ? (JSON.parse(ran.stdout) as T) : null;
  }

  async nodes(): Promise<StoreNode[] | null> {
    return (await this.ask<{ nodes: StoreNode[] }>('/api/nodes'))?.nodes ?? null;
  }

  /** The node of a pod, once the master says that it is in that state. Answers how long that took. */
  async untilState(podName: string, states: readonly string[]): Promise<number> {
    const began = performance.now();
    let seen: unknown = null;
    await until(
      'nodeState',
      `${podName} is ${states.join(' or ')}`,
      async () => {
        const node = (await this.nodes())?.find(({ address }) => new URL(address).hostname.startsWith(`${podName}.`));
        seen = node;
        return node && states.includes(node.state) ? node : null;
      },
      () => seen,
    );
    return performance.now() - began;
  }

  /** All nodes live, and no chunk below its target. */
  async untilWhole(nodes: number): Promise<void> {
    let seen: unknown = null;
    await until(
      'healed',
      `${nodes} nodes are live and every chunk has its copies`,
      async () => {
        const status = await this.ask<{ verdict: string }>('/api/status');
        const live = (await this.nodes())?.filter(({ state }) => state === 'live').length;
        seen = { status, live };
        return status?.verdict === 'healthy' && live === nodes ? true : null;
      },
      () => seen,
    );
  }
}

function given(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
}

/** As `_names.tpl` of the chart makes it: another rule would give an upgraded release other volumes. */
function fullnameOf(name: string): string {
  const full = name.includes('aetherstore') ? name : `${name}-aetherstore`;
  if (full.length <= 40) return full;
  return `${full.slice(0, 31).replace(/-$/, '')}-${createHash('sha256').update(full).digest('hex').slice(0, 8)}`;
}

function seconds(event: Parameters<typeof timeoutMs>[0]): string {
  return `${timeoutMs(event) / 1000}s`;
}

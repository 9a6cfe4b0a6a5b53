import { mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { systemRandom } from '../base/random.js';
import { initSecrets, secretPaths, type SecretPaths } from '../cli/init-secrets.js';
import type { Credentials } from '../s3/sign.js';
import { freePorts } from './free-ports.js';
import { RoleProcess } from './role-process.js';
import { S3TestClient } from './s3-test-client.js';

/** The build that tests drive: `npm run build`. */
export const builtProgram = resolve('dist/main.js');

export interface ProcessClusterOptions {
  /** Logs and secrets go here, and the data unless `dataPaths` says otherwise. */
  folder: string;
  datanodes: number;
  gateways: number;
  /** By the name of a process: a folder on a disk of its own. */
  dataPaths?: Record<string, string>;
  /** Every delay of the product is multiplied by this; 1 is what users run. */
  timeFactor: number;
  /** More settings for all processes, and for one by its name. */
  environment?: Record<string, string>;
  environmentOf?: Record<string, Record<string, string>>;
  programPath?: string;
}

interface Member {
  role: 'master' | 'datanode' | 'gateway';
  name: string;
  port: number;
  adminPort: number;
  running: RoleProcess | null;
}

const delaysMs = {
  AETHER_HEARTBEAT_MS: 3000,
  AETHER_SUSPECT_AFTER_MS: 12_000,
  AETHER_DOWN_AFTER_MS: 60_000,
  AETHER_REPAIR_DELAY_MS: 300_000,
  AETHER_REPAIR_YOUNG_MS: 60_000,
  AETHER_START_GRACE_MS: 60_000,
  AETHER_DELETE_GRACE_MS: 3_600_000,
};
/** How long a process may take to answer on its ports, and the whole to take writes. */
const readyMsMax = 60_000;
const pollMs = 25;

/** Master, datanodes and gateways as real processes of the built program on this machine, each datanode a host of its own. */
export class ProcessCluster {
  readonly #options: ProcessClusterOptions;
  readonly #members: Member[];
  readonly secrets: SecretPaths;
  readonly credentials: Credentials;

  private constructor(options: ProcessClusterOptions, members: Member[], secrets: SecretPaths) {
    this.#options = options;
    this.#members = members;
    this.secrets = secrets;
    const [accessKeyId, secretAccessKey] = readFileSync(secrets.rootCredential, 'utf8').trim().split(':') as [string, string];
    this.credentials = { accessKeyId, secretAccessKey };
  }

  /** Makes folders and secrets; starts nothing. */
  static async create(options: ProcessClusterOptions): Promise<ProcessCluster> {
    mkdirSync(join(options.folder, 'logs'), { recursive: true });
    const secretsFolder = join(options.folder, 'secrets');
    mkdirSync(secretsFolder, { recursive: true, mode: 0o700 });
    await initSecrets(secretsFolder, systemRandom);
    const names: Pick<Member, 'role' | 'name'>[] = [
      { role: 'master', name: 'master' },
      ...Array.from({ length: options.datanodes }, (_, index) => ({ role: 'datanode' as const, name: `datanode-${index}` })),
      ...Array.from({ length: options.gateways }, (_, index) => ({ role: 'gateway' as const, name: `gateway-${index}` })),
    ];
    const ports = await freePorts(names.length * 2);
    const members = names.map((named, index) => ({ ...named, port: ports[index * 2]!, adminPort: ports[index * 2 + 1]!, running: null }));
    return new ProcessCluster(options, members, secretPaths(secretsFolder));
  }

  get names(): string[] {
    return this.#members.map((member) => member.name);
  }

  /** Base address of a process's service port. */
  address(name: string): string {
    return `http://127.0.0.1:${this.#member(name).port}`;
  }

  adminAddress(name: string): string {
    return `http://127.0.0.1:${this.#member(name).adminPort}`;
  }

  /** Where a process keeps what it keeps. */
  dataPath(name: string): string {
    return this.#options.dataPaths?.[name] ?? join(this.#options.folder, name);
  }

  process(name: string): RoleProcess {
    const { running } = this.#member(name);
    if (!running) throw new Error(`${name} was never started`);
    return running;
  }

  get restToken(): string {
    return readFileSync(this.secrets.restToken, 'utf8').trim();
  }

  client(gateway = 'gateway-0', timeoutMs = 60_000): S3TestClient {
    return new S3TestClient({ endpoint: this.address(gateway), credentials: this.credentials, timeoutMs });
  }

  start(name: string): RoleProcess {
    const member = this.#member(name);
    if (member.running && member.running.end === null) throw new Error(`${name} runs already`);
    member.running = new RoleProcess({
      programPath: this.#options.programPath ?? builtProgram,
      args: [member.role],
      environment: this.#environment(member),
      logPath: join(this.#options.folder, 'logs', `${name}.log`),
    });
    return member.running;
  }

  /** Starts all and waits until a write is taken. */
  async startAll(): Promise<void> {
    for (const name of this.names) this.start(name);
    await this.whenWritable();
  }

  /** SIGKILL by process id; resolves when the process is gone. */
  async kill(name: string): Promise<void> {
    const running = this.process(name);
    running.kill('SIGKILL');
    await running.ended;
  }

  async killAll(): Promise<void> {
    await Promise.all(this.#members.filter((member) => member.running !== null).map((member) => this.kill(member.name)));
  }

  /** SIGTERM to all, gateways first. */
  async stopAll(): Promise<void> {
    for (const role of ['gateway', 'datanode', 'master'] as const) {
      const running = this.#members.filter((member) => member.role === role && member.running).map((member) => member.running!);
      for (const one of running) one.kill('SIGTERM');
      await Promise.all(running.map((one) => one.ended));
    }
  }

  /** Resolves when `/readyz` of a process says yes. */
  async whenReady(name: string): Promise<void> {
    await this.until(`${name} is ready`, async () => (await fetch(`${this.adminAddress(name)}/readyz`)).ok);
  }

  /** Resolves when every gateway takes a write of W copies. */
  async whenWritable(): Promise<void> {
    const gateways = this.#members.filter((member) => member.role === 'gateway');
    for (const { name } of gateways) {
      const client = this.client(name, 5000);
      await this.until(`${name} takes writes`, async () => {
        const made = await client.request({ method: 'PUT', path: '/readiness' });
        if (made.status !== 200 && made.status !== 409) return false;
        return (await client.request({ method: 'PUT', path: '/readiness/probe', body: Buffer.from('x') })).status === 200;
      });
      client.close();
    }
  }

  /** Resolves when as many datanodes as given are `live` in the master's eyes. */
  async whenLive(count: number): Promise<void> {
    await this.until(`${count} datanodes are live`, async () => {
      const nodes = (await this.masterGet('/api/nodes')) as { nodes: { state: string }[] };
      return nodes.nodes.filter((node) => node.state === 'live').length >= count;
    });
  }

  /** A JSON answer of the master's REST API. */
  async masterGet(path: string): Promise<unknown> {
    const response = await fetch(`${this.address('master')}${path}`, { headers: { authorization: `Bearer ${this.restToken}` } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  /** Asks again and again; an error counts as "not yet". Fails with the last output of every process that ended. */
  async until(what: string, holds: () => Promise<boolean>, waitMsMax = readyMsMax): Promise<void> {
    const endMs = performance.now() + waitMsMax;
    let last: unknown = 'the answer was no';
    while (performance.now() < endMs) {
      try {
        if (await holds()) return;
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new Error(`within ${waitMsMax} ms it did not come true that ${what}: ${String(last)}\n${this.report()}`);
  }

  /** What the processes said last. */
  report(): string {
    const started = this.#members.filter((member) => member.running !== null);
    return started.map(({ name, running }) => `--- ${name} ${JSON.stringify(running!.end)}\n${running!.lastOutput(12)}`).join('\n');
  }

  #member(name: string): Member {
    const found = this.#members.find((member) => member.name === name);
    if (!found) throw new Error(`no process is called ${name}`);
    return found;
  }

  #environment(member: Member): Record<string, string> {
    const { timeFactor, environment, environmentOf } = this.#options;
    const delays = Object.fromEntries(Object.entries(delaysMs).map(([name, ms]) => [name, String(Math.ceil(ms * timeFactor))]));
    const common = {
      AETHER_LISTEN_HOST: '127.0.0.1',
      AETHER_PORT: String(member.port),
      AETHER_ADMIN_PORT: String(member.adminPort),
      AETHER_CLUSTER_SECRET_FILE: this.secrets.clusterSecret,
      AETHER_HEARTBEAT_MS: delays['AETHER_HEARTBEAT_MS']!,
      AETHER_HOST: `host-of-${member.name}`,
      AETHER_LOG_FORMAT: 'json',
    };
    const own = {
      master: { ...delays, AETHER_REST_TOKEN_FILE: this.secrets.restToken, AETHER_DATA_PATH: this.dataPath(member.name) },
      datanode: {
        AETHER_REST_TOKEN_FILE: this.secrets.restToken,
        AETHER_DATA_PATH: this.dataPath(member.name),
        AETHER_MASTER_ADDRESS: this.address('master'),
        AETHER_ADVERTISED_ADDRESS: this.address(member.name),
      },
      gateway: { AETHER_ROOT_CREDENTIAL_FILE: this.secrets.rootCredential, AETHER_MASTER_ADDRESS: this.address('master') },
    }[member.role];
    return { ...common, ...own, ...environment, ...environmentOf?.[member.name] };
  }
}

import { address, choice, count, duration, fraction, port, size, text, yesNo, type SettingType } from './setting-types.js';

/** What `aetherstore` can be told to do; each takes its own settings. */
export const roles = ['master', 'datanode', 'gateway', 'controller', 'dev', 'init', 'health'] as const;
export type Role = (typeof roles)[number];

interface Setting<T> {
  type: SettingType<T>;
  /** As text, read like any other; null: not set. A record where roles differ. */
  default: string | null | Readonly<Partial<Record<Role, string>>>;
  roles: readonly Role[];
  prose: string;
  /** Only as a flag: in an environment that stays it would do harm, or makes no sense. */
  flagOnly?: true;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const MiB = 2 ** 20;
const GiB = 2 ** 30;

const serving = ['master', 'datanode', 'gateway'] as const;
/** With a process that stays, an admin port and a log. */
const running = [...serving, 'controller'] as const;
const all = [...serving, 'dev'] as const;
const clustering = ['master', 'dev'] as const;
const storing = ['datanode', 'dev'] as const;
const path = text('a path');
const kubernetesName = text(
  'a name of Kubernetes: lower-case letters, digits, hyphens and dots',
  /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/,
);
/** Where processes of the store look for their secrets unless told otherwise. */
export const secretsFolder = '/etc/aetherstore/secrets';

/**
 * Every setting of every role, once. Its environment variable is AETHER_ and the name in upper case with underscores
 * (`dataPath`: AETHER_DATA_PATH), its flag the name with hyphens (`--data-path`).
 */
const table = {
  // ---- where things are
  config: {
    type: path,
    default: null,
    roles: [...running, 'dev'],
    prose: 'A file of lines NAME=VALUE with the names of the environment variables.',
  },
  listenHost: {
    type: text('an address of this machine to listen on'),
    default: { master: '0.0.0.0', datanode: '0.0.0.0', gateway: '0.0.0.0', controller: '0.0.0.0' },
    roles: running,
    prose: 'Address to listen on, for the service port and the admin port.',
  },
  port: {
    type: port,
    default: { master: '42100', datanode: '42101', gateway: '9000', dev: '9000' },
    roles: all,
    prose:
      'The service port: REST and wire of master and datanode, S3 of the gateway. For dev the S3 port: with 9000 the others are the well-known ones, with another P the master has P+1, datanodes have P+2 to P+9, admin ports begin at P+10.',
  },
  adminPort: {
    type: port,
    default: { master: '9464', datanode: '9464', gateway: '9464', controller: '9464', health: '9464' },
    roles: [...running, 'health'],
    prose: 'Port of /metrics, /livez and /readyz; never the one that clients use.',
  },
  dataPath: {
    type: path,
    default: { master: '/var/aetherstore/data', datanode: '/var/aetherstore/objects' },
    roles: ['master', 'datanode'],
    prose: 'Folder of the metadata (master) or of the volume (datanode), on a local file system.',
  },
  masterAddress: {
    type: address,
    default: { gateway: 'http://127.0.0.1:42100' },
    roles: ['datanode', 'gateway', 'controller'],
    prose:
      'Where the master is. A datanode without it works alone: REST only, nothing is replicated. A controller takes the Service of its release.',
  },
  advertisedAddress: {
    type: address,
    default: null,
    roles: ['datanode'],
    prose: 'The one address by which everybody reaches this node. Default: http://HOST:PORT.',
  },
  host: {
    type: text('a name without spaces', /^\S{1,253}$/),
    default: null,
    roles: ['datanode'],
    prose: "The machine this process runs on. Copies of one chunk go to different hosts. Default: the machine's hostname.",
  },
  zone: {
    type: text('a name without spaces', /^\S{0,253}$/),
    default: '',
    roles: ['datanode', 'gateway'],
    prose: 'The failure zone of the host. Copies are spread over zones first; reads prefer their own.',
  },
  gateway: {
    type: yesNo,
    default: 'false',
    roles: ['master'],
    prose: 'Also run a gateway, as a child process that is restarted when it ends.',
  },
  gatewayPort: { type: port, default: '9000', roles: ['master'], prose: 'The S3 port of that gateway.' },
  gatewayAdminPort: { type: port, default: '9465', roles: ['master'], prose: 'The admin port of that gateway.' },
  takeOver: {
    type: yesNo,
    default: 'false',
    roles: ['master'],
    flagOnly: true,
    prose: 'Start although another master took over before (this database is marked as fenced).',
  },

  // ---- secrets and doors
  clusterSecretFile: {
    type: path,
    default: `${secretsFolder}/cluster-secret`,
    roles: serving,
    prose: 'The secret that processes prove to each other. Several lines: the first is ours, all are accepted. Read again on change.',
  },
  restTokenFile: {
    type: path,
    default: `${secretsFolder}/rest-token`,
    roles: ['master', 'datanode'],
    prose: 'Bearer tokens of the REST API; same form.',
  },
  rootCredentialFile: {
    type: path,
    default: `${secretsFolder}/root-credential`,
    roles: ['master', 'gateway'],
    prose: 'The S3 credential that may do everything: lines ACCESS_KEY_ID:SECRET_ACCESS_KEY; same form.',
  },
  restAuth: {
    type: choice('token', 'none'),
    default: 'token',
    roles: ['master', 'datanode'],
    prose: 'none: the REST API asks for no token. Accepted on a loopback listener only, or with the next setting.',
  },
  restAuthNoneAccepted: {
    type: choice('published-on-loopback-only'),
    default: null,
    roles: ['master', 'datanode'],
    prose: 'Says that whoever publishes the port of a listener without token does so on a loopback address only.',
  },
  region: {
    type: text('a region name of lower-case letters, digits and hyphens', /^[a-z0-9-]{1,64}$/),
    default: 'us-east-1',
    roles: ['master', 'gateway', 'dev'],
    prose: 'The S3 region: part of every signature.',
  },
  baseDomain: {
    type: text('a domain name', /^[A-Za-z0-9.-]{1,253}$/),
    default: null,
    roles: ['master', 'gateway', 'dev'],
    prose: 'With it, BUCKET.BASE-DOMAIN is understood as well as a path.',
  },

  tlsCertificateFile: {
    type: path,
    default: null,
    roles: ['master', 'gateway'],
    prose: 'The certificate of the S3 port and its chain, PEM: with it the gateway speaks HTTPS, TLS 1.2 or later. Read again on change.',
  },
  tlsKeyFile: { type: path, default: null, roles: ['master', 'gateway'], prose: 'The private key of that certificate, PEM, unencrypted.' },

  // ---- copies
  replicationFactor: { type: count(1, 7), default: '3', roles: clustering, prose: 'Copies of each chunk (RF).' },
  writeQuorum: {
    type: count(1, 7),
    default: '2',
    roles: clustering,
    prose: 'Copies that must be synced to disk before a write is acknowledged (W). Below 2, one lost disk loses acknowledged data.',
  },
  lateReceiptMs: {
    type: duration(0, minute),
    default: '200',
    roles: ['master', 'gateway', 'dev'],
    prose: 'How long a write waits for the copies after W.',
  },
  masterWaitMs: {
    type: duration(0, 10 * minute),
    default: '30000',
    roles: ['master', 'gateway', 'dev'],
    prose: 'How long requests are held while the master is away, before 503.',
  },

  // ---- liveness and repair
  heartbeatMs: {
    type: duration(20, minute),
    default: '3000',
    roles: all,
    prose: 'Between two heartbeats of a datanode, and two refreshes of a view.',
  },
  suspectAfterMs: { type: duration(50, hour), default: '12000', roles: clustering, prose: 'A node silent for so long gets no new chunks.' },
  downAfterMs: { type: duration(50, hour), default: '60000', roles: clustering, prose: 'A node silent for so long is down.' },
  repairDelayMs: {
    type: duration(0, 7 * day),
    default: '300000',
    roles: clustering,
    prose: 'A node down for so long: its copies are made anew elsewhere. A restart must not trigger copying.',
  },
  repairYoungMs: {
    type: duration(0, hour),
    default: '60000',
    roles: clustering,
    prose: 'Repair leaves chunks alone that were committed less than so long ago.',
  },
  startGraceMs: {
    type: duration(0, hour),
    default: '60000',
    roles: clustering,
    prose: 'For so long after its start a master judges no node.',
  },
  clusterReportMs: {
    type: duration(50, minute),
    default: '5000',
    roles: ['master', 'controller'],
    prose: 'The longest between two reports of the Kubernetes controller. After three that did not come, what it saw counts no more.',
  },
  generationMs: { type: duration(second, 30 * day), default: '12h', roles: clustering, prose: 'How often the sweep generation advances.' },
  deleteGraceMs: {
    type: duration(0, 30 * day),
    default: '1h',
    roles: clustering,
    prose: 'Between the last use of a chunk and its removal from disks.',
  },

  // ---- one disk
  segmentSizeBytes: {
    type: size(MiB, GiB),
    default: '64MiB',
    roles: storing,
    prose: 'Size of a segment, the file that small chunks are appended to. Smaller by itself on a small disk.',
  },
  warnFillFraction: { type: fraction, default: '0.85', roles: storing, prose: 'From this fill on (bytes or inodes) a volume warns.' },
  readOnlyFillFraction: {
    type: fraction,
    default: '0.9',
    roles: storing,
    prose: 'From this fill on a volume takes no chunks; reads and deletes work.',
  },
  backFillFraction: { type: fraction, default: '0.85', roles: storing, prose: 'Below this fill a full volume takes chunks again.' },
  fillCheckMs: { type: duration(20, minute), default: '5000', roles: storing, prose: 'Between two looks at the fill.' },

  // ---- Kubernetes
  namespace: { type: kubernetesName, default: null, roles: ['controller'], prose: 'The namespace of the store. Needed.' },
  releaseName: {
    type: kubernetesName,
    default: null,
    roles: ['controller'],
    prose: 'The label app.kubernetes.io/instance of all that belongs to the store. Needed.',
  },
  fullname: {
    type: kubernetesName,
    default: null,
    roles: ['controller'],
    prose: "What the names of the store's objects begin with: FULLNAME-datanode, FULLNAME-controller. Default: the release name.",
  },
  podName: {
    type: kubernetesName,
    default: null,
    roles: ['controller'],
    prose: "Names this process in the election of the one that acts. Default: the machine's hostname, which in a pod is the pod's name.",
  },
  secretName: {
    type: kubernetesName,
    default: null,
    roles: ['controller'],
    prose: "The Secret with the store's secrets, with the files of `aetherstore init` as keys. Default: FULLNAME-secrets.",
  },
  clusterSecretKey: {
    type: text('a key of a Secret: letters, digits, hyphens, underscores and dots', /^[A-Za-z0-9._-]{1,253}$/),
    default: 'cluster-secret',
    roles: ['controller'],
    prose: 'The key of that Secret with the cluster secret.',
  },
  secretCreate: {
    type: yesNo,
    default: 'false',
    roles: ['controller'],
    prose: 'Make that Secret for a new store. One that is there is never changed, one that is lost is not made again.',
  },
  clusterScoped: {
    type: yesNo,
    default: 'true',
    roles: ['controller'],
    prose: 'Whether the nodes of Kubernetes may be seen. Without, zones come from the settings of each datanode.',
  },
  volumeSize: {
    type: text('a size as Kubernetes writes it, like 20Gi', /^\d+(?:\.\d+)?(?:[kMGTP]|[KMGTP]i)?$/),
    default: null,
    roles: ['controller'],
    prose: "The size of each datanode's claim. Smaller claims are grown where the storage class allows it.",
  },
  kubeconfig: {
    type: path,
    default: null,
    roles: ['controller'],
    prose: 'A kubeconfig file, for a controller outside of the cluster. Default: the ServiceAccount of the pod.',
  },

  // ---- output and end
  logLevel: {
    type: choice('debug', 'info', 'warn', 'error'),
    default: { master: 'info', datanode: 'info', gateway: 'info', controller: 'info', dev: 'warn' },
    roles: [...running, 'dev'],
    prose: 'The least important lines that are logged.',
  },
  logFormat: {
    type: choice('auto', 'json', 'pretty'),
    default: 'auto',
    roles: running,
    prose: 'JSON lines, or lines for a person; auto: for a person when stdout is a terminal.',
  },
  stopDeadlineMs: {
    type: duration(100, hour),
    default: { master: '25000', datanode: '25000', gateway: '25000', controller: '25000', dev: '4500' },
    roles: [...running, 'dev'],
    prose: 'After SIGTERM or SIGINT what is under way may go on for so long; then the process ends.',
  },

  drainDelayMs: {
    type: duration(0, hour),
    default: '0',
    roles: ['gateway'],
    prose:
      'After SIGTERM a gateway says at once that it is not ready and serves on for so long, while load balancers take it out. Part of stop-deadline-ms. In Kubernetes 5s or more.',
  },

  // ---- commands
  dir: {
    type: path,
    default: { dev: './aether-data', init: secretsFolder },
    roles: ['dev', 'init'],
    flagOnly: true,
    prose: 'dev: folder of everything it keeps. init: folder that the secrets are written to, where they are missing.',
  },
  nodes: { type: count(1, 8), default: '3', roles: ['dev'], flagOnly: true, prose: 'Number of datanodes.' },
} as const satisfies Record<string, Setting<unknown>>;

type Table = typeof table;
export type SettingName = keyof Table;
type NameFor<R extends Role> = { [N in SettingName]: R extends Table[N]['roles'][number] ? N : never }[SettingName];
type ValueOf<N extends SettingName, R extends Role> =
  | (Table[N]['type'] extends SettingType<infer T> ? T : never)
  | (Table[N]['default'] extends string ? never : Table[N]['default'] extends Readonly<Record<R, string>> ? never : null);

/** The settings of one role. Null: not set, and there is no default. */
export type Settings<R extends Role> = { readonly [N in NameFor<R>]: ValueOf<N, R> };

export interface DescribedSetting extends Setting<unknown> {
  name: SettingName;
  environmentName: string;
  flag: string;
}

function describe(name: SettingName): DescribedSetting {
  return {
    ...table[name],
    name,
    environmentName: `AETHER_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`,
    flag: `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  };
}

/** The table in its order. */
export const describedSettings: readonly DescribedSetting[] = (Object.keys(table) as SettingName[]).map(describe);

/** The default of a setting in a role, as text. */
export function defaultText(setting: DescribedSetting, role: Role): string | null {
  const { default: given } = setting;
  return typeof given === 'object' ? (given?.[role] ?? null) : given;
}

/** Environment variables that belong to the command line `aether`, not to a process of the store: known here, read there. */
export const commandLineVariables = [
  'AETHER_ACCESS_KEY_ID',
  'AETHER_CONFIG_DIR',
  'AETHER_CREDENTIALS_FILE',
  'AETHER_ENDPOINT_URL',
  'AETHER_PROFILE',
  'AETHER_REST_TOKEN',
  'AETHER_SECRET_ACCESS_KEY',
] as const;

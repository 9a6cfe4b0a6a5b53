import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { chartFolder } from './chart-folder.js';

const outputBytesMax = 64 * 2 ** 20;

/** Whether a program is on PATH. */
export function isThere(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Ended {
  code: number;
  out: string;
  /** stdout and stderr. */
  all: string;
}

/** Runs a program to its end; `input` goes to its stdin. */
export async function run(program: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { maxBuffer: outputBytesMax }, (error, out, err) => {
      if (error !== null && typeof error.code !== 'number') reject(error);
      else resolve({ code: error === null ? 0 : Number(error.code), out, all: `${out}${err}` });
    });
    child.stdin!.on('error', () => undefined); // it ended without reading
    child.stdin!.end(input);
  });
}

export interface Rendering {
  helm?: string;
  release?: string;
  namespace?: string;
  /** Presets, and further arguments of `helm template`. */
  preset?: string;
  args?: readonly string[];
  chart?: string;
}

/** The version for which manifests and tests are rendered: the newest that the chart makes a difference for. */
export const kubeVersion = '1.34.0';

export async function template(rendering: Rendering): Promise<Ended> {
  const { helm = 'helm', release = 'aetherstore', namespace = 'aetherstore', preset, args = [], chart = chartFolder } = rendering;
  const values = preset === undefined ? [] : ['--values', join(chartFolder, `presets/${preset}.yaml`)];
  return run(helm, ['template', release, chart, '--namespace', namespace, '--kube-version', kubeVersion, ...values, ...args]);
}

/** The objects of a rendering that must succeed. */
export async function render(rendering: Rendering): Promise<Manifest[]> {
  const { code, out, all } = await template(rendering);
  if (code !== 0) throw new Error(all);
  return parseAllDocuments(out)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** An object as far as the tests read it. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels: Record<string, string>; annotations?: Record<string, string> };
  spec?: Spec;
  rules?: PolicyRule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace: string }[];
  data?: Record<string, string>;
}

export interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

interface Spec extends PodSpec {
  replicas?: number;
  maxUnavailable?: number;
  unhealthyPodEvictionPolicy?: string;
  strategy?: { type: string };
  podManagementPolicy?: string;
  persistentVolumeClaimRetentionPolicy?: object;
  accessModes?: string[];
  clusterIP?: string;
  publishNotReadyAddresses?: boolean;
  ports?: { name: string; port: number; targetPort: string; appProtocol?: string }[];
  selector?: Record<string, unknown> & { matchLabels?: Record<string, string> };
  podSelector?: { matchLabels?: Record<string, string>; matchExpressions?: { key: string; operator: string; values: string[] }[] };
  policyTypes?: string[];
  ingress?: object[];
  egress?: { to?: object[]; ports: { protocol: string; port: number }[] }[];
  volumeClaimTemplates?: unknown[];
  template?: { metadata: { labels: Record<string, string> }; spec: PodSpec };
  groups?: { name: string; rules: object[] }[];
  validations?: { expression: string; messageExpression: string }[];
}

export interface PodSpec {
  containers?: Container[];
  initContainers?: Container[];
  enableServiceLinks?: boolean;
  automountServiceAccountToken?: boolean;
  serviceAccountName?: string;
  terminationGracePeriodSeconds?: number;
  securityContext?: Record<string, unknown>;
  affinity?: { podAntiAffinity?: Record<string, object[]> };
  topologySpreadConstraints?: { topologyKey: string; whenUnsatisfiable: string }[];
  volumes?: { name: string; secret?: { secretName: string }; persistentVolumeClaim?: object; emptyDir?: object }[];
}

interface Container {
  name: string;
  image: string;
  args?: string[];
  env: { name: string; value?: string; valueFrom?: object }[];
  securityContext: Record<string, unknown>;
  resources: { requests?: object; limits?: object };
  startupProbe?: Probe;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  lifecycle?: { preStop: object };
}

interface Probe {
  httpGet: { path: string; port: string };
}

/** The pods that an object makes, with their own labels. */
export function podOf({ kind, metadata, spec }: Manifest): { labels: Record<string, string>; spec: PodSpec } | null {
  if (kind === 'Pod') return { labels: metadata.labels, spec: spec! };
  return spec?.template === undefined ? null : { labels: spec.template.metadata.labels, spec: spec.template.spec };
}

/** Whether a pod outlives its work: Jobs and tests do not. */
export function isServing({ kind }: Manifest): boolean {
  return ['Deployment', 'StatefulSet'].includes(kind);
}

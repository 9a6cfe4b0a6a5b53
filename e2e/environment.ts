import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../src/base/must.js';
import { Kube } from './kube.js';
import { Release, type Values } from './release.js';
import { until } from './until.js';

/** What `e2e/run.ts` hands to the tests. */
const context = must(process.env['E2E_CONTEXT'], 'E2E_CONTEXT: the tests are started by `make e2e`');
const [repository = '', tag = ''] = must(process.env['E2E_IMAGE'], 'E2E_IMAGE').split(':');

/** For what helps to see why a test failed. */
const artifactsFolder = must(process.env['E2E_ARTIFACTS'], 'E2E_ARTIFACTS');

/** Delays of the store are a tenth of what people run; none is nothing. Printed with each run. */
export const timeFactor = 0.1;
const scaled: Values = {
  'store.settings.AETHER_REPAIR_DELAY_MS': 300_000 * timeFactor,
  'store.settings.AETHER_REPAIR_YOUNG_MS': 60_000 * timeFactor,
  'store.settings.AETHER_START_GRACE_MS': 60_000 * timeFactor,
  'store.settings.AETHER_DELETE_GRACE_MS': 3_600_000 * timeFactor,
};

export interface Place {
  namespace: string;
  /** Labels of the namespace. */
  labels?: Readonly<Record<string, string>>;
  name?: string;
  presets?: readonly string[];
  values?: Values;
}

/** A namespace of the test cluster and a release in it, which is not installed yet. */
export async function place({ namespace, labels = {}, name = 'aetherstore', presets = ['small'], values = {} }: Place): Promise<Release> {
  const kube = new Kube(context, namespace);
  await kube.apply(JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } }));
  const small: Values = { 'datanode.persistence.size': '2Gi', 'master.persistence.size': '1Gi', 'service.type': 'NodePort' };
  return new Release({ kube, name, image: { repository, tag }, presets, values: { ...small, ...scaled, ...values } });
}

/** What its pods have said, for `e2e/run.ts` to keep when a test failed: with the namespace it would be gone. */
async function saveLogs({ kube }: Release): Promise<void> {
  const folder = join(artifactsFolder, kube.namespace);
  mkdirSync(folder, { recursive: true });
  for (const { metadata } of await kube.list('pods')) {
    const { stdout, stderr } = await kube.tryRun(['logs', metadata.name, '--all-containers', '--prefix']);
    writeFileSync(join(folder, `${metadata.name}.log`), stdout + stderr);
  }
}

/** Nothing of the release stays, its data neither; nobody waits until its pods have ended in peace. */
export async function removeNamespace(release: Release): Promise<void> {
  await saveLogs(release);
  const { kube } = release;
  await kube.run(['delete', 'namespace', kube.namespace, '--ignore-not-found', '--wait=false']);
  await kube.run(['delete', 'pods', '--all', '--grace-period=0', '--force']);
  await until('uninstall', `the namespace ${kube.namespace} is gone`, async () =>
    (await kube.get('namespace', kube.namespace)) === null ? true : null,
  );
}

import { afterEach, describe, expect, test } from 'vitest';
import { secretUnderTest } from '../master-under-test.js';
import { claimName, podName, secretName, StoreInKubernetes } from '../store-in-kubernetes.js';
import { isServing, isThere, podOf, render, type Manifest } from './helm.js';
import { Rights } from './rights.js';

/* The rights that the chart gives, held against what a controller really calls. */

const hasHelm = isThere('helm');
if (!hasHelm) test.skip('helm is not on PATH: rights are not compared with calls', () => undefined);

let store: StoreInKubernetes | null = null;

afterEach(async () => {
  await store?.stop();
  store = null;
});

async function started(rights: Rights, options: { hasSecret: boolean }): Promise<StoreInKubernetes> {
  store = await StoreInKubernetes.start(options);
  store.api.mayCall = (asked) => rights.allow(asked);
  return store;
}

interface Install {
  manifests: Manifest[];
  rights: Rights;
  /** What the rendered Deployment tells the controller. */
  setting: (name: string) => string;
}

/** As `StoreInKubernetes` names it. */
async function install(args: readonly string[]): Promise<Install> {
  const manifests = await render({ release: 'r', namespace: 'store', args: ['--set', 'datanode.persistence.size=20Gi', ...args] });
  const controller = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'r-aetherstore-controller')!;
  const { spec } = podOf(controller)!;
  return {
    manifests,
    rights: new Rights(manifests, spec.serviceAccountName!),
    setting: (name) => spec.containers![0]!.env.find((entry) => entry.name === name)!.value!,
  };
}

function optionsOf({ setting }: Install) {
  return {
    secretName: setting('AETHER_SECRET_NAME'),
    clusterSecretKey: setting('AETHER_CLUSTER_SECRET_KEY'),
    secretCreate: setting('AETHER_SECRET_CREATE') === 'true',
    clusterScoped: setting('AETHER_CLUSTER_SCOPED') === 'true',
    volumeSize: setting('AETHER_VOLUME_SIZE'),
  };
}

/** A new store: the Secret is made. */
async function newStore(installed: Install): Promise<StoreInKubernetes> {
  const kubernetes = await started(installed.rights, { hasSecret: false });
  await kubernetes.startController(optionsOf(installed));
  await kubernetes.until('there is a Secret', () => kubernetes.events('SecretCreated').length > 0);
  return kubernetes;
}

/** A store with data: volumes grow, a disk and a machine are lost. */
async function lifeOf(installed: Install): Promise<StoreInKubernetes> {
  const kubernetes = await started(installed.rights, { hasSecret: true });
  const { cluster } = kubernetes.api;
  const options = optionsOf(installed);
  if (options.secretName !== secretName) {
    const data = { [options.clusterSecretKey]: Buffer.from(secretUnderTest).toString('base64') };
    cluster.create('secrets', { metadata: { name: options.secretName }, data });
  }
  const controller = await kubernetes.startController(options);
  await kubernetes.converged(controller);
  await kubernetes.until('the StatefulSet is a new one', () => kubernetes.events('StatefulSetRecreated').length > 0);
  await kubernetes.until('the Event of a claim that grew is counted on', () =>
    kubernetes.events('VolumeGrown').some(({ count }) => (count ?? 0) > 1),
  );
  await kubernetes.datanodes[0]!.kill();
  cluster.remove('pods', podName(0));
  cluster.remove('persistentvolumeclaims', claimName(0));
  kubernetes.createClaim(0);
  await kubernetes.until('the lost disk is known', async () => (await kubernetes.master.stateOf(kubernetes.datanodes[0]!)) === 'repairing');
  if (options.clusterScoped) {
    kubernetes.setReady(1, false);
    cluster.remove('nodes', 'machine-1');
    await kubernetes.until('the lost machine is known', () => kubernetes.events('NodeDeleted').length > 0);
  }
  return kubernetes;
}

function expectNothingForbidden({ api }: StoreInKubernetes): void {
  expect(api.answers.get(403) ?? 0).toBe(0);
}

describe.skipIf(!hasHelm)('each right of the controller is used and none is missing', { timeout: 120_000 }, () => {
  test.each([
    ['with the defaults', []],
    ['without rights in the cluster', ['--set', 'rbac.clusterScoped=false']],
    ['with a Secret that is given', ['--set', 'secrets.existingSecret=mine,secrets.keys.clusterSecret=my-key']],
  ])('%s', async (_what, args) => {
    const installed = await install(args);
    expect(installed.rights.granted.length).toBeGreaterThan(15);
    if (optionsOf(installed).secretCreate) {
      const kubernetes = await newStore(installed);
      expectNothingForbidden(kubernetes);
      await kubernetes.stop();
    }
    expectNothingForbidden(await lifeOf(installed));
    // Some rights are used when time has passed: a lease is renewed seconds after it was taken.
    await expect.poll(() => installed.rights.unused, { timeout: 30_000 }).toEqual([]);
  });

  test('a call without one is refused here too', async () => {
    const installed = await install([]);
    const kubernetes = await started(installed.rights, { hasSecret: true });
    kubernetes.api.mayCall = (asked) => asked.resource !== 'pods' && installed.rights.allow(asked);
    await kubernetes.startController(optionsOf(installed));
    await kubernetes.until('it is refused', () => (kubernetes.api.answers.get(403) ?? 0) > 1);
    expect(installed.rights.unused).toContain('list pods');
  });
});

test.skipIf(!hasHelm)('every other account has no rights at all', async () => {
  const { manifests } = await install(['--set', 'buckets={one},gateway.replicas=2']);
  const accounts = manifests
    .flatMap((manifest) => ({ manifest, pod: podOf(manifest) }))
    .filter(({ manifest, pod }) => pod !== null && !(isServing(manifest) && manifest.metadata.name.endsWith('-controller')));
  expect(accounts.length).toBeGreaterThanOrEqual(5);
  for (const { manifest, pod } of accounts) {
    expect(new Rights(manifests, pod!.spec.serviceAccountName!).granted, manifest.metadata.name).toEqual([]);
    expect(pod!.spec.automountServiceAccountToken, manifest.metadata.name).toBe(false);
  }
});

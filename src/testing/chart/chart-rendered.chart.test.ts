import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describedSettings } from '../../base/config/settings.js';
import { chartFolder, presets, readChartFile, repositoryFolder } from './chart-folder.js';
import { isThere, isServing, kubeVersion, podOf, render, run, template, type Manifest, type PodSpec, type Rendering } from './helm.js';
import { optionMatrix } from './option-matrix.js';
import { staticManifest, staticPresets } from './static-manifests.js';

/* What is rendered. Each Helm that is on PATH renders it; without one, one line says so. */

const helms = ['helm', 'helm4'];
for (const helm of helms.filter((name) => !isThere(name)))
  test.skip(`${helm} is not on PATH: what it renders is not tested`, () => undefined);

describe.each(helms.filter(isThere))('%s', (helm) => {
  test.each(['default', ...presets()])('lints %s strictly', async (preset) => {
    const values = preset === 'default' ? [] : ['--values', join(chartFolder, `presets/${preset}.yaml`)];
    const { code, all } = await run(helm, ['lint', '--strict', '--kube-version', kubeVersion, chartFolder, ...values]);
    expect(all).toContain('0 chart(s) failed');
    expect(code).toBe(0);
  });

  test.each(presets())('renders the preset %s', async (preset) => {
    expect((await render({ helm, preset })).length).toBeGreaterThan(10);
  });

  test.each(Object.entries(optionMatrix))('renders: %s', async (_name, args) => {
    expect((await render({ helm, args })).length).toBeGreaterThan(6);
  });

  test.each([
    ['a typo', 'datanode.replicaz=1', /replicaz/],
    ['a typo at the top', 'datanodes.replicas=1', /datanodes/],
    ['a second master', 'master.replicas=2', /replicas/],
    ['a wrong type', 'datanode.replicas=three', /integer/],
    ['a size that is none', 'datanode.persistence.size=big', /size/],
    ['a setting that is none of the store', 'store.settings.PATH=/', /PATH/],
    ['a grace too short', 'datanode.terminationGracePeriodSeconds=30', /terminationGracePeriodSeconds/],
    ['a bucket name that S3 refuses', 'buckets={Wrong_Name}', /buckets/],
    ['a quorum above the copies', 'store.writeQuorum=3,store.replicationFactor=2', /must not be above store.replicationFactor/],
    ['fewer datanodes than the quorum', 'datanode.replicas=1', /no write would ever be acknowledged/],
    ['no controller and no secrets', 'controller.enabled=false', /needs secrets.existingSecret/],
    ['keys of no Secret', 'secrets.keys.restToken=mine', /needs secrets.existingSecret/],
    ['a controller without an account', 'serviceAccount.create=false', /needs serviceAccount.controllerName/],
    ['a route to nowhere', 'httpRoute.enabled=true', /needs httpRoute.parentRefs/],
    [
      'two scrapers of the same pods',
      'monitoring.podMonitor.enabled=true,monitoring.serviceMonitor.enabled=true',
      /every sum would be doubled/,
    ],
    ['an Ingress for nobody', 'ingress.enabled=true', /needs ingress.hosts/],
  ])('refuses %s', async (_what, value, told) => {
    const { code, all } = await template({ helm, args: ['--set', value] });
    expect(code).not.toBe(0);
    expect(all).toMatch(told);
  });
});

const variants: readonly [string, Rendering][] = [
  ...presets().map((preset): [string, Rendering] => [preset, { preset, args: ['--set', 'buckets={one}'] }]),
  ...Object.entries(optionMatrix).map(([name, args]): [string, Rendering] => [name, { args }]),
];

describe.skipIf(!isThere('helm')).each(variants)('every object of "%s"', (_name, rendering) => {
  let manifests: Manifest[] = [];
  beforeAll(async () => {
    manifests = await render(rendering);
  });

  test('is made for the restricted Pod Security Standard, hooks and tests included', () => {
    const pods = manifests.flatMap((manifest) => podOf(manifest) ?? []);
    expect(pods.length).toBeGreaterThan(2);
    for (const { spec } of pods) {
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect(spec.enableServiceLinks).toBe(false);
      for (const { securityContext } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
        expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      }
      for (const volume of spec.volumes ?? [])
        expect(Object.keys(volume)).toEqual(
          expect.arrayContaining([expect.stringMatching(/^(secret|projected|emptyDir|persistentVolumeClaim)$/)]),
        );
    }
  });

  test('that serves has three probes, and liveness asks no peer', () => {
    for (const manifest of manifests.filter(isServing)) {
      for (const { startupProbe, livenessProbe, readinessProbe } of podOf(manifest)!.spec.containers!) {
        expect(startupProbe!.httpGet).toEqual({ path: '/livez', port: 'admin' });
        expect(livenessProbe!.httpGet).toEqual({ path: '/livez', port: 'admin' });
        expect(readinessProbe!.httpGet.path).toBe('/readyz');
      }
    }
  });

  test('is in the namespace of the release or cluster-wide, without a finalizer', () => {
    for (const { kind, metadata } of manifests) {
      expect(metadata).not.toHaveProperty('finalizers');
      if (/^(ClusterRole|ValidatingAdmission)/.test(kind)) expect(metadata.name).toMatch(/^aetherstore\.aetherstore-/);
      else expect(metadata.namespace, `${kind} ${metadata.name}`).toBe('aetherstore');
    }
  });

  test('sets no variable twice, and none that the program does not know', () => {
    const known = new Set<string>(describedSettings.map(({ environmentName }) => environmentName));
    for (const { spec } of manifests.flatMap((manifest) => podOf(manifest) ?? [])) {
      for (const { env } of spec.containers!) {
        expect(new Set(env.map(({ name }) => name)).size).toBe(env.length);
        expect(env.filter(({ name }) => name.startsWith('AETHER_') && !known.has(name))).toEqual([]);
      }
    }
  });
});

describe.skipIf(!isThere('helm'))('two releases', () => {
  const all: Rendering = {
    preset: 'production',
    args: [...optionMatrix['monitoring']!, '--set', 'buckets={one},monitoring.dashboards.namespace=shared'],
  };
  const long = 'a-release-name-of-exactly-fifty-three-characters-long';

  test.each([
    ['in one namespace', { release: 'one' }, { release: 'two' }],
    ['of one name in two namespaces', { namespace: 'one' }, { namespace: 'two' }],
    ['whose long names begin alike', { release: `${long.slice(0, -1)}a` }, { release: `${long.slice(0, -1)}b` }],
    ['named after the store', { release: 'aetherstore' }, { release: 'my-aetherstore' }],
  ])('%s share no object and no selector', async (_name, first, second) => {
    const [one, two] = await Promise.all([render({ ...all, ...first }), render({ ...all, ...second })]);
    const names = new Set(one.map(nameOf));
    expect(names.size).toBe(one.length);
    expect(two.map(nameOf).filter((name) => names.has(name))).toEqual([]);
    if ('release' in first) {
      const taken = new Set(selectors(one));
      expect(taken.size).toBeGreaterThan(3);
      expect(selectors(two).filter((selector) => taken.has(selector))).toEqual([]);
    }
  });

  test('names of a release of 53 characters leave room for what Kubernetes adds', async () => {
    expect(long).toHaveLength(53);
    for (const { kind, metadata } of await render({ ...all, release: long })) {
      const roomFor = { StatefulSet: 11, Job: 6, Deployment: 11 }[kind] ?? 0;
      if (metadata.namespace !== undefined) expect(metadata.name.length + roomFor, `${kind} ${metadata.name}`).toBeLessThanOrEqual(63);
    }
  });
});

test.skipIf(!isThere('helm'))('the next version keeps selectors, claim templates and names of Services', async () => {
  const next = mkdtempSync(join(tmpdir(), 'aether-chart-'));
  try {
    cpSync(chartFolder, next, { recursive: true });
    writeFileSync(
      join(next, 'Chart.yaml'),
      readChartFile('Chart.yaml')
        .replace(/^version: .*/m, 'version: 9.9.9')
        .replace(/^appVersion: .*/m, 'appVersion: 9.9.9'),
    );
    const [now, then] = await Promise.all([render({ preset: 'production' }), render({ preset: 'production', chart: next })]);
    expect(JSON.stringify(then)).toContain('9.9.9');
    expect(fixed(then)).toEqual(fixed(now));
    expect(JSON.stringify(fixed(now))).not.toContain('helm.sh/chart');
  } finally {
    rmSync(next, { recursive: true });
  }
});

describe.skipIf(!isThere('helm'))('the store', () => {
  test('of the preset small is five pods', async () => {
    const serving = (await render({ preset: 'small' })).filter(isServing);
    expect(serving.reduce((sum, { spec }) => sum + spec!.replicas!, 0)).toBe(5);
  });

  test('has one master that is never two, and whose claim stays', async () => {
    const manifests = await render({ preset: 'production' });
    const master = find(manifests, 'Deployment', '-master')!;
    expect(master.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    const claim = find(manifests, 'PersistentVolumeClaim', '-master')!;
    expect(claim.metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
    expect(claim.spec!.accessModes).toEqual(['ReadWriteOncePod']);
    expect(find(await render({}), 'PersistentVolumeClaim', '-master')!.spec!.accessModes).toEqual(['ReadWriteOnce']);
  });

  test('has the gateway in the pod of the master, until it has pods of its own', async () => {
    const inside = await render({});
    expect(containerOf(find(inside, 'Deployment', '-master')).args).toEqual(['master', '--gateway']);
    expect(find(inside, 'Deployment', '-gateway')).toBeUndefined();
    expect(find(inside, 'Service', '')!.spec!.selector).toMatchObject({ 'app.kubernetes.io/component': 'master' });
    const apart = await render({ args: ['--set', 'gateway.replicas=2'] });
    expect(containerOf(find(apart, 'Deployment', '-master')).args).toEqual(['master']);
    expect(find(apart, 'Deployment', '-gateway')!.spec!.replicas).toBe(2);
    expect(find(apart, 'Service', '')!.spec!.selector).toMatchObject({ 'app.kubernetes.io/component': 'gateway' });
    expect(find(apart, 'Service', '-master')!.spec!.ports!.map(({ name }) => name)).toEqual(['http-rest', 'admin']);
  });

  test('has datanodes that start together, keep their claims, and take their time to end', async () => {
    const manifests = await render({});
    const { spec } = find(manifests, 'StatefulSet', '-datanode')!;
    expect(spec).toMatchObject({
      replicas: 3,
      podManagementPolicy: 'Parallel',
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    });
    const pod = spec!.template!.spec;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(120);
    expect(Number(variable(pod, 'AETHER_STOP_DEADLINE_MS'))).toBe(105_000);
    expect(pod.containers![0]!.lifecycle).toEqual({ preStop: { sleep: { seconds: 5 } } });
    expect(variable(pod, 'AETHER_ADVERTISED_ADDRESS')).toBe('http://$(POD_NAME).aetherstore-datanode.aetherstore.svc:42101');
    expect(find(manifests, 'Service', '-datanode')!.spec).toMatchObject({ clusterIP: 'None', publishNotReadyAddresses: true });
    const old = await render({ args: ['--kube-version', '1.29.0'] });
    expect(containerOf(find(old, 'StatefulSet', '-datanode')).lifecycle).toEqual({ preStop: { exec: { command: ['sleep', '5'] } } });
  });

  test('spreads datanodes over zones and machines as far as it goes, or as demanded', async () => {
    const wished = await placed([]);
    expect(wished.topologySpreadConstraints).toMatchObject([
      { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
    ]);
    expect(Object.keys(wished.affinity!.podAntiAffinity!)).toEqual(['preferredDuringSchedulingIgnoredDuringExecution']);
    const demanded = await placed(['--set', 'datanode.spread.zones=DoNotSchedule,datanode.spread.hosts=required']);
    expect(demanded.topologySpreadConstraints).toMatchObject([{ whenUnsatisfiable: 'DoNotSchedule' }]);
    expect(Object.keys(demanded.affinity!.podAntiAffinity!)).toEqual(['requiredDuringSchedulingIgnoredDuringExecution']);
    const none = await placed(['--set', 'datanode.spread.zones=none,datanode.spread.hosts=none']);
    expect(none).not.toHaveProperty('affinity');
    expect(none).not.toHaveProperty('topologySpreadConstraints');
  });

  test('has a disruption budget of one where there are two pods or more', async () => {
    expect(await budgets([])).toEqual([['aetherstore-datanode', 1, 'IfHealthyBudget']]);
    expect(await budgets(['--set', 'datanode.replicas=1,store.writeQuorum=1,store.replicationFactor=1'])).toEqual([]);
    expect((await budgets(['--set', 'gateway.replicas=2,controller.replicas=2'])).map(([name]) => name)).toEqual([
      'aetherstore-controller',
      'aetherstore-datanode',
      'aetherstore-gateway',
    ]);
  });

  test('makes no secret: the pods wait for the one of the controller, or for the one that is named', async () => {
    const made = await render({});
    expect(made.some(({ kind }) => kind === 'Secret')).toBe(false);
    expect(new Set(secretsOf(made))).toEqual(new Set(['aetherstore-secrets']));
    const named = await render({ args: ['--set', 'secrets.existingSecret=mine,secrets.keys.clusterSecret=my-key'] });
    expect(new Set(secretsOf(named))).toEqual(new Set(['mine']));
    const { spec } = podOf(find(named, 'Deployment', '-controller')!)!;
    expect([variable(spec, 'AETHER_SECRET_CREATE'), variable(spec, 'AETHER_CLUSTER_SECRET_KEY')]).toEqual(['false', 'my-key']);
    expect(JSON.stringify(find(named, 'Role', '-controller')!.rules)).not.toContain('"resources":["secrets"],"verbs":["create"]');
  });

  test('gives rights to the controller alone, and beyond the namespace only reading of machines', async () => {
    const manifests = await render({});
    for (const manifest of manifests.filter(isServing)) {
      expect(podOf(manifest)!.spec.automountServiceAccountToken).toBe(manifest.metadata.name.endsWith('-controller'));
    }
    const wide = manifests.filter(({ kind }) => kind === 'ClusterRole');
    expect(wide.map(({ rules }) => rules)).toEqual([[{ apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] }]]);
    const role = find(manifests, 'Role', '-controller')!;
    expect(role.rules!.flatMap(({ verbs, resources }) => [...verbs, ...resources])).not.toContain('*');
    const deleting = role.rules!.filter(({ verbs }) => verbs.includes('delete'));
    expect(deleting).toEqual([
      { apiGroups: ['apps'], resources: ['statefulsets'], resourceNames: ['aetherstore-datanode'], verbs: ['delete'] },
    ]);
    const confined = await render({ args: ['--set', 'rbac.clusterScoped=false'] });
    expect(confined.filter(({ kind }) => kind.startsWith('Cluster'))).toEqual([]);
    expect(variable(podOf(find(confined, 'Deployment', '-controller')!)!.spec, 'AETHER_CLUSTER_SCOPED')).toBe('false');
  });

  test('has a network policy for every pod, each with both directions and with names', async () => {
    for (const rendering of [{ preset: 'production', args: ['--set', 'buckets={one}'] }, { preset: 'small' }]) {
      const manifests = await render(rendering);
      const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
      for (const { labels } of manifests.flatMap((manifest) => podOf(manifest) ?? [])) {
        const covering = policies.filter(({ spec }) => {
          const { matchLabels = {}, matchExpressions = [] } = spec!.podSelector!;
          return (
            Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
            matchExpressions.every(({ key, values }) => values.includes(labels[key]!))
          );
        });
        expect(covering, labels['app.kubernetes.io/component']).toHaveLength(1);
        expect(covering[0]!.spec!.policyTypes).toEqual(['Ingress', 'Egress']);
        expect(covering[0]!.spec!.egress!.some(({ to, ports }) => to === undefined && ports.some(({ port }) => port === 53))).toBe(true);
      }
    }
  });

  test('shows itself to Prometheus and Grafana only when asked', async () => {
    const watching = ['PodMonitor', 'ServiceMonitor', 'PrometheusRule', 'ConfigMap'];
    expect((await render({})).filter(({ kind }) => watching.includes(kind))).toEqual([]);
    const asked = await render({ args: optionMatrix['monitoring']! });
    const groups = files('alerts', '.yaml')
      .filter((name) => !name.endsWith('_test.yaml'))
      .flatMap((name) => (parse(readChartFile(`alerts/${name}`)) as { groups: object[] }).groups);
    expect(find(asked, 'PrometheusRule', '')?.spec!.groups ?? []).toEqual(groups);
    const dashboards = find(asked, 'ConfigMap', '-dashboards');
    expect(Object.keys(dashboards?.data ?? {}).sort()).toEqual(files('dashboards', '.json'));
    for (const [name, text] of Object.entries(dashboards?.data ?? {}))
      expect(JSON.parse(text)).toEqual(JSON.parse(readChartFile(`dashboards/${name}`)));
    expect(find(asked, 'PodMonitor', '')).toBeDefined();
  });

  test('has one way in, and none by Ingress or route unless asked', async () => {
    const kinds = (await render({})).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'Ingress' || kind === 'HTTPRoute')).toEqual([]);
    const tls = await render({ args: optionMatrix['tls']! });
    expect(find(tls, 'Service', '')!.spec!.ports![0]!.appProtocol).toBe('https');
    expect(variable(podOf(find(tls, 'Deployment', '-master')!)!.spec, 'AETHER_TLS_KEY_FILE')).toBe('/etc/aetherstore/tls/tls.key');
    expect(variable(podOf(find(tls, 'StatefulSet', '-datanode')!)!.spec, 'AETHER_TLS_KEY_FILE')).toBeUndefined();
  });

  test('refuses to lose datanodes when asked to, with its reason', async () => {
    const guard = (await render({ args: optionMatrix['strict placing']! })).find(({ kind }) => kind === 'ValidatingAdmissionPolicy')!;
    expect(JSON.stringify(guard.spec)).toContain('statefulsets/scale');
    expect(guard.spec!.validations).toMatchObject([
      { expression: 'variables.wanted >= variables.running', messageExpression: expect.stringContaining('last copies') as string },
    ]);
    const { all } = await template({ args: ['--set', 'datanode.scaleDownGuard.enabled=true', '--kube-version', '1.29.0'] });
    expect(all).toContain('needs Kubernetes 1.30');
  });
});

test.skipIf(!isThere('helm')).each(staticPresets)(
  'manifests/%s.yaml is what the chart renders (`make manifests` writes it anew)',
  async (preset) => {
    expect(readFileSync(join(repositoryFolder, `manifests/${preset}.yaml`), 'utf8')).toBe(await staticManifest(preset));
  },
);

// ---- reading what was rendered

function nameOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''} ${metadata.name}`;
}

function selectors(manifests: Manifest[]): string[] {
  return manifests
    .flatMap(({ spec }) => [spec?.selector, spec?.podSelector])
    .filter((selector) => selector !== undefined)
    .map((selector) => JSON.stringify(selector));
}

function fixed(manifests: Manifest[]): object[] {
  return manifests
    .filter(({ kind }) => ['Deployment', 'StatefulSet', 'Service', 'PodDisruptionBudget'].includes(kind))
    .map(({ kind, metadata, spec }) => ({ kind, name: metadata.name, selector: spec!.selector, claims: spec!.volumeClaimTemplates }));
}

function find(manifests: Manifest[], kind: string, suffix: string): Manifest | undefined {
  return manifests.find(({ kind: its, metadata }) => its === kind && metadata.name === `aetherstore${suffix}`);
}

function containerOf(manifest: Manifest | undefined): NonNullable<PodSpec['containers']>[number] {
  return podOf(manifest!)!.spec.containers![0]!;
}

function variable(spec: PodSpec, name: string): string | undefined {
  return spec.containers![0]!.env.find((entry) => entry.name === name)?.value;
}

async function placed(args: string[]): Promise<PodSpec> {
  return podOf(find(await render({ args }), 'StatefulSet', '-datanode')!)!.spec;
}

async function budgets(args: string[]): Promise<[string, number | undefined, string | undefined][]> {
  return (await render({ args }))
    .filter(({ kind }) => kind === 'PodDisruptionBudget')
    .map(({ metadata, spec }) => [metadata.name, spec!.maxUnavailable, spec!.unhealthyPodEvictionPolicy]);
}

function secretsOf(manifests: Manifest[]): string[] {
  return manifests
    .filter(isServing)
    .flatMap((manifest) => podOf(manifest)!.spec.volumes ?? [])
    .flatMap(({ secret }) => secret?.secretName ?? []);
}

function files(folder: string, ending: string): string[] {
  return readdirSync(join(chartFolder, folder))
    .filter((name) => name.endsWith(ending))
    .sort();
}

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { must } from '../src/base/must.js';
import { timeoutMs, type Event } from './timeouts.js';

/*
 * `make e2e`: makes a kind cluster, loads the image that was built, runs the tests of this folder, removes the cluster.
 *   E2E_DEPTH=0        the smoke tests only (below 6 min); 1, the default: all (below 40 min)
 *   E2E_NODE_IMAGE     the image of kind's nodes, where the ordinary one cannot be had
 *   E2E_CLUSTER=NAME   a name for the cluster; one that exists is used, and stays
 *   E2E_KEEP=1         the cluster stays
 */
const exitWithoutTools = 3;
const programs = ['docker', 'kind', 'kubectl', 'helm'];

const environment = process.env;
const cluster = environment['E2E_CLUSTER'] ?? 'aetherstore-e2e';
const image = must(environment['E2E_IMAGE'], 'E2E_IMAGE; `make e2e` sets it');
const depth = environment['E2E_DEPTH'] ?? '1';
const artifacts = 'e2e-artifacts';
const beganMs = performance.now();

function say(text: string): void {
  process.stderr.write(`e2e ${Math.round((performance.now() - beganMs) / 1000)} s: ${text}\n`);
}

function run(program: string, args: readonly string[], event: Event, extra: Record<string, string> = {}): boolean {
  const ran = spawnSync(program, args, { stdio: 'inherit', timeout: timeoutMs(event), env: { ...environment, ...extra } });
  return ran.status === 0;
}

function ask(program: string, args: readonly string[]): string {
  return spawnSync(program, args, { encoding: 'utf8' }).stdout ?? '';
}

function orDie(isGood: boolean, what: string): void {
  if (isGood) return;
  say(`${what} failed`);
  process.exit(1);
}

const missing = programs.filter((program) => spawnSync(program, ['--help'], { stdio: 'ignore' }).error !== undefined);
if (missing.length === 0 && spawnSync('docker', ['info'], { stdio: 'ignore' }).status !== 0)
  missing.push('a container engine that answers');
if (missing.length > 0) {
  process.stderr.write(`make e2e needs ${missing.join(', ')}; everything else is tested by \`make test\`\n`);
  process.exit(exitWithoutTools);
}

const existed = ask('kind', ['get', 'clusters']).split('\n').includes(cluster);
const folder = mkdtempSync(join(tmpdir(), 'aetherstore-e2e-'));
const kubeconfig = join(folder, 'kubeconfig');
let isGood = false;
try {
  if (existed) {
    say(`using the cluster ${cluster}`);
    orDie(run('kind', ['export', 'kubeconfig', '--name', cluster, '--kubeconfig', kubeconfig], 'command'), 'kind export kubeconfig');
  } else {
    say(`making the cluster ${cluster}`);
    const nodeImage = environment['E2E_NODE_IMAGE'] ? ['--image', environment['E2E_NODE_IMAGE']] : [];
    const args = [
      'create',
      'cluster',
      '--name',
      cluster,
      '--config',
      'e2e/kind.yaml',
      '--kubeconfig',
      kubeconfig,
      '--wait',
      '180s',
      ...nodeImage,
    ];
    orDie(run('kind', args, 'clusterCreate'), 'kind create cluster');
  }
  say(`loading ${image}`);
  orDie(run('kind', ['load', 'docker-image', '--name', cluster, image], 'imageLoad'), 'kind load docker-image');

  const table = join(folder, 'availability');
  writeFileSync(table, '');
  say(depth === '0' ? 'smoke tests' : 'all tests');
  const files = depth === '0' ? ['e2e/smoke'] : [];
  const args = ['vitest', 'run', '--config', '.vitest.mjs', '--project', 'e2e', '--no-file-parallelism', ...files];
  const handed = { KUBECONFIG: kubeconfig, E2E_CONTEXT: `kind-${cluster}`, E2E_IMAGE: image, E2E_TABLE: table, E2E_ARTIFACTS: artifacts };
  rmSync(artifacts, { recursive: true, force: true });
  isGood = spawnSync('npx', args, { stdio: 'inherit', env: { ...environment, ...handed } }).status === 0;
  process.stdout.write(`\nwhat clients without retries saw:\n${readFileSync(table, 'utf8')}`);
  if (isGood) rmSync(artifacts, { recursive: true, force: true });
  else exportArtifacts();
} finally {
  if (!existed && environment['E2E_KEEP'] !== '1') run('kind', ['delete', 'cluster', '--name', cluster], 'uninstall');
  rmSync(folder, { recursive: true });
}
say(isGood ? 'passed' : 'failed');
process.exit(isGood ? 0 : 1);

/** What helps to see why: all objects, events and logs. */
function exportArtifacts(): void {
  mkdirSync(artifacts, { recursive: true });
  run('kind', ['export', 'logs', '--name', cluster, join(artifacts, 'nodes')], 'command');
  const pinned = ['--kubeconfig', kubeconfig, '--context', `kind-${cluster}`];
  for (const what of ['pods', 'events', 'pvc', 'statefulsets', 'deployments', 'jobs', 'nodes']) {
    writeFileSync(join(artifacts, `${what}.yaml`), ask('kubectl', [...pinned, 'get', what, '--all-namespaces', '-o', 'yaml']));
  }
  say(`objects, events and logs of the cluster are in ${artifacts}/`);
}

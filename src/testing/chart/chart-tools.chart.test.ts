import { describe, expect, test } from 'vitest';
import { presets } from './chart-folder.js';
import { isThere, kubeVersion, run, template } from './helm.js';
import { optionMatrix } from './option-matrix.js';

/* What programs of others say of the rendered chart. One that is missing is said in one line. */

const tools = ['helm', 'kubeconform', 'kube-score'];
for (const tool of tools.filter((name) => !isThere(name))) test.skip(`${tool} is not on PATH: its judgement is missing`, () => undefined);

/** Kinds that Kubernetes itself does not know. */
const customKinds = 'PodMonitor,ServiceMonitor,PrometheusRule,HTTPRoute';

const renderings: [string, readonly string[]][] = [
  ...presets().map((preset): [string, string[]] => [
    preset,
    ['--values', `charts/aetherstore/presets/${preset}.yaml`, '--set', 'buckets={one}'],
  ]),
  ...Object.entries(optionMatrix),
];

async function rendered(args: readonly string[]): Promise<string> {
  const { code, out, all } = await template({ args });
  expect(code, all).toBe(0);
  return out;
}

describe.skipIf(!isThere('helm') || !isThere('kubeconform'))('kubeconform', () => {
  const schemas = process.env['KUBECONFORM_SCHEMAS'];
  const where = schemas === undefined ? [] : ['-schema-location', schemas];

  test.each(renderings)('accepts strictly: %s', async (_name, args) => {
    const { code, all } = await run(
      'kubeconform',
      ['-strict', '-summary', '-kubernetes-version', kubeVersion, '-skip', customKinds, ...where],
      await rendered(args),
    );
    expect(all).toMatch(/Invalid: 0, Errors: 0/);
    expect(code).toBe(0);
  });
});

/** What kube-score says and we do not follow: the beginning of its remarks, and why. */
const scoreExceptions: readonly { remark: RegExp; reason: string }[] = [
  {
    remark: /^container-resources .* CPU limit is not set$/,
    reason: 'a CPU limit slows a process down while the machine is idle; the requests share a busy machine fairly',
  },
  {
    remark: /^container-image-pull-policy .* ImagePullPolicy is not set to Always$/,
    reason: 'tags are versions, or a digest is given; with Always a registry that is away keeps pods from starting',
  },
  { remark: /^deployment-replicas Deployment\/\S+-master /, reason: 'one master: two would write one database' },
  { remark: /^deployment-strategy Deployment\/\S+-master /, reason: 'Recreate for the same reason' },
];

/** Renderings that break rules on purpose: what the platform gives, or what was turned off. */
const notScored = new Set(['everything off', 'OpenShift']);

interface Score {
  object_name: string;
  checks: { check: { id: string }; grade: number; skipped: boolean; comments: { summary: string; path: string }[] | null }[];
}

/** Below this kube-score warns or worse. */
const gradeOfNoRemark = 7;

describe.skipIf(!isThere('helm') || !isThere('kube-score'))('kube-score', () => {
  test.each(renderings.filter(([name]) => !notScored.has(name)))('has no remark but the excepted: %s', async (_name, args) => {
    expect((await remarks(args)).filter((remark) => !scoreExceptions.some((exception) => exception.remark.test(remark)))).toEqual([]);
  });

  test('each exception is needed and has a reason', async () => {
    const all = await remarks([]);
    expect(scoreExceptions.filter(({ remark, reason }) => reason === '' || !all.some((one) => remark.test(one)))).toEqual([]);
  });
});

async function remarks(args: readonly string[]): Promise<string[]> {
  const { out } = await run('kube-score', ['score', '--output-format', 'json', '--kubernetes-version', 'v1.34', '-'], await rendered(args));
  return (JSON.parse(out) as Score[]).flatMap(({ object_name, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < gradeOfNoRemark)
      .flatMap(({ check, comments }) => (comments ?? []).map(({ path, summary }) => `${check.id} ${object_name} ${path} ${summary}`)),
  );
}

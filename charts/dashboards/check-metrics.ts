/*
 * `npm run check:metrics`: starts a store, reads `/metrics` of each role, and compares: what dashboards and alerts use is
 * shown, what is shown is in docs/metrics.md. With --write it writes that page instead. Exit code 1 if anything is amiss.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { scrapeRoles } from '../../src/testing/scrape-roles.js';
import { dashboards } from './all.js';
import { readExposition } from './exposition.js';
import { isOurs, metricsDocument } from './metrics-document.js';
import { readRules } from './rule-groups.js';
import { unknownIn, type UsedQuery } from './used-metrics.js';

const page = new URL('../../docs/metrics.md', import.meta.url);
const breaches: string[] = [];
const pages = await scrapeRoles();
const byRole = new Map(Object.entries(pages).map(([role, text]) => [role, readExposition(text)]));
const families = [...byRole.values()].flat();

// 1. Everything that is shown is documented; the labels of a count can be only when it has been counted, be it with 0.
for (const { name, samples } of families.filter(isOurs))
  if (samples === 0) breaches.push(`${name}: no series yet, so nobody sees its labels`);
const document = metricsDocument(byRole);
if (process.argv.includes('--write')) writeFileSync(page, document);
else if (readFileSync(page, 'utf8') !== document) breaches.push('docs/metrics.md: not what the roles show; make metrics-docs');

// 2. Everything that is used is shown.
const rules = readRules();
const recorded = new Set(rules.flatMap(({ record }) => record ?? []));
const used: UsedQuery[] = [
  ...dashboards.flatMap(({ name, rows }) =>
    rows.flatMap(({ panels }) =>
      panels.flatMap(({ title, queries }) => Object.values(queries).map((query) => ({ where: `${name}, "${title}"`, query }))),
    ),
  ),
  ...rules.map(({ alert, record, expr }) => ({ where: alert ?? record ?? '', query: expr })),
];
breaches.push(...unknownIn(used, families, recorded));

// 3. Names and helps are as Prometheus wants them.
for (const [role, input] of Object.entries(pages)) {
  const { error, status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' });
  if (error) console.log(`skipped: the linter of metrics on ${role}, promtool is not installed`);
  else if (status !== 0) breaches.push(`${role}: ${stdout}${stderr}`.trim());
}

for (const breach of breaches) console.error(breach);
process.exitCode = breaches.length > 0 ? 1 : 0;

/*
 * `npm run check:dashboards`: the JSON is the one that the tables make, dashboards keep the rules, alerts tell what they
 * must. Also asks the programs of Grafana and Prometheus where they are installed. Prints each breach; exit code 1 if
 * there is one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { problemsOfAlerts, untestedAlerts } from './alert-rules.js';
import { dashboards, jsonFile } from './all.js';
import { grafanaJson } from './grafana.js';
import { alertsFile, readCases, readRules } from './rule-groups.js';
import { panelsOf, problemsOf, type DashboardModel } from './rules.js';

const breaches: string[] = [];

/** Null: the program is not installed. */
function ask(program: string, args: string[]): string | null {
  const { error, status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  if (error) return null;
  return status === 0 ? '' : `${stdout}${stderr}`.trim() || `${program} ended with ${status}`;
}

function judge(program: string, what: string, args: string[]): void {
  const answer = ask(program, args);
  if (answer === null) console.log(`skipped: ${what}, ${program} is not installed`);
  else if (answer !== '') breaches.push(`${what}: ${answer}`);
}

// 1. Dashboards: made from the tables, keeping the rules.
const made = new Set(dashboards.map((dashboard) => fileURLToPath(jsonFile(dashboard))));
const queries: string[] = [];
for (const dashboard of dashboards) {
  const path = fileURLToPath(jsonFile(dashboard));
  const json = existsSync(path) ? readFileSync(path, 'utf8') : '';
  if (json !== grafanaJson(dashboard)) breaches.push(`${path}: not what its table says; make dashboards`);
  const model = JSON.parse(grafanaJson(dashboard)) as DashboardModel;
  for (const { rule, text } of problemsOf(model)) breaches.push(`${dashboard.name}: ${rule}: ${text}`);
  for (const { targets = [] } of panelsOf(model.panels ?? [])) queries.push(...targets.map(({ expr = '' }) => expr));
  judge('dashboard-linter', `grafana/dashboard-linter on ${dashboard.name}`, ['lint', '--strict', path]);
}
const folder = new URL('../aetherstore/dashboards/', import.meta.url);
for (const name of readdirSync(folder).filter((each) => each.endsWith('.json'))) {
  if (!made.has(fileURLToPath(new URL(name, folder)))) breaches.push(`${name}: no table makes it`);
}

// 2. Their queries are PromQL: as rules, with what Grafana puts in for its own variable.
const scratch = mkdtempSync(join(tmpdir(), 'queries-'));
try {
  const rules = queries.map((query, index) => ({ record: `query:number_${index}`, expr: query.replaceAll('$__rate_interval', '5m') }));
  const file = join(scratch, 'queries.json');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }));
  judge('promtool', `PromQL of ${queries.length} queries`, ['check', 'rules', file]);
} finally {
  rmSync(scratch, { recursive: true });
}

// 3. Alerts.
const runbooks = new URL('../../docs/runbooks/', import.meta.url);
const pages = new Map(readdirSync(runbooks).map((name) => [name, readFileSync(new URL(name, runbooks), 'utf8')]));
breaches.push(...problemsOfAlerts(readRules(), pages), ...untestedAlerts(readRules(), readCases()));
judge('promtool', 'rules of the alerts', ['check', 'rules', fileURLToPath(alertsFile)]);

for (const breach of breaches) console.error(breach);
process.exitCode = breaches.length > 0 ? 1 : 0;

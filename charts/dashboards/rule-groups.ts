import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { readQuery } from './promql.js';

/** The alerts and recorded series, a plain rule file of Prometheus. */
export const alertsFile = new URL('../aetherstore/alerts/aetherstore.yaml', import.meta.url);

/** Their unit tests, for promtool; outside of the chart. */
const testsFile = new URL('../tests/alerts.yaml', import.meta.url);

export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export function readRules(): Rule[] {
  const { groups } = parse(readFileSync(alertsFile, 'utf8')) as { groups: { rules: Rule[] }[] };
  return groups.flatMap(({ rules }) => rules);
}

/** What a unit test of promtool expects of the alert with this name and severity. */
export interface AlertCase {
  alert: string;
  severity: string;
  fires: boolean;
}

interface TestFile {
  tests: { promql_expr_test?: { expr: string; exp_samples?: unknown[] }[] }[];
}

/** What the tests expect of each alert: they ask for `ALERTS{alertname="…", severity="…", alertstate="firing"}`. */
export function readCases(): AlertCase[] {
  const { tests } = parse(readFileSync(testsFile, 'utf8')) as TestFile;
  return tests.flatMap(({ promql_expr_test: expectations = [] }) =>
    expectations.map(({ expr, exp_samples: samples = [] }) => {
      const matchers = readQuery(expr).selectors[0]?.matchers ?? [];
      const of = (label: string): string => matchers.find((each) => each.label === label)?.value ?? '';
      return { alert: of('alertname'), severity: of('severity'), fires: samples.length > 0 };
    }),
  );
}

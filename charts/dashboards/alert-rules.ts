import type { AlertCase, Rule } from './rule-groups.js';

/** A person who is woken by an alert finds its page here. */
const runbooks = 'https://github.com/aetherstore/aetherstore/blob/main/docs/runbooks/';
/** What a page must answer. */
const headings = ['## What it means', '## See it', '## Do', '## Do not'];

/** What an alert lacks for the person whom it wakes; `pages`: the text of each runbook by the name of its file. */
export function problemsOfAlerts(rules: readonly Rule[], pages: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  const alerts = rules.filter((rule) => rule.alert !== undefined);
  for (const { alert = '', annotations = {}, labels = {} } of alerts) {
    const { summary = '', description = '', runbook_url: url = '' } = annotations;
    if (!/^AetherStore[A-Z]\w+$/.test(alert)) problems.push(`${alert}: its name does not begin with AetherStore`);
    if (summary === '' || description === '') problems.push(`${alert}: no summary or no description`);
    if (labels['severity'] !== 'critical' && labels['severity'] !== 'warning') problems.push(`${alert}: neither critical nor warning`);
    const page = `${alert}.md`;
    if (url !== runbooks + page) problems.push(`${alert}: runbook_url is not ${runbooks}${page}`);
    const text = pages.get(page);
    if (text === undefined) problems.push(`${alert}: docs/runbooks/${page} is not there`);
    else for (const heading of headings) if (!text.includes(`\n${heading}\n`)) problems.push(`docs/runbooks/${page}: no "${heading}"`);
  }
  for (const page of pages.keys()) {
    if (page !== 'README.md' && !alerts.some(({ alert }) => `${alert}.md` === page)) problems.push(`docs/runbooks/${page}: no such alert`);
  }
  return problems;
}

/** Alerts without a case in which they fire, or without one in which they are quiet. */
export function untestedAlerts(rules: readonly Rule[], cases: readonly AlertCase[]): string[] {
  const untested: string[] = [];
  for (const { alert, labels } of rules) {
    if (alert === undefined) continue;
    const own = cases.filter((each) => each.alert === alert && each.severity === labels?.['severity']);
    const name = `${alert} (${labels?.['severity']})`;
    if (!own.some(({ fires }) => fires)) untested.push(`${name}: no test in which it fires`);
    if (!own.some(({ fires }) => !fires)) untested.push(`${name}: no test in which it is quiet`);
  }
  return untested;
}

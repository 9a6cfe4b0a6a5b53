import { describe, expect, it } from 'vitest';
import { problemsOfAlerts, untestedAlerts } from './alert-rules.js';
import type { Rule } from './rule-groups.js';

const page = '# A\n\n## What it means\n\n## See it\n\n## Do\n\n## Do not\n';
const good = (): Rule & { annotations: Record<string, string> } => ({
  alert: 'AetherStoreExample',
  expr: 'up == 0',
  labels: { severity: 'warning' },
  annotations: {
    summary: 'It is so.',
    description: 'It has been so for long.',
    runbook_url: 'https://github.com/aetherstore/aetherstore/blob/main/docs/runbooks/AetherStoreExample.md',
  },
});
const pages = (text = page) => new Map([['AetherStoreExample.md', text]]);

describe('what an alert must tell', () => {
  it('is told by a good one, and a recorded series tells nothing', () => {
    expect(problemsOfAlerts([good(), { record: 'a:b', expr: 'sum(a)' }], pages())).toEqual([]);
  });

  it.each<[string, Partial<Rule>, string]>([
    ['a name of ours', { alert: 'Example' }, 'does not begin'],
    ['a summary', { annotations: { ...good().annotations, summary: '' } }, 'no summary'],
    ['a description', { annotations: { ...good().annotations, description: '' } }, 'no description'],
    ['a severity', { labels: {} }, 'neither critical'],
    ['its own runbook', { annotations: { ...good().annotations, runbook_url: 'https://example.com' } }, 'runbook_url'],
  ])('needs %s', (_what, change, problem) => {
    expect(problemsOfAlerts([{ ...good(), ...change }], pages()).join()).toContain(problem);
  });

  it('needs a page that answers the four questions', () => {
    expect(problemsOfAlerts([good()], new Map())).toEqual(['AetherStoreExample: docs/runbooks/AetherStoreExample.md is not there']);
    expect(problemsOfAlerts([good()], pages(page.replace('## Do not', '')))).toEqual([
      'docs/runbooks/AetherStoreExample.md: no "## Do not"',
    ]);
  });

  it('finds a page without an alert', () => {
    expect(problemsOfAlerts([], pages())).toEqual(['docs/runbooks/AetherStoreExample.md: no such alert']);
  });
});

describe('the tests of alerts', () => {
  it('have a case where each fires and one where it is quiet, for each severity', () => {
    const fires = { alert: 'AetherStoreExample', severity: 'warning', fires: true };
    expect(untestedAlerts([good()], [fires, { ...fires, fires: false }])).toEqual([]);
    expect(untestedAlerts([good(), { record: 'a:b', expr: 'a' }], [fires, { ...fires, severity: 'critical', fires: false }])).toEqual([
      'AetherStoreExample (warning): no test in which it is quiet',
    ]);
    expect(untestedAlerts([good()], [])).toHaveLength(2);
  });
});

import { describe, expect, it } from 'vitest';
import { grafanaJson } from './grafana.js';
import type { Dashboard } from './panel.js';
import { problemsOf, type DashboardModel } from './rules.js';

const dashboard: Dashboard = {
  name: 'example',
  title: 'Example',
  description: 'For the rules.',
  rows: [
    {
      title: 'Requests',
      panels: [
        {
          title: 'Rate',
          description: 'How many.',
          unit: 'reqps',
          queries: { '{{operation}}': 'sum by (operation) (rate(some_requests_total{status!="500"}[$__rate_interval]))' },
        },
      ],
    },
  ],
};

/** A dashboard without fault, anew for each test. */
const faultless = () => JSON.parse(grafanaJson(dashboard)) as Required<DashboardModel> & { templating: { list: never[] } };

type Model = ReturnType<typeof faultless>;
const variable = (model: Model, name: string) =>
  (model.templating.list as Record<string, unknown>[]).find((each) => each['name'] === name)!;
const panel = (model: Model) => model.panels.find(({ type }) => type !== 'row')!;
const query = (model: Model) => panel(model).targets![0]!;

const breaches: [rule: string, how: string, breach: (model: Model) => void][] = [
  ['uneditable-dashboard', 'an editable dashboard', (model) => void (model.editable = true)],
  ['uneditable-dashboard', 'a dashboard that does not say', (model) => void delete (model as DashboardModel).editable],
  ['template-datasource-rule', 'no variable for the data source', (model) => void model.templating.list.shift()],
  ['template-datasource-rule', 'another name for it', (model) => void (variable(model, 'datasource')['name'] = 'source')],
  ['template-datasource-rule', 'another label for it', (model) => void (variable(model, 'datasource')['label'] = 'Prometheus')],
  ['template-datasource-rule', 'another kind of source', (model) => void (variable(model, 'datasource')['query'] = 'loki')],
  ['template-job-rule', 'no job', (model) => void (variable(model, 'job')['name'] = 'jobs')],
  ['template-job-rule', 'a job from a fixed data source', (model) => void (variable(model, 'job')['datasource'] = { uid: 'P1' })],
  ['template-job-rule', 'one job only', (model) => void (variable(model, 'job')['multi'] = false)],
  ['template-instance-rule', 'no instance', (model) => void (variable(model, 'instance')['name'] = 'pod')],
  ['template-instance-rule', 'an instance that is no query', (model) => void (variable(model, 'instance')['type'] = 'custom')],
  ['template-instance-rule', 'an instance with another label', (model) => void (variable(model, 'instance')['label'] = 'Pod')],
  ['template-instance-rule', 'all instances as .*', (model) => void (variable(model, 'instance')['allValue'] = '.*')],
  ['template-on-time-change-reload-rule', 'a variable read once', (model) => void (variable(model, 'job')['refresh'] = 1)],
  ['template-label-promql-rule', 'an unknown function', (model) => void (variable(model, 'job')['query'] = 'labels(up, job)')],
  ['template-label-promql-rule', 'an unreadable selector', (model) => void (variable(model, 'job')['query'] = 'label_values(up{, job)')],
  ['panel-title-description-rule', 'no title', (model) => void (panel(model).title = '')],
  ['panel-title-description-rule', 'no description', (model) => void delete panel(model).description],
  ['panel-units-rule', 'no unit', (model) => void delete panel(model).fieldConfig],
  ['panel-units-rule', 'an unknown unit', (model) => void (panel(model).fieldConfig = { defaults: { unit: 'apples' } })],
  ['panel-datasource-rule', 'a fixed data source', (model) => void (panel(model).datasource = { uid: 'P1' })],
  ['panel-no-targets-rule', 'no query', (model) => void (panel(model).targets = [])],
  ['target-promql-rule', 'an unreadable query', (model) => void (query(model).expr += ')')],
  ['target-promql-rule', 'an empty query', (model) => void (query(model).expr = '')],
  ['target-job-rule', 'any job', (model) => void (query(model).expr = query(model).expr!.replace('job=~"$job", ', ''))],
  ['target-job-rule', 'one job by name', (model) => void (query(model).expr = query(model).expr!.replace('=~"$job"', '="a"'))],
  ['target-instance-rule', 'any instance', (model) => void (query(model).expr = query(model).expr!.replace('instance', 'pod'))],
  ['target-rate-interval-rule', 'five minutes', (model) => void (query(model).expr = query(model).expr!.replace('$__rate_interval', '5m'))],
  [
    'target-counter-agg-rule',
    'a bare counter',
    (model) => void (query(model).expr = query(model).expr!.replace(/rate\((.*)\[.*\]\)/, '$1')),
  ],
  [
    'target-counter-agg-rule',
    'the delta of a counter',
    (model) => void (query(model).expr = query(model).expr!.replace('rate(', 'delta(')),
  ],
];

describe('the rules for dashboards', () => {
  it('have nothing to say of a faultless one', () => {
    expect(problemsOf(faultless())).toEqual([]);
  });

  it.each(breaches)('%s finds %s', (rule, _how, breach) => {
    const broken = faultless();
    breach(broken);
    expect(new Set(problemsOf(broken).map((problem) => problem.rule))).toContain(rule);
  });

  it('look into rows that are folded', () => {
    const broken = faultless();
    const inside = panel(broken);
    delete inside.description;
    broken.panels = [{ type: 'row', title: 'Folded', panels: [inside] }];
    expect(problemsOf(broken)).toEqual([{ rule: 'panel-title-description-rule', text: 'panel "Rate" has no title or no description' }]);
  });

  it('each have a dashboard that breaks them', () => {
    const everything = problemsOf({ templating: { list: [{ type: 'query' }] }, panels: [{ targets: [{}] }, {}] });
    const broken = new Set(breaches.map(([rule]) => rule));
    for (const { rule } of everything) expect(broken).toContain(rule);
    expect(broken.size).toBe(15);
  });
});

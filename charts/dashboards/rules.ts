import { readQuery, UnreadableQuery, type QueryParts } from './promql.js';

/*
 * The rules of grafana/dashboard-linter in strict form, under its names, for machines where that program is not. Where
 * the two differ ours is the stricter: counters are known by `_bucket`, `_sum` and `_count` as well as `_total`, with
 * matchers behind their names or without, and every panel that is no row is looked at, whatever its kind.
 */

/** As much of Grafana's model as the rules look at; anything may be missing. */
export interface DashboardModel {
  editable?: boolean;
  templating?: { list?: VariableModel[] };
  panels?: PanelModel[];
}

interface VariableModel {
  name?: string;
  label?: string;
  type?: string;
  query?: string | { query?: string };
  datasource?: { uid?: string };
  refresh?: number;
  multi?: boolean;
  allValue?: string;
}

interface PanelModel {
  type?: string;
  title?: string;
  description?: string;
  datasource?: { uid?: string };
  fieldConfig?: { defaults?: { unit?: string } };
  targets?: { expr?: string }[];
  panels?: PanelModel[];
}

export interface Problem {
  rule: string;
  text: string;
}

/** Of the units that Grafana knows, those that we use. */
const units = new Set('none short percentunit bytes Bps s reqps ops dateTimeFromNow bool_yes_no'.split(' '));
const rateFunctions = new Set(['rate', 'irate', 'increase']);
const templateFunctions = new Set(['label_names', 'label_values', 'metrics', 'query_result']);
const datasourceUids = new Set(['$datasource', '${datasource}']);

export function problemsOf(dashboard: DashboardModel): Problem[] {
  const problems: Problem[] = [];
  const say = (rule: string, text: string): void => void problems.push({ rule, text });
  const variables = dashboard.templating?.list ?? [];
  if (dashboard.editable !== false) say('uneditable-dashboard', 'is editable');
  judgeDatasource(variables, say);
  for (const name of ['job', 'instance']) judgeScopeVariable(name, variables, say);
  for (const variable of variables.filter(({ type }) => type === 'query')) judgeQueryVariable(variable, say);
  for (const panel of panelsOf(dashboard.panels ?? [])) {
    judgePanel(panel, (rule, text) => say(rule, `panel "${panel.title ?? ''}" ${text}`));
  }
  return problems;
}

/** All panels but rows, those inside rows too. */
export function panelsOf(panels: readonly PanelModel[]): PanelModel[] {
  return panels.flatMap((panel) => (panel.type === 'row' ? panelsOf(panel.panels ?? []) : [panel]));
}

type Say = (rule: string, text: string) => void;

function judgeDatasource(variables: readonly VariableModel[], say: Say): void {
  const rule = 'template-datasource-rule';
  const sources = variables.filter(({ type }) => type === 'datasource');
  if (sources.length !== 1) return say(rule, `has ${sources.length} variables for the data source, not one`);
  const { name, label, query } = sources[0]!;
  if (name !== 'datasource' || label !== 'Data source') say(rule, `calls it "${name}", labelled "${label}"`);
  if (query !== 'prometheus') say(rule, 'has another data source than Prometheus');
}

function judgeScopeVariable(name: string, variables: readonly VariableModel[], say: Say): void {
  const rule = `template-${name}-rule`;
  const variable = variables.find((each) => each.name === name);
  if (!variable) return say(rule, `has no variable "${name}"`);
  if (!datasourceUids.has(variable.datasource?.uid ?? '')) say(rule, 'has a fixed data source');
  if (variable.type !== 'query') say(rule, 'is no query');
  if (variable.label !== name[0]!.toUpperCase() + name.slice(1)) say(rule, `is labelled "${variable.label}"`);
  if (variable.multi !== true) say(rule, 'takes one value only');
  if (variable.allValue !== '.+') say(rule, `has "${variable.allValue}" for all values`);
}

function judgeQueryVariable({ name, query, refresh }: VariableModel, say: Say): void {
  if (refresh !== 2) say('template-on-time-change-reload-rule', `variable "${name}" is not read again when the time range changes`);
  const text = (typeof query === 'string' ? query : query?.query) ?? '';
  const [, called, argument] = /^([a-z_]+)\((.+)\)$/.exec(text) ?? [];
  const selector = argument?.replace(/,\s*\w+$/, '') ?? '';
  if (!templateFunctions.has(called ?? '') || partsOf(selector) === null)
    say('template-label-promql-rule', `variable "${name}" has the query "${text}"`);
}

function judgePanel(panel: PanelModel, say: Say): void {
  if (!panel.title || !panel.description) say('panel-title-description-rule', 'has no title or no description');
  if (!units.has(panel.fieldConfig?.defaults?.unit ?? '')) say('panel-units-rule', `has the unit "${panel.fieldConfig?.defaults?.unit}"`);
  if (!datasourceUids.has(panel.datasource?.uid ?? '')) say('panel-datasource-rule', 'has a fixed data source');
  if ((panel.targets ?? []).length === 0) say('panel-no-targets-rule', 'has no query');
  for (const { expr } of panel.targets ?? []) judgeQuery(expr ?? '', say);
}

function judgeQuery(query: string, say: Say): void {
  const parts = partsOf(query);
  if (parts === null) return say('target-promql-rule', `has the unreadable query "${query}"`);
  for (const { metric, matchers, range, inside } of parts.selectors) {
    for (const label of ['job', 'instance']) {
      const matched = matchers.some((each) => each.label === label && each.operator === '=~' && each.value === `$${label}`);
      if (!matched) say(`target-${label}-rule`, `reads ${metric} of any ${label}`);
    }
    const rated = range !== null && rateFunctions.has(inside ?? '');
    if (/_(total|bucket|sum|count)$/.test(metric) && !rated) say('target-counter-agg-rule', `reads the counter ${metric} without a rate`);
    const isRate = inside === 'rate' || inside === 'irate';
    if (isRate && range !== '$__rate_interval') say('target-rate-interval-rule', `rates ${metric} over ${range}`);
  }
}

function partsOf(query: string): QueryParts | null {
  try {
    return readQuery(query);
  } catch (error) {
    if (error instanceof UnreadableQuery) return null;
    throw error;
  }
}

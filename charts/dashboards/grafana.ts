import type { Dashboard, Panel, Row } from './panel.js';
import { withMatchers } from './promql.js';

/*
 * Turns a table of panels into the JSON that Grafana reads. What Grafana's linter asks of every dashboard (chosen
 * datasource, job and instance, nothing editable, variables that follow the time range) is made here once.
 */

const columns = 24;
const lineHeight = 7;
const numberHeight = 4;
const datasource = { type: 'prometheus', uid: '${datasource}' };
const scope = 'namespace=~"$namespace", release=~"$release", job=~"$job", instance=~"$instance"';
/** Every process of a store has it. */
const everyProcess = 'nodejs_version_info';
const aMaster = 'aetherstore_master_reign_epoch';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export function grafanaJson(dashboard: Dashboard): string {
  return `${JSON.stringify(modelOf(dashboard), null, 2)}\n`;
}

function modelOf({ name, title, description, rows }: Dashboard): Json {
  return {
    uid: `aetherstore-${name}`,
    title: `AetherStore / ${title}`,
    description,
    tags: ['aetherstore'],
    editable: false,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 39,
    time: { from: 'now-6h', to: 'now' },
    timezone: 'browser',
    links: [
      {
        title: 'AetherStore',
        type: 'dashboards',
        tags: ['aetherstore'],
        asDropdown: false,
        includeVars: true,
        keepTime: true,
        targetBlank: false,
      },
    ],
    annotations: { list: [] },
    templating: { list: variables() },
    panels: laidOut(rows),
  };
}

function variables(): Json[] {
  return [
    {
      name: 'datasource',
      label: 'Data source',
      type: 'datasource',
      query: 'prometheus',
      refresh: 1,
      multi: false,
      includeAll: false,
      current: {},
      options: [],
      regex: '',
      hide: 0,
    },
    // without Kubernetes there are no such labels
    chosen('namespace', 'Namespace', `label_values(${aMaster}, namespace)`, '.*'),
    chosen('release', 'Release', `label_values(${aMaster}{namespace=~"$namespace"}, release)`, '.*'),
    chosen('job', 'Job', `label_values(${aMaster}{namespace=~"$namespace", release=~"$release"}, job)`, '.+'),
    chosen(
      'instance',
      'Instance',
      `label_values(${everyProcess}{namespace=~"$namespace", release=~"$release", job=~"$job"}, instance)`,
      '.+',
    ),
  ];
}

/** A variable with the values that a query finds; any number of them, at first all. */
function chosen(name: string, label: string, query: string, allValue: string): Json {
  return {
    name,
    label,
    type: 'query',
    datasource,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue,
    current: { text: ['All'], value: ['$__all'] },
    options: [],
    regex: '',
    hide: 0,
  };
}

/** Rows of panels from left to right, as many beside each other as fit. */
function laidOut(rows: readonly Row[]): Json[] {
  const laid: Json[] = [];
  let y = 0;
  for (const row of rows) {
    laid.push({ id: laid.length + 1, type: 'row', title: row.title, collapsed: false, panels: [], gridPos: { x: 0, y, w: columns, h: 1 } });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? 8;
      const h = panel.look === 'number' ? numberHeight : lineHeight;
      if (x + w > columns) {
        y += height;
        x = 0;
        height = 0;
      }
      laid.push({ id: laid.length + 1, ...panelModel(panel), gridPos: { x, y, w, h } });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return laid;
}

function panelModel(panel: Panel): Record<string, Json> {
  const isNumber = panel.look === 'number';
  return {
    type: isNumber ? 'stat' : 'timeseries',
    title: panel.title,
    description: panel.description,
    datasource,
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: isNumber ? numberOptions : lineOptions,
    targets: Object.entries(panel.queries).map(([legend, query], index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr: withMatchers(query, scope),
      legendFormat: legend,
      editorMode: 'code',
      instant: isNumber,
      range: !isNumber,
    })),
  };
}

function fieldDefaults({ look, unit, bad, max }: Panel): Json {
  const shared = { unit, min: 0, ...(max === undefined ? {} : { max }), ...thresholds(bad) };
  if (look === 'number') return { ...shared, color: { mode: bad ? 'thresholds' : 'fixed', fixedColor: 'text' } };
  return {
    ...shared,
    color: { mode: 'palette-classic' },
    custom: {
      drawStyle: 'line',
      lineWidth: 1,
      fillOpacity: look === 'stacked' ? 30 : 8,
      showPoints: 'never',
      spanNulls: false,
      stacking: { mode: look === 'stacked' ? 'normal' : 'none', group: 'A' },
      ...(bad ? { thresholdsStyle: { mode: 'dashed' } } : {}),
    },
  };
}

function thresholds(bad: Panel['bad']): Record<string, Json> {
  if (!bad) return {};
  const below = bad.is === 'below';
  const steps: Json[] = [{ color: below ? 'red' : 'green', value: null }];
  if (bad.warnFrom !== undefined && !below) steps.push({ color: 'orange', value: bad.warnFrom });
  if (below) steps.push({ color: bad.warnFrom === undefined ? 'green' : 'orange', value: bad.from });
  else steps.push({ color: 'red', value: bad.from });
  if (bad.warnFrom !== undefined && below) steps.push({ color: 'green', value: bad.warnFrom });
  return { thresholds: { mode: 'absolute', steps } };
}

const numberOptions: Json = {
  colorMode: 'value',
  graphMode: 'none',
  justifyMode: 'auto',
  orientation: 'auto',
  textMode: 'auto',
  reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
};

const lineOptions: Json = {
  legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
  tooltip: { mode: 'multi', sort: 'desc' },
};

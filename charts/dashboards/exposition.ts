/** One metric of a `/metrics` page. */
export interface Family {
  name: string;
  type: string;
  help: string;
  /** In the order of their first use; without those that every series of the process has. */
  labels: string[];
  /** The names of its series: a histogram has three. */
  series: string[];
  /** Lines with a value; none: a metric with labels that nothing has happened to yet. */
  samples: number;
}

/** Labels of every metric: the role is put on by the process. */
const labelsOfAll = new Set(['role']);
/** Labels that say which part of a distribution a series is. */
const labelsOfParts = new Set(['le', 'quantile']);
const suffixes: Record<string, string[]> = { histogram: ['_bucket', '_sum', '_count'], summary: ['', '_sum', '_count'] };

/** The metrics of a page in Prometheus' text format. */
export function readExposition(text: string): Family[] {
  const families = new Map<string, Family>();
  const bySeries = new Map<string, Family>();
  for (const line of text.split('\n')) {
    const [, word, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (word === 'HELP') families.set(name, { name, type: 'untyped', help: rest, labels: [], series: [], samples: 0 });
    const family = families.get(name);
    if (word === 'TYPE' && family) {
      family.type = rest;
      family.series = (suffixes[rest] ?? ['']).map((suffix) => name + suffix);
      for (const series of family.series) bySeries.set(series, family);
    }
    const [, series = '', labels = ''] = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    const owner = bySeries.get(series);
    if (!owner) continue;
    owner.samples += 1;
    for (const [, label = ''] of labels.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) {
      if (labelsOfAll.has(label) || labelsOfParts.has(label) || owner.labels.includes(label)) continue;
      owner.labels.push(label);
    }
  }
  return [...families.values()];
}

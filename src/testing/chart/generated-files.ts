import { parse } from 'yaml';
import { chartReadme } from './chart-readme.js';
import { readChartFile } from './chart-folder.js';
import { describeValues } from './described-values.js';
import { valuesSchema } from './values-schema.js';

/** What `make chart-docs` writes, by the path in the chart. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const described = describeValues(readChartFile('values.yaml'));
  return new Map([
    ['README.md', chartReadme(readChartFile('files/readme.md'), described)],
    ['values.schema.json', valuesSchema(described)],
  ]);
}

export function defaultValues(): Record<string, unknown> {
  return parse(readChartFile('values.yaml')) as Record<string, unknown>;
}

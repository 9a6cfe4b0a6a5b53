import { chartFiles, readChartFile } from './chart-folder.js';
import { isMap, valueAt, type DescribedValue } from './described-values.js';

/** What templates use and `values.yaml` does not have, and the other way round; each as one line. */
export function unmatchedValues(described: readonly DescribedValue[], values: unknown): string[] {
  const templates = chartFiles('templates').map((path) => ({ path, text: readChartFile(path) }));
  const all = templates.map(({ text }) => text).join('\n');
  const named = templates.flatMap(({ path, text }) =>
    [...text.matchAll(/\.Values((?:\.[A-Za-z]\w*)+)/g)].map((match) => ({ path, value: match[1]!.slice(1).split('.') })),
  );
  const undeclared = named
    .filter(({ value }) => !isDeclared(values, value))
    .map(({ path, value }) => `${path}: .Values.${value.join('.')} is not in values.yaml`);

  const unused = described
    .filter(({ schema }) => schema !== null)
    .filter(({ path }) => {
      const isReached = named.some(({ value }) => value.every((key, index) => key === path[index]));
      // below `with` and in parts that get a whole component, a value is named by its last key alone
      const isRead = new RegExp(`[.]${path.at(-1)!}\\b|"${path.at(-1)!}"`).test(all);
      return !isReached || !isRead;
    })
    .map(({ path }) => `values.yaml: ${path.join('.')} is used by no template`);
  return [...undeclared, ...unused];
}

/** Values that a text tells people to `--set`, or names in code marks, and that `values.yaml` does not have. */
export function unknownValues(text: string, values: Record<string, unknown>): string[] {
  const given = [...text.matchAll(/--set(?:-string)?[ =]'?([\w.]+)=/g)].map((match) => match[1]!);
  const named = [...text.matchAll(/`([a-z]\w*(?:\.[A-Za-z]\w*)+)(?:=[^`]*)?`/g)]
    .map((match) => match[1]!)
    .filter((path) => Object.hasOwn(values, path.split('.')[0]!));
  return [...given, ...named].filter((path) => !isDeclared(values, path.split('.')));
}

/** Fields of a map that is given whole (`resources`) are its user's affair. */
function isDeclared(values: unknown, path: readonly string[]): boolean {
  const parent = valueAt(values, path.slice(0, -1));
  return isMap(parent) && Object.hasOwn(parent, path.at(-1)!);
}

import { parse } from 'yaml';

export type Schema = Readonly<Record<string, unknown>>;

/** A key of `values.yaml` with what its comment says. */
export interface DescribedValue {
  path: readonly string[];
  /** The heading that it stands under. */
  section: string;
  prose: string;
  /** Null for a map whose keys are described themselves. */
  schema: Schema | null;
  value: unknown;
}

const heading = '# -- ';
const schemaMark = '@schema ';

/**
 * Reads `values.yaml` with its comments. A block of comment lines directly above a key describes it; one line of it may give
 * the JSON schema of the value (`@schema {…}`), which makes the value a whole: what is below it is not described further.
 */
export function describeValues(text: string): DescribedValue[] {
  const values: unknown = parse(text);
  const described: DescribedValue[] = [];
  const stack: { key: string; indent: number }[] = [];
  let comment: string[] = [];
  let section = '';
  let wholeIndent = Infinity;
  for (const line of text.split('\n')) {
    const indent = line.search(/\S/);
    if (indent === -1) {
      comment = [];
    } else if (line.startsWith(heading)) {
      section = line.slice(heading.length);
    } else if (line.trimStart().startsWith('#')) {
      comment.push(line.trim().replace(/^# ?/, ''));
    } else {
      const key = /^\s*([A-Za-z][A-Za-z0-9]*):/.exec(line)?.[1];
      if (key !== undefined && indent <= wholeIndent) {
        while (stack.length > 0 && stack.at(-1)!.indent >= indent) stack.pop();
        stack.push({ key, indent });
        const path = stack.map((level) => level.key);
        const entry = describe({ path, section, comment, value: valueAt(values, path) });
        described.push(entry);
        wholeIndent = entry.schema === null ? Infinity : indent;
      }
      comment = [];
    }
  }
  return described;
}

function describe(given: { path: string[]; section: string; comment: string[]; value: unknown }): DescribedValue {
  const { path, section, comment, value } = given;
  const mark = comment.find((line) => line.startsWith(schemaMark));
  const prose = comment.filter((line) => !line.startsWith('@')).join(' ');
  const schema = mark === undefined ? inferredSchema(value, path) : (JSON.parse(mark.slice(schemaMark.length)) as Schema);
  return { path, section, prose, schema, value };
}

function inferredSchema(value: unknown, path: readonly string[]): Schema | null {
  if (typeof value === 'string' || typeof value === 'boolean') return { type: typeof value };
  if (Number.isInteger(value)) return { type: 'integer' };
  if (isMap(value) && Object.keys(value).length > 0) return null;
  throw new Error(`values.yaml: ${path.join('.')} needs a line "# @schema {…}": its default does not say what it takes`);
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isMap(inner) ? inner[key] : undefined), values);
}

import { readFileSync } from 'node:fs';
import { CliError } from '../cli-error.js';
import { exitCode } from '../exit-code.js';

const fileBytesMax = 1024 * 1024;

/** The text of a file, null when there is none. Other trouble is told to the person. */
export function readOptionalFile(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > fileBytesMax) throw new Error('it is too large');
    return text;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    const why = (cause as Error).message;
    throw new CliError({ exitCode: exitCode.usage, code: 'usage', what: `The file ${path} cannot be read.`, why }, { cause });
  }
}

/** `NAME=VALUE` lines as a shell reads them, without expansion: comments, `export`, quotes around the value. */
export function parseNameValues(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const match = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S*))\s*$/.exec(line);
    if (match !== null) values.set(match[1]!, match[2] ?? match[3] ?? match[4] ?? '');
  }
  return values;
}

/** Sections of the files in `~/.aws`: `[name]`, then `name = value`. Nested (indented) settings are passed over. */
export function parseSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | null = null;
  for (const line of text.split('\n')) {
    const head = /^\[\s*([^\]]+?)\s*\]/.exec(line);
    const pair = /^([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line);
    if (head !== null) {
      section = sections.get(head[1]!) ?? new Map<string, string>();
      sections.set(head[1]!, section);
    } else if (pair !== null) {
      section?.set(pair[1]!, pair[2]!);
    }
  }
  return sections;
}

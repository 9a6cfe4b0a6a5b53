/** A command of a document, and what the document says that it prints. */
export interface ConsoleStep {
  command: string;
  expected: string[];
}

/**
 * The commands of the ```console blocks below a heading: a line `$ …` is a command, a line `> …` continues it, the lines
 * after it are its output.
 */
export function consoleSteps(markdown: string, heading: string): ConsoleStep[] {
  const section = new RegExp(`^#+ ${heading}$([^]*?)(?=^## |$(?![^]))`, 'm').exec(markdown)?.[1] ?? '';
  const steps: ConsoleStep[] = [];
  for (const [, block] of section.matchAll(/^```console\n([^]*?)^```$/gm)) {
    for (const line of block!.trimEnd().split('\n')) {
      const last = steps.at(-1);
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: [] });
      else if (line.startsWith('> ') && last) last.command += `\n${line.slice(2)}`;
      else if (last) last.expected.push(line);
    }
  }
  return steps;
}

/** Words in a document that stand for something that is known only when it runs. */
const placeholders: Readonly<Record<string, string>> = { 'OBJECT-ID': '[0-9a-f-]{36}' };

/** A text with the placeholders that are known filled in. */
export function fillIn(text: string, known: ReadonlyMap<string, string>): string {
  let filled = text;
  for (const [name, value] of known) filled = filled.replaceAll(name, value);
  return filled;
}

/**
 * Compares what a command printed with what the document says; `…` in a line stands for anything, a line of it for any
 * lines. Learns placeholders met for the first time. Answers what is wrong, or null.
 */
export function mismatch(expected: readonly string[], printed: string, known: Map<string, string>): string | null {
  let rest = printed.trimEnd().split('\n');
  let maySkip = false;
  for (const line of expected) {
    if (line === '…') {
      maySkip = true;
      continue;
    }
    const names: string[] = [];
    const pattern = escape(fillIn(line, known))
      .replaceAll('…', '.*')
      .replaceAll(new RegExp(Object.keys(placeholders).join('|'), 'g'), (name) => {
        names.push(name);
        return `(${placeholders[name]})`;
      });
    const form = new RegExp(`^${pattern}$`);
    const at = maySkip ? rest.findIndex((candidate) => form.test(candidate)) : 0;
    const found = at >= 0 ? form.exec(rest[at] ?? '') : null;
    if (!found) return `expected the line ${JSON.stringify(fillIn(line, known))}, printed was:\n${printed}`;
    for (const [index, name] of names.entries()) known.set(name, found[index + 1]!);
    rest = rest.slice(at + 1);
    maySkip = false;
  }
  return null;
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

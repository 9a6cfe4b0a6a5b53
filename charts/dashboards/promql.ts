/*
 * Reads from a PromQL query what the checks need: each selector and what stands around it. No parser: whether the whole
 * is valid is the business of promtool.
 */

interface Matcher {
  label: string;
  operator: string;
  value: string;
}

/** One `metric{label="value"}[range]` of a query. */
interface Selector {
  metric: string;
  matchers: Matcher[];
  /** What stands in the brackets behind it; null without brackets. */
  range: string | null;
  /** The function whose parenthesis is the innermost around it; null: a bare parenthesis or none. */
  inside: string | null;
  /** Where a further matcher can be put into the text, and whether braces stand there already. */
  matchersAt: { index: number; braced: boolean };
}

export interface QueryParts {
  selectors: Selector[];
  /** Labels named by `by`, `without`, `on`, `ignoring`, `group_left` and `group_right`. */
  labels: string[];
}

/** The query cannot be read at all. */
export class UnreadableQuery extends Error {}

interface Token {
  kind: 'name' | 'number' | 'string' | 'variable' | 'sign';
  text: string;
  index: number;
}

const token =
  /(?<space>\s+|#[^\n]*)|(?<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)|(?<variable>\$\w+|\$\{[^}]*\})|(?<number>\d[\w.]*)|(?<name>[A-Za-z_:][\w:]*)|(?<sign>=~|!~|!=|==|>=|<=|[-+*/%^=<>(){}[\],@.:])/y;
const labelLists = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const operators = new Set(['and', 'or', 'unless', 'atan2', 'bool', 'offset', 'inf', 'nan', 'start', 'end']);
const aggregations = new Set('sum min max avg group stddev stdvar count count_values bottomk topk quantile limitk limit_ratio'.split(' '));
const closing: Record<string, string> = { '(': ')', '{': '}', '[': ']' };

export function readQuery(query: string): QueryParts {
  const tokens = tokensOf(query);
  if (tokens.length === 0) throw new UnreadableQuery('it is empty');
  refuseUnbalanced(tokens);
  const parts: QueryParts = { selectors: [], labels: [] };
  const calls: (string | null)[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const { kind, text } = tokens[at]!;
    if (text === '(' && kind === 'sign') {
      const before = tokens[at - 1];
      calls.push(before?.kind === 'name' && !operators.has(before.text) ? before.text : null);
    } else if (text === ')' && kind === 'sign') {
      calls.pop();
    } else if (kind === 'name' && labelLists.has(text)) {
      if (tokens[at + 1]?.text !== '(') continue;
      for (at += 2; tokens[at]!.text !== ')'; at += 1) if (tokens[at]!.kind === 'name') parts.labels.push(tokens[at]!.text);
    } else if (kind === 'name' && isMetric(text, tokens[at + 1])) {
      const read = readSelector(tokens, at, calls.at(-1) ?? null);
      parts.selectors.push(read.selector);
      at = read.lastAt;
    } else if (text === '{' && kind === 'sign') {
      throw new UnreadableQuery('a selector without the name of a metric');
    } else if (text === '[' && kind === 'sign') {
      while (tokens[at]!.text !== ']') at += 1; // the range of a subquery
    }
  }
  return parts;
}

/** The query with these matchers in each of its selectors. */
export function withMatchers(query: string, matchers: string): string {
  let text = query;
  for (const { matchersAt } of readQuery(query).selectors.reverse()) {
    const { index, braced } = matchersAt;
    text = `${text.slice(0, index)}${braced ? `${matchers}, ` : `{${matchers}}`}${text.slice(index)}`;
  }
  return text;
}

function isMetric(name: string, next: Token | undefined): boolean {
  if (operators.has(name.toLowerCase())) return false;
  if (next?.text === '(') return false;
  return !(aggregations.has(name) && next?.kind === 'name' && labelLists.has(next.text));
}

function readSelector(tokens: Token[], at: number, inside: string | null): { selector: Selector; lastAt: number } {
  const { text: metric, index } = tokens[at]!;
  const selector: Selector = { metric, matchers: [], range: null, inside, matchersAt: { index: index + metric.length, braced: false } };
  let next = at + 1;
  if (tokens[next]?.text === '{') {
    selector.matchersAt = { index: tokens[next]!.index + 1, braced: tokens[next + 1]?.text !== '}' };
    if (!selector.matchersAt.braced) throw new UnreadableQuery(`empty braces behind ${metric}`);
    for (next += 1; tokens[next]!.text !== '}'; next += 1) {
      const [label, operator, value] = [tokens[next], tokens[next + 1], tokens[next + 2]];
      if (label?.kind !== 'name' || !operator || value?.kind !== 'string') throw new UnreadableQuery(`the matchers of ${metric}`);
      selector.matchers.push({ label: label.text, operator: operator.text, value: value.text.slice(1, -1) });
      next += 2;
      if (tokens[next + 1]?.text === ',') next += 1;
    }
    next += 1;
  }
  if (tokens[next]?.text === '[') {
    const from = next + 1;
    while (tokens[next]!.text !== ']') next += 1;
    const range = tokens.slice(from, next).map(({ text }) => text);
    selector.range = range.join('');
    next += 1;
  }
  return { selector, lastAt: next - 1 };
}

function tokensOf(query: string): Token[] {
  const tokens: Token[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < query.length) {
    const index = token.lastIndex;
    const groups = token.exec(query)?.groups;
    if (!groups) throw new UnreadableQuery(`at "${query.slice(index, index + 20)}"`);
    for (const kind of ['name', 'number', 'string', 'variable', 'sign'] as const) {
      const text = groups[kind];
      if (text !== undefined) tokens.push({ kind, text, index });
    }
  }
  return tokens;
}

function refuseUnbalanced(tokens: readonly Token[]): void {
  const expected: string[] = [];
  for (const { kind, text } of tokens) {
    if (kind !== 'sign') continue;
    const close = closing[text];
    if (close) expected.push(close);
    else if (')}]'.includes(text) && expected.pop() !== text) throw new UnreadableQuery(`"${text}" closes nothing`);
  }
  if (expected.length > 0) throw new UnreadableQuery(`"${expected.at(-1)}" is missing`);
}

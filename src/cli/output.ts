import type { Writable } from 'node:stream';
import { usageError } from './cli-error.js';

export const outputFormats = ['table', 'wide', 'json', 'jsonl', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export function parseOutputFormat(text: string): OutputFormat {
  const format = outputFormats.find((known) => known === text);
  if (format === undefined) throw usageError(`-o ${text}: there is no such format.`, `one of ${outputFormats.join(', ')}`);
  return format;
}

/** One column of a table. */
export interface Column<Row> {
  head: string;
  text: (row: Row) => string;
  align?: 'right';
  /** Only with `-o wide`. */
  wide?: true;
}

/** How a list of things is shown in each format. */
export interface ListShape<Row> {
  columns: readonly Column<Row>[];
  /** For `-o name`: what another command takes as an argument. */
  name: (row: Row) => string;
  /** For JSON; the row itself where nothing is said. */
  json?: (row: Row) => unknown;
}

/** How one of several things that were done is told in each format. */
export interface EachShape<Item> {
  value: (item: Item) => unknown;
  text: (item: Item) => string;
  name: (item: Item) => string;
}

export interface OutputOptions {
  format: OutputFormat;
  noHeaders: boolean;
}

/** Writes results. What is written depends on the format alone, never on who reads it. */
export class Output {
  readonly #stream: Writable;
  readonly #options: OutputOptions;

  constructor(stream: Writable, options: OutputOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  get format(): OutputFormat {
    return this.#options.format;
  }

  get isJson(): boolean {
    return this.format === 'json' || this.format === 'jsonl';
  }

  /** A single result: `text` for people, `value` for programs. */
  async result(value: unknown, text: string, name = text): Promise<void> {
    if (this.format === 'json') await this.write(`${JSON.stringify(value, null, 2)}\n`);
    else if (this.format === 'jsonl') await this.write(`${JSON.stringify(value)}\n`);
    else await this.write(`${this.format === 'name' ? name : text}\n`);
  }

  /** What became of one of several things, or of the only one. */
  one<Item>(item: Item, shape: EachShape<Item>): Promise<void> {
    return this.result(shape.value(item), shape.text(item), shape.name(item));
  }

  /** What became of several things, one by one as it happens: a line each for people, one array in JSON. */
  async each<Item>(items: AsyncIterable<Item>, shape: EachShape<Item>): Promise<void> {
    if (this.format === 'json') return this.list(pagesOfOne(items), { columns: [], name: shape.name, json: shape.value });
    for await (const item of items) await this.one(item, shape);
  }

  /** A list, page by page as it comes. */
  async list<Row>(pages: AsyncIterable<readonly Row[]> | Iterable<readonly Row[]>, shape: ListShape<Row>): Promise<void> {
    const table = new Table(shape.columns, { wide: this.format === 'wide', head: !this.#options.noHeaders });
    let rowsWritten = 0;
    let opening = '['; // written with the first page: when that one fails, nothing is
    for await (const rows of pages) {
      if (this.format === 'json') await this.write(opening + this.#jsonItems(rows, shape, rowsWritten === 0));
      else if (this.format === 'jsonl') await this.write(rows.map((row) => `${JSON.stringify(shape.json?.(row) ?? row)}\n`).join(''));
      else if (this.format === 'name') await this.write(rows.map((row) => `${shape.name(row)}\n`).join(''));
      else await this.write(table.write(rows));
      rowsWritten += rows.length;
      opening = '';
    }
    if (this.format === 'json') await this.write(opening + (rowsWritten > 0 ? '\n]\n' : ']\n'));
  }

  #jsonItems<Row>(rows: readonly Row[], shape: ListShape<Row>, first: boolean): string {
    const items = rows.map((row) => `\n  ${JSON.stringify(shape.json?.(row) ?? row)}`).join(',');
    return first || items === '' ? items : `,${items}`;
  }

  /** Resolves when the reader keeps up. */
  write(bytes: string | Buffer): Promise<void> {
    if (bytes.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#stream.write(bytes, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  }
}

async function* pagesOfOne<Item>(items: AsyncIterable<Item>): AsyncGenerator<Item[]> {
  for await (const item of items) yield [item];
}

/** A borderless table, written page by page: columns keep the widths of the first page and grow when they have to. */
export class Table<Row> {
  readonly #columns: readonly Column<Row>[];
  readonly #widths: number[];
  #head: boolean;

  constructor(columns: readonly Column<Row>[], options: { wide: boolean; head: boolean }) {
    this.#columns = columns.filter((column) => options.wide || column.wide !== true);
    this.#widths = this.#columns.map(() => 0);
    this.#head = options.head;
  }

  /** The lines of these rows, each with its line end; before the first ones the head. */
  write(rows: readonly Row[]): string {
    if (rows.length === 0) return '';
    const lines = rows.map((row) => this.#columns.map((column) => column.text(row)));
    if (this.#head) lines.unshift(this.#columns.map((column) => column.head));
    this.#head = false;
    for (const line of lines) for (const [at, cell] of line.entries()) this.#widths[at] = Math.max(this.#widths[at]!, cell.length);
    return lines.map((line) => `${this.#padded(line)}\n`).join('');
  }

  #padded(line: readonly string[]): string {
    const cells = line.map((cell, at) => {
      const width = this.#widths[at]!;
      return this.#columns[at]!.align === 'right' ? cell.padStart(width) : cell.padEnd(width);
    });
    return cells.join('  ').trimEnd();
  }
}

const unitStep = 1024;
const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** `3.2 MiB`, for people. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= unitStep && unit < units.length - 1) {
    value /= unitStep;
    unit += 1;
  }
  return unit === 0 ? `${value} B` : `${value.toFixed(1)} ${units[unit]}`;
}

/** `1 node`, `2 nodes`. */
export function formatCount(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** Bytes of `16MiB`, `4k`, `100`. */
export function parseBytes(text: string): number {
  const match = /^(\d{1,12})\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text);
  if (match === null) throw usageError(`${JSON.stringify(text)} is no size.`, 'such as 4096, 64KiB or 16MiB');
  return Number(match[1]) * unitStep ** (match[2] === undefined ? 0 : 'kmgt'.indexOf(match[2].toLowerCase()) + 1);
}

/** `12 s`, `3 min`, `2 h`, `5 d`. */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

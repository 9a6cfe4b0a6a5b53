/** One line of the table: a goal of ours, set against a reference that was measured in the same run. */
export interface Row {
  /** Number and name of the goal. */
  goal: string;
  measured: number;
  unit: string;
  /** What it is compared with, in words; null when the goal is an absolute figure. */
  reference: { name: string; value: number; unit: string } | null;
  /** `measured` over `reference`, or `measured` itself. */
  ratio: number;
  accept: { atMost: number } | { atLeast: number };
}

export function isAccepted(row: Row): boolean {
  return 'atMost' in row.accept ? row.ratio <= row.accept.atMost : row.ratio >= row.accept.atLeast;
}

function short(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return value.toFixed(0);
  return value.toPrecision(3);
}

/** The table as text: `goal | measured | reference | ratio | accept`, one line a row, with a mark where it was missed. */
export function formatTable(rows: readonly Row[]): string {
  const lines = rows.map((row) => [
    row.goal,
    `${short(row.measured)} ${row.unit}`,
    row.reference ? `${row.reference.name}: ${short(row.reference.value)} ${row.reference.unit}` : '-',
    short(row.ratio),
    'atMost' in row.accept ? `<= ${row.accept.atMost}` : `>= ${row.accept.atLeast}`,
    isAccepted(row) ? 'ok' : 'MISSED',
  ]);
  const table = [['goal', 'measured', 'reference', 'ratio', 'accept', ''], ...lines];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return table
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join(' | ')
        .trimEnd(),
    )
    .join('\n');
}

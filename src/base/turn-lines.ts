/** So many characters are written before the turn ends. */
const heldCharsMax = 64 * 1024;

/**
 * Lines of one turn of the event loop leave in one write. One write for each, and waking its reader, was a tenth of what a
 * gateway spends on a small GET. `flush` writes what the turn has gathered so far.
 */
export function turnLines(write: (lines: string) => void): { write: (line: string) => void; flush: () => void } {
  let lines = '';
  const flush = (): void => {
    if (lines === '') return;
    const held = lines;
    lines = '';
    write(held);
  };
  return {
    flush,
    write(line) {
      if (lines === '') setImmediate(flush);
      lines += line;
      if (lines.length > heldCharsMax) flush();
    },
  };
}

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { CliError } from '../cli-error.js';
import { exitCode } from '../exit-code.js';

/** A file in pieces of `pieceBytes`. Fails when it is shorter than it was: half a file must not become an object. */
export async function* filePieces(path: string, sizeBytes: number, pieceBytes: number): AsyncGenerator<Buffer> {
  const handle = await open(path, 'r');
  try {
    for (let at = 0; at < sizeBytes; at += pieceBytes) {
      const piece = Buffer.allocUnsafeSlow(Math.min(pieceBytes, sizeBytes - at));
      for (let filled = 0; filled < piece.length;) {
        const { bytesRead } = await handle.read(piece, filled, piece.length - filled, at + filled);
        if (bytesRead === 0)
          throw new CliError({ exitCode: exitCode.other, code: 'file-changed', what: `${path} became shorter while it was read.` });
        filled += bytesRead;
      }
      yield piece;
    }
  } finally {
    await handle.close();
  }
}

/** A stream in pieces of `pieceBytes`; only the last is shorter. */
export async function* streamPieces(stream: Readable, pieceBytes: number): AsyncGenerator<Buffer> {
  let gathered: Buffer[] = [];
  let gatheredBytes = 0;
  for await (const read of stream as AsyncIterable<Buffer>) {
    let rest = read;
    while (gatheredBytes + rest.length >= pieceBytes) {
      const used = pieceBytes - gatheredBytes;
      yield Buffer.concat([...gathered, rest.subarray(0, used)]);
      gathered = [];
      gatheredBytes = 0;
      rest = rest.subarray(used);
    }
    if (rest.length === 0) continue;
    gathered.push(rest);
    gatheredBytes += rest.length;
  }
  if (gatheredBytes > 0) yield Buffer.concat(gathered);
}

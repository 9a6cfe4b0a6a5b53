import { parentPort, workerData } from 'node:worker_threads';
import { must } from '../base/must.js';
import { Crc64Nvme } from '../base/crc64nvme.js';
import { startHash, type HashName, type HashStream } from './hash-stream.js';

/*
 * The thread behind `hash-worker.ts`: hashes what stands in a shared slot, gives the slot back, and does so for many
 * bodies in turn.
 */

export type ToHashThread =
  | { kind: 'begin'; body: number; names: readonly HashName[] }
  | { kind: 'bytes'; body: number; slot: number; lengthBytes: number }
  | { kind: 'finish'; body: number }
  | { kind: 'drop'; body: number };

export type FromHashThread =
  | { kind: 'freed'; slot: number }
  | { kind: 'finished'; body: number; digests: (readonly [HashName, Uint8Array])[] };

const port = must(parentPort, 'the port to the main thread');
const slots = (workerData as SharedArrayBuffer[]).map((slot) => Buffer.from(slot));
const bodies = new Map<number, (readonly [HashName, HashStream])[]>();
const crc64 = await Crc64Nvme.load();

port.on('message', (message: ToHashThread) => {
  switch (message.kind) {
    case 'begin':
      bodies.set(
        message.body,
        message.names.map((name) => [name, startHash(name, crc64)]),
      );
      return;
    case 'bytes': {
      const bytes = must(slots[message.slot], 'slot').subarray(0, message.lengthBytes);
      // A body that was dropped may still have bytes on the way.
      for (const [, stream] of bodies.get(message.body) ?? []) stream.update(bytes);
      answer({ kind: 'freed', slot: message.slot });
      return;
    }
    case 'finish': {
      const streams = must(bodies.get(message.body), 'body');
      bodies.delete(message.body);
      answer({ kind: 'finished', body: message.body, digests: streams.map(([name, stream]) => [name, stream.digest()]) });
      return;
    }
    case 'drop':
      bodies.delete(message.body);
  }
});

function answer(message: FromHashThread): void {
  port.postMessage(message);
}

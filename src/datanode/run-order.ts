import { unreachable } from '../base/assert.js';
import type { Order, OrderOutcome } from '../wire/verbs.js';
import { clearQuarantine } from './clear-quarantine.js';
import { copyChunk, type CopyParts } from './copy-chunk.js';
import { verifyChunk } from './verify-chunk.js';

export interface RunOrderParts extends CopyParts {
  /** The chunk is gone from this volume. */
  onDeleted: (id: string) => void;
}

/** Carries out one order of a master that is obeyed. Every order is harmless when repeated. */
export async function runOrder(order: Order, parts: RunOrderParts, signal: AbortSignal): Promise<OrderOutcome> {
  const { volume } = parts;
  switch (order.kind) {
    case 'copy':
      return copyChunk(order, parts, signal);
    case 'delete':
      await volume.delete(order.id);
      parts.onDeleted(order.id);
      return 'done';
    case 'verify':
      return verifyChunk(volume, order, order.deep);
    case 'clear':
      return clearQuarantine(volume, signal);
    default:
      return unreachable(order);
  }
}

import type { Volume } from '../chunks/volume.js';

/** Between two looks at whether the node stops. */
const scrubBytes = 64 * 1024 * 1024;

/** Reads every byte of the volume; only when nothing is damaged is it trusted again. */
export async function clearQuarantine(
  volume: Pick<Volume, 'scrubOnce' | 'clearQuarantine'>,
  signal: AbortSignal,
): Promise<'done' | 'damaged'> {
  for (;;) {
    const { damagedIds, passDone } = await volume.scrubOnce(scrubBytes, signal);
    signal.throwIfAborted();
    if (damagedIds.length > 0) return 'damaged';
    if (passDone) break;
  }
  await volume.clearQuarantine();
  return 'done';
}

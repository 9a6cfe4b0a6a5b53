import type { Volume } from '../chunks/volume.js';
import type { ChunkFacts } from '../model/chunk.js';

/** Whether the copy on this volume is the chunk with these facts; `deep` reads every byte. */
export async function verifyChunk(
  volume: Pick<Volume, 'facts' | 'verify'>,
  facts: ChunkFacts,
  deep: boolean,
): Promise<'done' | 'missing' | 'damaged'> {
  const here = volume.facts(facts.id);
  if (!here) return 'missing';
  if (here.lengthBytes !== facts.lengthBytes || here.crc32c !== facts.crc32c) return 'damaged';
  if (!deep) return 'done';
  const verdict = await volume.verify(facts.id);
  if (verdict === 'unknown') return 'missing';
  return verdict === 'sound' ? 'done' : 'damaged';
}

import type { Volume } from '../chunks/volume.js';
import type { ChunkFacts } from '../model/chunk.js';
import { Refusal } from '../model/refusal.js';
import { verifyWhole } from './verified-read.js';

/** Whether the copy on this volume is the chunk with these facts; `deep` reads every byte. */
export async function verifyChunk(volume: Volume, facts: ChunkFacts, deep: boolean): Promise<'done' | 'missing' | 'damaged'> {
  const here = volume.facts(facts.id);
  if (!here) return 'missing';
  if (here.lengthBytes !== facts.lengthBytes || here.crc32c !== facts.crc32c) return 'damaged';
  if (!deep) return 'done';
  try {
    const reader = await volume.openRead(facts.id);
    try {
      await verifyWhole(reader);
    } finally {
      reader.release();
    }
    return 'done';
  } catch (error) {
    if (error instanceof Refusal && error.code === 'chunk-unknown') return 'missing';
    if (error instanceof Refusal && error.code === 'chunk-damaged') return 'damaged';
    throw error;
  }
}

import { z } from 'zod';
import { parseUuidV4 } from '../../base/uuid.js';
import { Refusal } from '../../model/refusal.js';

export const objectIdSchema = z.string().meta({ format: 'uuid', description: 'Id of an object: a UUID of version 4.' });

/** The canonical form, or the refusal that every route gives for a bad id. */
export function objectIdOf(text: string): string {
  const id = parseUuidV4(text);
  if (id === null) throw new Refusal('object-id-invalid');
  return id;
}

import { expect } from 'vitest';
import type { RefusalCode } from '../model/refusal.js';

/** What is asked is refused with this code. */
export async function refused(asked: Promise<unknown>, code: RefusalCode): Promise<void> {
  await expect(asked).rejects.toMatchObject({ name: 'Refusal', code });
}

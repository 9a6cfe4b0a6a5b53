import type { WriteConditions } from '../../model/object.js';
import { namesEtag } from '../../model/read-conditions.js';
import { Refusal } from '../../model/refusal.js';

/** Refuses a write whose conditions do not hold for the key's current ETag (null: no such key). */
export function judgeWrite(conditions: WriteConditions, currentEtag: string | null): void {
  const { ifMatch, ifNoneMatch } = conditions;
  if (ifMatch !== null) {
    if (currentEtag === null) throw new Refusal('no-such-key');
    if (!namesEtag(ifMatch, currentEtag)) throw new Refusal('precondition-failed');
  }
  if (ifNoneMatch !== null && currentEtag !== null && namesEtag(ifNoneMatch, currentEtag)) throw new Refusal('precondition-failed');
}

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Draft, StatefulSet } from './cluster-api.js';

/** On claim 0, while its StatefulSet is made anew: what it shall be. So a crash in between loses nothing. */
export const successorAnnotation = 'aetherstore.io/stateful-set-successor';

export type Successor = Draft<StatefulSet> & { kind: 'StatefulSet'; metadata: { namespace: string; name: string } };

export interface NoteFrame {
  namespace: string;
  setName: string;
  /** The cluster secrets, ours first: who may only write claims could else have any pods made by the controller's rights. */
  secrets: readonly Buffer[];
}

/** Null: there is no secret to sign with. */
export function signedNote(successor: Successor, { secrets }: Pick<NoteFrame, 'secrets'>): string | null {
  const [own] = secrets;
  const text = JSON.stringify(successor);
  return own === undefined ? null : `${macOf(own, text).toString('hex')} ${text}`;
}

/** Null: it is none of ours, or of another StatefulSet. */
export function readNote(note: string, { namespace, setName, secrets }: NoteFrame): Successor | null {
  const [, mac = '', text = ''] = /^([0-9a-f]{64}) (.*)$/s.exec(note) ?? [];
  const shown = Buffer.from(mac, 'hex');
  if (!secrets.some((secret) => shown.length > 0 && timingSafeEqual(macOf(secret, text), shown))) return null;
  const successor = JSON.parse(text) as Successor;
  const { kind, metadata } = successor;
  return kind === 'StatefulSet' && metadata.name === setName && metadata.namespace === namespace ? successor : null;
}

function macOf(secret: Buffer, text: string): Buffer {
  return createHmac('sha256', secret).update(`${successorAnnotation}\n${text}`).digest();
}

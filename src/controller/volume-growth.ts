import type { Claim, StatefulSet } from './cluster-api.js';
import { quantityBytes } from './quantity.js';
import { readNote, signedNote, successorAnnotation, type NoteFrame, type Successor } from './successor-note.js';

export type GrowthStep =
  | { kind: 'none' }
  /** Ask for more: `from` is what the claim asks for now. */
  | { kind: 'grow'; claimName: string; from: string; to: string }
  /** Volumes never shrink. */
  | { kind: 'too-large'; claimName: string; has: string; wanted: string }
  | { kind: 'unreadable'; quantity: string }
  /** The template cannot be changed in place: note the successor, then delete without the pods, then create. */
  | { kind: 'note-successor'; claimName: string; from: string; note: string }
  | { kind: 'delete-orphaning'; statefulSet: StatefulSet }
  | { kind: 'create-successor'; successor: Successor }
  | { kind: 'forget-successor'; claimName: string };

export interface GrowthPicture extends NoteFrame {
  /** As text, `20Gi`; null: sizes are left as they are. */
  wanted: string | null;
  statefulSet: StatefulSet | null;
  claims: readonly Claim[];
  /** Claims that the cluster refused to grow to that size. */
  refused: ReadonlySet<string>;
}

/**
 * The next step toward volumes of the wanted size. Pure: each step leaves a state from which the next is seen, also by
 * another process. The claims come first, so that no template promises more than they have.
 */
export function growthStep(picture: GrowthPicture): GrowthStep {
  const { wanted, statefulSet, claims, setName, refused } = picture;
  const first = claims.find(({ metadata }) => metadata.name.endsWith(`-${setName}-0`));
  const note = first?.metadata.annotations?.[successorAnnotation];
  const noted = note === undefined ? null : readNote(note, picture);
  const forget: GrowthStep =
    first === undefined || note === undefined ? { kind: 'none' } : { kind: 'forget-successor', claimName: first.metadata.name };
  if (wanted === null) return forget;
  if (statefulSet === null) return noted === null ? { kind: 'none' } : { kind: 'create-successor', successor: noted };
  const [template] = statefulSet.spec.volumeClaimTemplates ?? [];
  const has = template?.spec.resources?.requests?.storage;
  if (template === undefined || has === undefined) return { kind: 'none' };
  const wantedBytes = quantityBytes(wanted);
  const hasBytes = quantityBytes(has);
  if (wantedBytes === null || hasBytes === null) return { kind: 'unreadable', quantity: wantedBytes === null ? wanted : has };
  if (statefulSet.metadata.deletionTimestamp !== undefined) return { kind: 'none' };
  if (note !== undefined && hasBytes >= wantedBytes) return forget;
  const successor = successorOf(statefulSet, wanted, picture);
  if (noted !== null && JSON.stringify(noted) === JSON.stringify(successor)) return { kind: 'delete-orphaning', statefulSet };

  // retained claims of pods that nobody wants now are not paid for; they grow when their pod comes back
  const own = Array.from({ length: statefulSet.spec.replicas ?? 1 }, (_, ordinal) => `${template.metadata.name}-${setName}-${ordinal}`)
    .map((name) => claims.find(({ metadata }) => metadata.name === name))
    .filter((claim) => claim !== undefined);
  for (const { metadata, spec } of own) {
    const from = spec.resources?.requests?.storage ?? '0';
    const fromBytes = quantityBytes(from);
    if (fromBytes === null) return { kind: 'unreadable', quantity: from };
    if (fromBytes < wantedBytes && !refused.has(metadata.name)) return { kind: 'grow', claimName: metadata.name, from, to: wanted };
    if (fromBytes > wantedBytes) return { kind: 'too-large', claimName: metadata.name, has: from, wanted };
  }
  const haveGrown =
    own.length > 0 && own.every(({ spec }) => (quantityBytes(spec.resources?.requests?.storage ?? '0') ?? 0) >= wantedBytes);
  if (first === undefined || !haveGrown || hasBytes >= wantedBytes) return { kind: 'none' };
  const signed = signedNote(successor, picture);
  return signed === null ? { kind: 'none' } : { kind: 'note-successor', claimName: first.metadata.name, from: has, note: signed };
}

/** The same StatefulSet with a larger template, as it can be created. */
function successorOf({ metadata, spec }: StatefulSet, wanted: string, { namespace }: Pick<NoteFrame, 'namespace'>): Successor {
  const { name, labels = {}, annotations = {} } = metadata;
  const [template, ...others] = spec.volumeClaimTemplates ?? [];
  const grown = template && {
    ...template,
    spec: { ...template.spec, resources: { ...template.spec.resources, requests: { storage: wanted } } },
  };
  return {
    kind: 'StatefulSet',
    metadata: { namespace, name, labels, annotations },
    spec: { ...spec, volumeClaimTemplates: grown === undefined ? others : [grown, ...others] },
  };
}

import { describe, expect, it } from 'vitest';
import type { Claim, DisruptionBudget, LabelSelector, StatefulSet } from './cluster-api.js';
import { budgetFault, type BudgetFault } from './disruption-budget.js';
import { quantityBytes } from './quantity.js';
import { signedNote, successorAnnotation } from './successor-note.js';
import { growthStep, type GrowthPicture, type GrowthStep } from './volume-growth.js';

const setName = 'r-datanode';
const component = 'app.kubernetes.io/component';
const podLabels = { 'app.kubernetes.io/instance': 'r', [component]: 'datanode' };
const meta = (name: string, uid = `uid of ${name}`) => ({ name, uid, resourceVersion: '1' });

function setOf(storage: string, replicas = 2): StatefulSet {
  const template = { metadata: { name: 'data' }, spec: { storageClassName: 'fast', resources: { requests: { storage } } } };
  return {
    metadata: { ...meta(setName), labels: podLabels, annotations: { 'meta.helm.sh/release-name': 'r' } },
    spec: { replicas, serviceName: setName, selector: { matchLabels: podLabels }, volumeClaimTemplates: [template] },
  };
}

function selecting(name: string, selector: LabelSelector): DisruptionBudget {
  return { metadata: meta(name), spec: { maxUnavailable: 1, selector } };
}

function budgetOf(name: string, matchLabels: Record<string, string> | null): DisruptionBudget {
  return { metadata: meta(name), spec: { maxUnavailable: 1, ...(matchLabels && { selector: { matchLabels } }) } };
}

describe('disruption budgets over the datanodes', () => {
  const ours = budgetOf(setName, podLabels);
  const wider = budgetOf('wider', { 'app.kubernetes.io/instance': 'r' });
  const elsewhere = [budgetOf('other', { app: 'other' }), budgetOf('more', { ...podLabels, app: 'other' }), budgetOf('none', null)];

  it.each<[string, DisruptionBudget[], StatefulSet, BudgetFault | null]>([
    ['one is right', [ours, ...elsewhere], setOf('1Gi'), null],
    ['none is said', elsewhere, setOf('1Gi'), { kind: 'missing' }],
    ['none is right for a single node', [], setOf('1Gi', 1), null],
    ['one of somebody else does as well', [wider], setOf('1Gi'), null],
    ['two are said', [ours, wider], setOf('1Gi'), { kind: 'several', names: [setName, 'wider'] }],
    [
      'one over every pod of the namespace is a second one',
      [ours, selecting('all', {})],
      setOf('1Gi'),
      { kind: 'several', names: [setName, 'all'] },
    ],
    [
      'one by an expression is a second one',
      [ours, selecting('some', { matchExpressions: [{ key: component, operator: 'In', values: ['gateway', 'datanode'] }] })],
      setOf('1Gi'),
      { kind: 'several', names: [setName, 'some'] },
    ],
    [
      'expressions that do not hold cover nothing',
      [
        ours,
        selecting('a', { matchExpressions: [{ key: component, operator: 'NotIn', values: ['datanode'] }] }),
        selecting('b', { matchExpressions: [{ key: component, operator: 'DoesNotExist' }] }),
        selecting('c', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }),
      ],
      setOf('1Gi'),
      null,
    ],
    ['two are said of a single node too', [ours, wider], setOf('1Gi', 1), { kind: 'several', names: [setName, 'wider'] }],
  ])('%s', (_what, budgets, statefulSet, fault) => {
    expect(budgetFault(budgets, statefulSet)).toEqual(fault);
  });
});

describe('growing volumes', () => {
  const namespace = 'store';
  const secrets = [Buffer.from('the cluster secret'), Buffer.from('the one before it')];
  const claimOf = (ordinal: number, storage: string, note?: string): Claim => ({
    metadata: { ...meta(`data-${setName}-${ordinal}`), ...(note && { annotations: { [successorAnnotation]: note } }) },
    spec: { resources: { requests: { storage } } },
    status: { phase: 'Bound' },
  });
  const stepOf = (changes: Partial<GrowthPicture>): GrowthStep =>
    growthStep({
      wanted: '20Gi',
      statefulSet: setOf('10Gi'),
      claims: [claimOf(0, '10Gi'), claimOf(1, '10Gi')],
      namespace,
      setName,
      secrets,
      refused: new Set(),
      ...changes,
    });
  const noted = stepOf({ claims: [claimOf(0, '20Gi'), claimOf(1, '20Gi')] });
  const note = noted.kind === 'note-successor' ? noted.note : '';
  const made = stepOf({ statefulSet: null, claims: [claimOf(0, '20Gi', note)] });
  const successor = made.kind === 'create-successor' ? made.successor : null;
  const noteOf = (metadata: object, kind = 'StatefulSet', secret = secrets[0]!): string =>
    signedNote({ ...successor!, kind: kind as 'StatefulSet', metadata: { ...successor!.metadata, ...metadata } }, { secrets: [secret] })!;
  const gone = (text: string): Partial<GrowthPicture> => ({ statefulSet: null, claims: [claimOf(0, '20Gi', text), claimOf(1, '20Gi')] });

  it.each<[string, Partial<GrowthPicture>, GrowthStep['kind']]>([
    ['nothing is done where no size is wanted', { wanted: null }, 'none'],
    ['nothing is done where all is large enough', { wanted: '10240Mi' }, 'none'],
    ['the claims come first', {}, 'grow'],
    [
      'a claim of a pod that nobody wants is not paid for',
      { claims: [claimOf(0, '20Gi'), claimOf(1, '20Gi'), claimOf(2, '10Gi')] },
      'note-successor',
    ],
    [
      'a claim that may not grow keeps the template back',
      { claims: [claimOf(0, '20Gi'), claimOf(1, '10Gi')], refused: new Set([`data-${setName}-1`]) },
      'none',
    ],
    ['nothing is noted where no pod is wanted', { statefulSet: setOf('10Gi', 0), claims: [claimOf(0, '10Gi')] }, 'none'],
    ['nothing shrinks', { wanted: '5Gi' }, 'too-large'],
    ['what is no size is said', { wanted: 'much' }, 'unreadable'],
    ['what was noted is carried out', { claims: [claimOf(0, '20Gi', note), claimOf(1, '20Gi')] }, 'delete-orphaning'],
    [
      'what was noted of another StatefulSet is noted anew',
      { statefulSet: setOf('10Gi', 1), claims: [claimOf(0, '20Gi', note)] },
      'note-successor',
    ],
    [
      'one that is being deleted is waited for',
      {
        statefulSet: { ...setOf('10Gi'), metadata: { ...meta(setName), deletionTimestamp: 'now' } },
        claims: [claimOf(0, '20Gi', note)],
      },
      'none',
    ],
    ['after that it is made', { statefulSet: null, claims: [claimOf(0, '20Gi', note)] }, 'create-successor'],
    ['that also after the secret has changed', gone(noteOf({}, 'StatefulSet', secrets[1])), 'create-successor'],
    ['a note that nobody signed is none', gone(note.replace(/^\S+ /, '')), 'none'],
    ['one that was changed is none', gone(note.replace('"replicas":2', '"replicas":9')), 'none'],
    ['one of another secret is none', gone(noteOf({}, 'StatefulSet', Buffer.from('of somebody'))), 'none'],
    ['one of another StatefulSet is none', gone(noteOf({ name: 'evil' })), 'none'],
    ['one of another namespace is none', gone(noteOf({ namespace: 'kube-system' })), 'none'],
    ['one of another kind is none', gone(noteOf({}, 'DaemonSet')), 'none'],
    ['one on another claim is none', { statefulSet: null, claims: [claimOf(0, '20Gi'), claimOf(1, '20Gi', note)] }, 'none'],
    ['without a secret none is written', { claims: [claimOf(0, '20Gi'), claimOf(1, '20Gi')], secrets: [] }, 'none'],
    ['a foreign one is replaced', { claims: [claimOf(0, '20Gi', '{}'), claimOf(1, '20Gi')] }, 'note-successor'],
    [
      "a foreign one on another claim is in nobody's way",
      { claims: [claimOf(1, '20Gi', '{}'), claimOf(0, '20Gi', note)] },
      'delete-orphaning',
    ],
    ['none is kept where no size is wanted', { wanted: null, claims: [claimOf(0, '20Gi', note)] }, 'forget-successor'],
    ['none is carried out where no size is wanted', { ...gone(note), wanted: null }, 'forget-successor'],
    ['a StatefulSet that is missing for another reason is not made', { statefulSet: null }, 'none'],
    ['then the note goes', { statefulSet: setOf('20Gi'), claims: [claimOf(0, '20Gi', note), claimOf(1, '20Gi')] }, 'forget-successor'],
  ])('%s', (_what, changes, kind) => {
    expect(stepOf(changes).kind).toBe(kind);
  });

  it('the successor is the same but for the size, and bears nothing that only the server writes', () => {
    const { metadata, spec } = setOf('20Gi');
    const { name, labels, annotations } = metadata;
    expect(successor).toEqual({ kind: 'StatefulSet', metadata: { namespace, name, labels, annotations }, spec });
  });
});

it.each([
  ['20Gi', 20 * 2 ** 30],
  ['1.5Ti', 1.5 * 2 ** 40],
  ['500M', 5e8],
  ['1e9', 1e9],
  ['100m', 1],
  ['7', 7],
  ['', null],
  ['20GB', null],
  ['-1Gi', null],
])('a quantity of %s is %s bytes', (text, bytes) => {
  expect(quantityBytes(text)).toBe(bytes);
});

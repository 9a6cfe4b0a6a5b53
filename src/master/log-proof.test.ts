import { beforeEach, describe, expect, it } from 'vitest';
import { LogProofs, type LogWord } from './log-proof.js';

const nodeId = 'node';
const mark = { sequence: 10, digest: 'ten' };
const word = (changes: Partial<LogWord>): LogWord => ({
  nodeId,
  boot: 2,
  logSequence: 20,
  logDigest: 'twenty',
  provenDigest: null,
  ...changes,
});

let proofs: LogProofs;
beforeEach(() => {
  proofs = new LogProofs(60_000, [{ nodeId, mark }]);
});

describe('the proof of a log', () => {
  it('is not asked from a node that was never heard', () => {
    expect(new LogProofs(60_000, []).judge(word({}), null)).toEqual({ proof: 'proven', proveSequence: null });
  });

  it('is asked after a start, and given by the digest at the mark', () => {
    expect(proofs.judge(word({}), 1)).toEqual({ proof: 'pending', proveSequence: 10 });
    expect(proofs.judge(word({ provenDigest: 'ten' }), 2)).toEqual({ proof: 'proven', proveSequence: null });
    expect(proofs.judge(word({}), 2)).toEqual({ proof: 'proven', proveSequence: null });
  });

  it('is asked again until it is answered', () => {
    proofs.judge(word({}), 1);
    expect(proofs.judge(word({}), 2)).toEqual({ proof: 'pending', proveSequence: 10 });
  });

  it('fails with another digest', () => {
    proofs.judge(word({}), 1);
    expect(proofs.judge(word({ provenDigest: 'eleven' }), 2).proof).toBe('refuted');
  });

  it('fails at once with a shorter log', () => {
    expect(proofs.judge(word({ logSequence: 9 }), 1).proof).toBe('refuted');
    expect(proofs.judge(word({ logSequence: 9 }), 2).proof).toBe('refuted');
  });

  it('is not asked within a boot: a master that starts anew goes on with the nodes that run', () => {
    expect(proofs.judge(word({}), 2)).toEqual({ proof: 'proven', proveSequence: null });
  });

  it('reaches as far as was heard, though no mark was left since: an acknowledged record is missed at once', () => {
    proofs.judge(word({ logSequence: 25, logDigest: 'twenty-five' }), 2);
    expect(proofs.judge(word({ boot: 3, logSequence: 24 }), 2).proof).toBe('refuted');
    expect(proofs.judge(word({ boot: 3, logSequence: 24 }), 3).proof).toBe('refuted');
    expect(proofs.judge(word({ boot: 4, logSequence: 26 }), 3)).toEqual({ proof: 'pending', proveSequence: 25 });
    expect(proofs.judge(word({ boot: 4, logSequence: 26, provenDigest: 'other' }), 4).proof).toBe('refuted');
    expect(proofs.judge(word({ boot: 4, logSequence: 26, provenDigest: 'twenty-five' }), 4).proof).toBe('proven');
  });

  it('is not lost to heartbeats of one boot that overtake each other', () => {
    proofs.judge(word({ logSequence: 25, logDigest: 'twenty-five' }), 2);
    expect(proofs.judge(word({ logSequence: 24 }), 2).proof).toBe('proven');
    expect(proofs.judge(word({ boot: 3, logSequence: 25 }), 2)).toEqual({ proof: 'pending', proveSequence: 25 });
  });

  it('is measured by the log that a person accepted', () => {
    proofs.judge(word({ logSequence: 25 }), 2);
    proofs.marked(nodeId, { sequence: 5, digest: 'five' }, 0);
    expect(proofs.judge(word({ boot: 3, logSequence: 6 }), 2)).toEqual({ proof: 'pending', proveSequence: 5 });
  });

  it('does not take the answer of an earlier start', () => {
    proofs.judge(word({ boot: 2 }), 1);
    expect(proofs.judge(word({ boot: 3, provenDigest: 'ten' }), 2).proof).toBe('pending');
  });

  it('leaves a mark at each proven start, then once in a while', () => {
    proofs.judge(word({}), 1);
    proofs.judge(word({ provenDigest: 'ten' }), 2);
    expect(proofs.isMarkDue(nodeId, 0)).toBe(true);
    proofs.marked(nodeId, { sequence: 20, digest: 'twenty' }, 0);
    expect(proofs.isMarkDue(nodeId, 59_999)).toBe(false);
    expect(proofs.isMarkDue(nodeId, 60_000)).toBe(true);
    expect(proofs.judge(word({ logSequence: 19 }), 2).proof).toBe('refuted');
  });
});

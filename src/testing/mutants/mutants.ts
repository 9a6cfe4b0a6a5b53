/** A planted bug: a patch on a copy of the tree, and the test that must fail because of it. */
export interface Mutant {
  /** Name of the patch beside this file. */
  name: string;
  /** Vitest project, file, and a part of the name of the test. */
  project: 'unit' | 'cluster' | 'crash';
  file: string;
  testName: string;
  /** What the failure says: a test that fails for another reason has shown nothing. */
  failure: RegExp;
  environment?: Record<string, string>;
}

const powerCut = {
  project: 'crash',
  file: 'src/testing/crash/power-cut.crash.test.ts',
  testName: 'on ext4 nothing acknowledged is lost',
  failure: /cycle \d+ of seed \d+: expected \[.*\] to deeply equal \[\]/,
  environment: { AETHER_TEST_POWER_CUT_CYCLES: '10' },
} as const;

export const mutants: readonly Mutant[] = [
  { name: 'no-file-sync', ...powerCut },
  // What is lost may also be the reign: a master that starts anew with an older one does not stay.
  { name: 'sqlite-normal', ...powerCut, failure: /to deeply equal \[\]|fetch failed|it did not come true/ },
  {
    name: 'no-checksum-on-read',
    project: 'cluster',
    file: 'src/testing/safety.cluster.test.ts',
    testName: 'wrong bytes on two of three disks are never in an answer',
    failure: /expected \[ 20[06], false \] to deeply equal/,
  },
  {
    name: 'one-copy-is-enough',
    project: 'cluster',
    file: 'src/testing/safety.cluster.test.ts',
    testName: 'no write is acknowledged while fewer than two datanodes live',
    failure: /expected 200 to be 503/,
  },
  {
    name: 'copier-deletes-first',
    project: 'unit',
    file: 'src/datanode/with-master.test.ts',
    testName: 'a damaged copy stays as it is while no source has better bytes',
    failure: /This node has no such chunk/,
  },
  {
    name: 'attempts-forgotten',
    project: 'unit',
    file: 'src/metadata/transactions.test.ts',
    testName: 'a repeated attempt is given the first outcome and does nothing again',
    failure: /Another chunk stands under this id/,
  },
];

/** A planted bug: a patch on a copy of the tree, and the test that must fail because of it. */
export interface Mutant {
  /** Name of the patch beside this file. */
  name: string;
  /** Vitest project, file and name of the test. */
  project: 'unit' | 'cluster' | 'crash';
  file: string;
  testName: string;
  environment?: Record<string, string>;
}

export const mutants: readonly Mutant[] = [
  {
    name: 'no-file-sync',
    project: 'crash',
    file: 'src/testing/crash/power-cut.crash.test.ts',
    testName: 'on ext4 nothing acknowledged is lost',
    environment: { AETHER_TEST_POWER_CUT_CYCLES: '8' },
  },
  {
    name: 'sqlite-normal',
    project: 'crash',
    file: 'src/testing/crash/power-cut.crash.test.ts',
    testName: 'on ext4 nothing acknowledged is lost',
    environment: { AETHER_TEST_POWER_CUT_CYCLES: '8' },
  },
];

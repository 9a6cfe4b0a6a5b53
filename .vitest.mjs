import { defineConfig } from 'vitest/config';

/*
 * One process for many files (`isolate: false`): modules hold no state, and a run takes a tenth of the time. The suffix
 * of a test says what it needs; `npm run test:unit`, `test:cluster`, `test:crash` each run one kind.
 */
const suite = (name, include, settings = {}) => ({
  test: { name, include, isolate: false, pool: 'forks', testTimeout: 20_000, hookTimeout: 60_000, ...settings },
});

/** For CI, which counts: a folder that takes one report a run. */
const reports = process.env.TEST_REPORTS;

export default defineConfig({
  test: {
    reporters: reports ? ['default', ['json', { outputFile: `${reports}/${process.pid}.json` }]] : ['default'],
    projects: [
      suite('unit', ['{src,charts}/**/*.test.ts'], { exclude: ['src/**/*.{cluster,crash,compose,clients,chart}.test.ts'] }),
      // real processes from dist/
      suite('cluster', ['src/**/*.cluster.test.ts'], { testTimeout: 120_000, hookTimeout: 120_000 }),
      // the image and a container engine
      suite('compose', ['src/**/*.compose.test.ts'], { testTimeout: 180_000, hookTimeout: 120_000 }),
      // the Helm chart: what needs helm and linters skips without them
      suite('chart', ['src/**/*.chart.test.ts'], { testTimeout: 120_000 }),
      // real S3 clients
      suite('clients', ['src/**/*.clients.test.ts'], { testTimeout: 600_000, hookTimeout: 120_000 }),
      // a kind cluster; started by e2e/run.ts
      suite('e2e', ['e2e/**/*.e2e.test.ts'], { testTimeout: 1_200_000, hookTimeout: 900_000 }),
      // loop mounts and power cuts: needs root
      suite('crash', ['src/**/*.crash.test.ts'], { testTimeout: 1_800_000, hookTimeout: 300_000 }),
    ],
  },
});

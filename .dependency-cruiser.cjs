/*
 * Who may import whom, as data. The table is the one of docs/DESIGN.md section 4: whoever changes one changes both.
 * Checked by `make check`.
 */

/** Folder of src/ → folders of src/ that its files may import, beside their own. */
const mayImport = {
  base: [],
  model: ['base'],
  s3: ['base', 'model'],
  wire: ['base', 'model'],
  metadata: ['base', 'model'],
  chunks: ['base', 'model'],
  replication: ['base', 'model', 'wire'],
  gateway: ['base', 'model', 's3', 'wire', 'replication'],
  master: ['base', 'model', 'wire', 'metadata', 'replication'],
  datanode: ['base', 'model', 'wire', 'chunks'],
  controller: ['base', 'model', 'wire'],
  cli: ['base', 'model', 's3', 'wire'],
};

/** Package → the only files that may import it. */
const packageFor = {
  'better-sqlite3': '^src/metadata/',
  express: '^src/(master|datanode)/rest',
  'prom-client': '^src/(base/|master/metrics/|(datanode|gateway|controller)/metrics\\.ts$)',
  zod: '^src/(wire|master|datanode|cli)/',
  saxes: '^src/s3/',
  pino: '^src/base/',
  commander: '^src/cli/',
  '@kubernetes/client-node': '^src/controller/credentials\\.ts$',
};

const test = '\\.test\\.ts$';

module.exports = {
  forbidden: [
    ...Object.entries(mayImport).map(([folder, allowed]) => ({
      name: `${folder}-knows-only-its-lowers`,
      severity: 'error',
      from: { path: `^src/${folder}/`, pathNot: test },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/` },
    })),
    ...Object.entries(mayImport).map(([folder, allowed]) => ({
      name: `a-test-of-${folder}-knows-what-${folder}-knows-and-testing`,
      severity: 'error',
      from: { path: `^src/${folder}/.*${test}` },
      to: { path: '^src/', pathNot: `^src/(${[folder, 'testing', ...allowed].join('|')})/` },
    })),
    { name: 'only-tests-import-testing', severity: 'error', from: { pathNot: `^src/testing/|${test}` }, to: { path: '^src/testing/' } },
    { name: 'nobody-imports-tests', severity: 'error', from: {}, to: { path: test } },
    ...Object.entries(packageFor).map(([name, only]) => ({
      name: `${name}-in-its-place`,
      severity: 'error',
      from: { pathNot: `${only}|^src/testing/|${test}` },
      to: { path: `^node_modules/${name}/` },
    })),
    // a circle of types alone is gone when the program runs
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: '^src/', pathNot: `^src/testing/|${test}` },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['npm'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    { name: 'nothing-is-missing', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.json'],
    },
    moduleSystems: ['es6', 'cjs'],
  },
};

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants, type Mutant } from './mutants.js';

/*
 * Proves the tests: each planted bug must make its named test fail, by what the program does. Run it with
 * `npx tsx src/testing/mutants/run.ts [name …]` from the top of the tree.
 */

const here = dirname(fileURLToPath(import.meta.url));
const root = resolve(here, '../../..');
/** What the compiler remembers must not come along: it would leave out what it believes to be there. */
const notCopied = new Set(['node_modules', 'dist', '.git', 'aether-data', '.tsbuildinfo']);
const outputCharsMax = 3000;

interface Outcome {
  code: number | null;
  output: string;
}

async function run(command: string, args: string[], options: { cwd: string; environment?: Record<string, string> }): Promise<Outcome> {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

function copyTree(): string {
  const tree = mkdtempSync(join(tmpdir(), 'aether-mutant-'));
  cpSync(root, tree, { recursive: true, filter: (path) => !(dirname(path) === root && notCopied.has(basename(path))) });
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  return tree;
}

/** Null when the mutant was killed as it should be, else why not. */
async function judge(mutant: Mutant, tree: string): Promise<string | null> {
  const patch = join(here, `${mutant.name}.patch`);
  if (!existsSync(patch)) return 'its patch is missing';
  const applied = await run('patch', ['-p1', '--no-backup-if-mismatch', '--fuzz=0', '-i', patch], { cwd: tree });
  if (applied.code !== 0) return `its patch does not apply\n${applied.output}`;
  const built = await run('node', ['.build.mjs'], { cwd: tree });
  if (built.code !== 0) return `it does not compile\n${built.output}`;

  const report = join(tree, 'vitest-report.json');
  const args = ['vitest', 'run', '--config', '.vitest.mjs', '--project', mutant.project, mutant.file, '-t', mutant.testName];
  const tested = await run('npx', [...args, '--reporter=json', `--outputFile=${report}`], {
    cwd: tree,
    environment: mutant.environment ?? {},
  });
  writeFileSync(join(tree, 'output.txt'), tested.output);
  if (!existsSync(report)) return `its test did not run\n${tested.output.slice(-outputCharsMax)}`;
  const { default: result } = (await import(report, { with: { type: 'json' } })) as { default: VitestReport };
  const ran = result.testResults
    .flatMap((file) => file.assertionResults)
    .filter((test) => test.status !== 'skipped' && test.status !== 'pending');
  if (ran.length === 0) return `no test is called "${mutant.testName}"\n${tested.output.slice(-outputCharsMax)}`;
  const failed = ran.filter((test) => test.status === 'failed');
  if (failed.length === 0) return 'it survived: the test passes';
  const messages = failed.flatMap((test) => test.failureMessages);
  const message = messages.find((text) => mutant.failure.test(text));
  if (message === undefined) return `its test fails, but does not say ${mutant.failure}\n${messages.join('\n').slice(0, outputCharsMax)}`;
  console.log(`  killed by "${failed[0]!.fullName}": ${message.split('\n')[0]!.slice(0, 200)}`);
  return null;
}

interface VitestReport {
  testResults: { assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
}

const wanted = process.argv.slice(2);
const chosen = mutants.filter((mutant) => wanted.length === 0 || wanted.includes(mutant.name));
let survived = 0;
for (const mutant of chosen) {
  console.log(`mutant ${mutant.name}: expects "${mutant.testName}" to fail`);
  const tree = copyTree();
  const problem = await judge(mutant, tree);
  if (problem !== null) {
    survived += 1;
    console.log(`  NOT KILLED: ${problem}`);
  }
  rmSync(tree, { recursive: true, force: true });
}
console.log(JSON.stringify({ mutants: chosen.length, killed: chosen.length - survived, survived }));
process.exitCode = survived === 0 && chosen.length > 0 ? 0 : 1;

import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, context } from 'esbuild';

/*
 * `npm run build` (with `--watch`: again at each change): src/ and the packages it uses into a few files in dist/, so that a
 * process starts after reading five files instead of five hundred, which halves its start and saves 10 MB of its memory.
 * Types are not looked at here; `make check` does that.
 */
const outdir = 'dist';
const notices = join(outdir, 'THIRD-PARTY-NOTICES.txt');
/** Packages with compiled code stay in node_modules. */
const compiled = ['better-sqlite3', '@node-rs/crc32'];

/** The licence of every package that went into the bundle goes with it. */
const writeNotices = {
  name: 'notices',
  setup: ({ onEnd }) =>
    onEnd(({ metafile }) => {
      if (!metafile) return;
      const inputs = Object.keys(metafile.inputs).map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
      const folders = [...new Set(inputs.filter((folder) => folder !== undefined))].toSorted();
      writeFileSync(notices, folders.map(noticeOf).join(`\n${'-'.repeat(80)}\n\n`));
    }),
};

function noticeOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  return `${name} ${version} (${license})\n\n${file ? readFileSync(join(folder, file), 'utf8').trim() : 'The package has no licence file.'}\n`;
}

const options = {
  entryPoints: {
    main: 'src/main.ts',
    aether: 'src/cli/main.ts',
    // threads are started by the name of their file
    'writer-thread': 'src/metadata/sqlite/writer-thread.ts',
    'hash-thread': 'src/s3/hash-thread.ts',
  },
  outdir,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: compiled,
  // some packages are CommonJS and ask for Node's own modules at run time
  banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  metafile: true,
  logLevel: 'warning',
  plugins: [writeNotices],
};

if (existsSync(outdir)) for (const entry of readdirSync(outdir)) if (entry.endsWith('.js')) rmSync(join(outdir, entry));
if (process.argv.includes('--watch')) await (await context(options)).watch();
else await build(options);

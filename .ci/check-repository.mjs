/*
 * Rules of the repository that no other tool knows. Prints each breach, ends with exit code 1 if there is one.
 */
import { readFileSync, readdirSync } from 'node:fs';

const read = (path) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const breaches = [];

// 1. The compose file goes without REST tokens, so nothing of it may be reached from another machine.
const compose = read('docker-compose.yml');
const published = compose
  .split('\n')
  .flatMap((line) => [...(/^\s*ports:\s*\[(.*)\]\s*$/.exec(line)?.[1].matchAll(/['"]([^'"]*)['"]/g) ?? [])].map(([, port]) => port));
const portsLines = compose.split('\n').filter((line) => /^\s*ports:/.test(line));
if (published.length < 4 || portsLines.length === 0 || portsLines.some((line) => !/\[.*\]\s*$/.test(line))) {
  breaches.push('docker-compose.yml: each "ports:" is one line with a list in brackets, so that this check can read it');
}
for (const port of published) {
  if (!/^127\.0\.0\.1:\d+:\d+$/.test(port)) breaches.push(`docker-compose.yml: ${port} is not published on 127.0.0.1 only`);
}
if (/network_mode|^\s*published:/m.test(compose)) breaches.push('docker-compose.yml: ports are published by "ports:" alone');

// 2. Every dependency has its reason written down.
const { dependencies, devDependencies } = JSON.parse(read('package.json'));
const reasons = read('docs/dependencies.md');
for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
  if (!reasons.includes(`| \`${name}\` |`)) breaches.push(`docs/dependencies.md: no row for ${name}`);
}
for (const [, name] of reasons.matchAll(/^\| `([^`]+)` \|/gm)) {
  if (!(name in dependencies) && !(name in devDependencies)) breaches.push(`docs/dependencies.md: ${name} is no dependency any more`);
}

// 3. The import table of the design is the one that is checked.
const { forbidden } = (await import('../.dependency-cruiser.cjs')).default;
const design = read('docs/DESIGN.md');
for (const { name, to } of forbidden) {
  const folder = /^(.*)-knows-only-its-lowers$/.exec(name)?.[1];
  if (!folder) continue;
  const allowed = to.pathNot
    .replace(/^\^src\/\(|\)\/$/g, '')
    .split('|')
    .slice(1);
  const row = new RegExp(`^\\| \`${folder}/\` \\|.*\\| ([^|]*) \\|$`, 'm').exec(design)?.[1] ?? 'no row';
  if (row !== (allowed.join(', ') || 'nobody'))
    breaches.push(`docs/DESIGN.md section 4: ${folder}/ may import "${row}", checked is "${allowed.join(', ')}"`);
}

// 4. The top level stays as small as it is.
const expected =
  'CHANGELOG.md Dockerfile LICENSE Makefile README.md charts docker-compose.yml docs e2e manifests package-lock.json package.json src tsconfig.json';
const ignored = new Set(['node_modules', 'dist', 'aether-data', 'bench-result.json', 'e2e-artifacts']);
const visible = readdirSync(new URL('..', import.meta.url)).filter(
  (name) => !name.startsWith('.') && !ignored.has(name) && !name.endsWith('.log'),
);
const surplus = visible.filter((name) => !expected.split(' ').includes(name));
if (surplus.length > 0) breaches.push(`the top level: ${surplus.join(', ')} has no place there`);

// 5. What comes in is pinned (docs/supply-chain.md): packages by hash, from npm's registry, without scripts but those allowed by name.
const { allowScripts } = JSON.parse(read('package.json'));
const locked = Object.entries(JSON.parse(read('package-lock.json')).packages).filter(([path]) => path !== '');
for (const [path, { version, integrity, resolved, link, hasInstallScript }] of locked) {
  const name = path.replace(/^.*node_modules\//, '');
  if (link || !/^\d+\.\d+\.\d+/.test(version)) breaches.push(`package-lock.json: ${path} is no published version`);
  if (!/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity)) breaches.push(`package-lock.json: ${path} has no SHA-512`);
  if (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/'))
    breaches.push(`package-lock.json: ${path} comes from ${resolved}`);
  if (hasInstallScript && allowScripts[name] !== true)
    breaches.push(`package.json: allowScripts does not name ${name}, which has an install script`);
}
for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
  if (!/^\d+\.\d+\.\d+$/.test(version)) breaches.push(`package.json: ${name} is not pinned to one version`);
}
if (!/^npm ci --ignore-scripts/m.test(read('.ci/install'))) breaches.push('.ci/install: packages are installed by npm ci --ignore-scripts');
for (const [, image] of read('Dockerfile').matchAll(/^FROM +(?:--\S+ +)*(\S+)/gim)) {
  if (!/:[^:@/]*\d[^:@/]*(@sha256:[0-9a-f]{64})?$/.test(image))
    breaches.push(`Dockerfile: the base image ${image} has no tag with a version`);
}

// 6. Each command for operators says whether a test runs it.
for (const page of ['docs/kubernetes.md', 'docs/supply-chain.md']) {
  for (const [, language, block] of read(page).matchAll(/^ *```(sh|yaml)\n(.*?)^ *```$/gms)) {
    const lines = block.split('\n').filter((line) => line.trim() !== '');
    for (const line of language === 'sh' ? lines : lines.slice(0, 1)) {
      if (!/ # \((tested|not run)[^()]*\)/.test(line)) breaches.push(`${page}: "${line.trim()}" is not marked as (tested) or (not run)`);
    }
  }
}

for (const breach of breaches) console.error(breach);
process.exitCode = breaches.length > 0 ? 1 : 0;

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { must } from '../src/base/must.js';
import { S3TestClient, type S3TestAnswer } from '../src/testing/s3-test-client.js';
import { place, removeNamespace } from './environment.js';
import type { Release } from './release.js';
import { openTerminal, type Terminal } from './terminal.js';
import { until } from './until.js';

/* The drill of docs/kubernetes.md for the one thing that the store has only once: its lines, in its order, as they stand there. */

const document = readFileSync('docs/kubernetes.md', 'utf8');

/** The blocks of one language below a heading, without the indent that they have in a list. */
function blocks(heading: string, language: 'sh' | 'yaml'): string[] {
  const section = must(new RegExp(`^#+ ${heading}$([^]*?)(?=^#)`, 'm').exec(document)?.[1], heading);
  return [...section.matchAll(/^( *)```(\w+)\n([^]*?)^ *```$/gm)]
    .filter(([, , found]) => found === language)
    .map(([, indent, , text]) => text!.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/** The block of several whose first line names the file that it is meant for. */
function file(heading: string, name: string): string {
  return must(
    blocks(heading, 'yaml').find((text) => text.split('\n')[0]!.includes(name)),
    name,
  );
}

describe('the metadata, when its volume is lost', () => {
  const kept = randomBytes(3_000_000);
  let release: Release;
  let terminal: Terminal | null = null;

  beforeAll(async () => {
    release = await place({ namespace: 'disaster' });
    terminal = await openTerminal('disaster');
    await release.install();
    await release.untilWhole(3);
  });
  afterAll(async () => {
    terminal?.close();
    await removeNamespace(release);
  });

  async function type(block: string): Promise<void> {
    for (const line of block.trim().split('\n')) {
      const { printed, code } = await must(terminal, 'a terminal').shell.run(line);
      expect(code, `${line}\n${printed}`).toBe(0);
    }
  }

  async function ask(method: string, path: string, body?: Buffer): Promise<S3TestAnswer> {
    const client = new S3TestClient(must((await release.clientOptions())[0], 'a worker'));
    try {
      return await client.request({ method, path, ...(body === undefined ? {} : { body }) });
    } finally {
      client.close();
    }
  }

  test('is copied from a stopped master, by the lines of the documentation', async () => {
    expect((await ask('PUT', '/drill')).status).toBe(200);
    expect((await ask('PUT', '/drill/kept', kept)).status).toBe(200);
    writeFileSync(join(must(terminal, 'a terminal').folder, 'metadata-copy.yaml'), file('A backup of the metadata', 'metadata-copy.yaml'));
    await type(must(blocks('A backup of the metadata', 'sh')[0], 'the lines of the backup'));
    await release.kube.untilReady('master', 1);
    await release.untilWhole(3);
    expect((await ask('PUT', '/drill/after-the-copy', kept)).status).toBe(200);
  });

  test('comes back with all that was there at the copy, and the store goes on', async () => {
    const before = await release.masterPod();
    await release.kube.run(['delete', 'pvc', `${release.fullname}-master`, '--wait=false']);
    await release.kube.run(['delete', 'pod', before.metadata.name, '--wait=false']);
    await until('podGone', 'the volume of the metadata is lost', async () =>
      (await release.kube.get('pvc', `${release.fullname}-master`)) === null ? true : null,
    );
    const [restore, takeOver] = blocks("The master's volume", 'sh');
    writeFileSync(join(must(terminal, 'a terminal').folder, 'metadata-claim.yaml'), file("The master's volume", 'metadata-claim.yaml'));
    await type(must(restore, 'the lines that restore'));
    await until('podReady', 'the old copy is fenced by datanodes that know better', async () => {
      const [pod] = await release.pods('master');
      const ran = await release.kube.tryRun(['logs', pod?.metadata.name ?? 'none', '--previous']);
      return /another master has (begun|taken over)/.test(ran.stdout) ? true : null;
    });
    await type(must(takeOver, 'the lines that let it take over'));
    await release.kube.untilReady('master', 1);
    await release.untilWhole(3);
    const answer = await ask('GET', '/drill/kept');
    expect(createHash('sha256').update(answer.body).digest('hex')).toBe(createHash('sha256').update(kept).digest('hex'));
    expect((await ask('GET', '/drill/after-the-copy')).status, 'as the document says').toBe(404);
    expect((await ask('PUT', '/drill/after-the-loss', kept)).status).toBe(200);
    await release.upgrade();
    await release.untilWhole(3);
    expect((await ask('GET', '/drill/after-the-loss')).body.equals(kept)).toBe(true);
  });
});

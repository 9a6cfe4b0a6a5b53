import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../base/clock.js';
import { silentLog } from '../base/log.js';
import { StartRefused } from '../base/start-refused.js';
import { auditMetadata } from '../testing/audit-metadata.js';
import { LocalStore } from '../testing/local-store.js';
import { MetadataWorld } from '../testing/metadata-world.js';
import { migrations } from './migrations/all.js';
import { SqliteConnection } from './sqlite/connection.js';
import { migrate } from './sqlite/migrate.js';
import { MetadataStore } from './store.js';
import { statement } from './tx.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-metadata-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function open(path: string, onFault: (reason: Error) => void = () => undefined): Promise<MetadataStore> {
  return MetadataStore.open({ path, onFault }, { clock: systemClock, log: silentLog });
}

function startWorld(store: MetadataStore): Promise<Awaited<ReturnType<typeof MetadataWorld.start>>> {
  return MetadataWorld.start({
    write: (name, args) => store.write(name, args),
    read: async (name, args) => store.read(name, args),
  });
}

/** Starts a process that commits objects; kills it when so many are acknowledged. Answers those. */
async function killAfter(path: string, round: number, count: number): Promise<string[]> {
  const script = new URL('../testing/commit-until-killed.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, path, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  let heard = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    heard += String(text);
    if (heard.split('\n').length > count) child.kill('SIGKILL');
  }
  expect((await exited)[1]).toBe('SIGKILL');
  return heard.split('\n').slice(0, -1);
}

describe('the store', () => {
  it('answers writes after their commit, which reads then see', async () => {
    const store = await open(join(folder, 'a.db'));
    const world = await startWorld(store);
    const keys = Array.from({ length: 100 }, (_, index) => `key-${String(index).padStart(3, '0')}`);
    await Promise.all(
      keys.map(async (key, index) => {
        const { versionNumber } = await world.put(world.bucket, key, index);
        const { version } = store.read('lookupObject', { ...world.bucket, key, partNumber: null });
        expect(version).toMatchObject({ versionNumber, sizeBytes: index });
      }),
    );
    expect(await world.keys(world.bucket)).toEqual(keys);
    await store.close();
  });

  it('answers what is under way when it closes, and nothing afterwards', async () => {
    const store = await open(join(folder, 'b.db'));
    const world = await startWorld(store);
    const puts = Array.from({ length: 20 }, (_, index) => world.put(world.bucket, `k${index}`, 1));
    await store.close();
    expect(await Promise.all(puts)).toHaveLength(20);
    await expect(world.put(world.bucket, 'late', 1)).rejects.toThrow('closed');
    const again = await open(join(folder, 'b.db'));
    expect(again.read('statistics', {})).toMatchObject({ objects: 20 });
    await again.close();
  });

  it('answers a refusal in a group without touching the others', async () => {
    const store = await open(join(folder, 'c.db'));
    const world = await startWorld(store);
    const conditions = { ifMatch: '*', ifNoneMatch: null };
    const answers = await Promise.allSettled([
      world.put(world.bucket, 'a', 1),
      world.put(world.bucket, 'b', 1, { conditions }),
      world.put(world.bucket, 'c', 1),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await world.keys(world.bucket)).toEqual(['a', 'c']);
    await store.close();
  });

  it('leaves a transaction with a fault out of its group', async () => {
    const store = await open(join(folder, 'd.db'));
    const world = await startWorld(store);
    const answers = await Promise.allSettled([
      world.put(world.bucket, 'a', 1),
      // No gateway sends this: an upload id that is taken.
      ...[1, 2].map(() =>
        store.write('createUpload', {
          attempt: world.attempt(),
          ...world.bucket,
          key: 'k',
          uploadId: 'same',
          headers: {},
          userMetadata: {},
          checksum: null,
          nowMs: 1,
        }),
      ),
      world.put(world.bucket, 'b', 1),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(store.read('statistics', {})).toMatchObject({ objects: 2, uploads: 1 });
    await store.close();
  });

  it('does not open a file of a newer format', async () => {
    const path = join(folder, 'e.db');
    const connection = SqliteConnection.openWriter(path);
    migrate(connection, path, migrations);
    connection.execute('PRAGMA user_version = 1000');
    connection.close();
    const opening = open(path);
    await expect(opening).rejects.toThrow(StartRefused);
    await expect(opening).rejects.toThrow('format 1000');
  });
});

describe('a connection', () => {
  it('fsyncs each commit: synchronous is FULL after the first statement', () => {
    const path = join(folder, 'f.db');
    for (const connection of [SqliteConnection.openWriter(path), SqliteConnection.openReader(path)]) {
      connection.get(statement('SELECT count(*) FROM sqlite_schema'), []);
      expect(connection.pragma('synchronous')).toBe(2);
      expect(connection.pragma('journal_mode')).toBe('wal');
      connection.close();
    }
  });

  it('of a reader does not write', () => {
    const path = join(folder, 'g.db');
    const writer = SqliteConnection.openWriter(path);
    migrate(writer, path, migrations);
    const reader = SqliteConnection.openReader(path);
    expect(() => reader.execute('DELETE FROM cluster')).toThrow('readonly');
    reader.close();
    writer.close();
  });
});

describe('a migration', () => {
  const second = { format: 2, sql: 'CREATE TABLE later (a INTEGER) STRICT' };

  it('is preceded by a snapshot that the version before still opens', async () => {
    const path = join(folder, 'h.db');
    const store = new LocalStore(path);
    const world = await MetadataWorld.start(store);
    await world.put(world.bucket, 'k', 1);
    store.close();
    const connection = SqliteConnection.openWriter(path);
    migrate(connection, path, [...migrations, second]);
    expect(connection.all(statement('SELECT * FROM later'), [])).toEqual([]);
    connection.close();
    expect(() => new LocalStore(path)).toThrow('format 2');
    expect(existsSync(`${path}.before-format-1`)).toBe(false);
    const before = new LocalStore(`${path}.before-format-2`);
    expect(await before.read('statistics', {})).toMatchObject({ objects: 1 });
    before.close();
  });

  it('does not touch a file that is not ours', () => {
    const path = join(folder, 'l.db');
    const connection = SqliteConnection.openWriter(path);
    connection.execute('CREATE TABLE theirs (a INTEGER); PRAGMA user_version = 1');
    expect(() => migrate(connection, path, migrations)).toThrow('not a metadata file');
    connection.close();
  });

  it('that fails leaves the file as it was', () => {
    const path = join(folder, 'j.db');
    const connection = SqliteConnection.openWriter(path);
    migrate(connection, path, migrations);
    const broken = { format: 2, sql: 'CREATE TABLE later (a INTEGER) STRICT; CREATE TABLE bucket (a INTEGER)' };
    expect(() => migrate(connection, path, [...migrations, broken])).toThrow('already exists');
    connection.close();
    const again = SqliteConnection.openWriter(path);
    expect(again.pragma('user_version')).toBe(1);
    migrate(again, path, [...migrations, second]);
    again.close();
  });
});

describe('a process that is killed', () => {
  it('has lost none of the commits that it acknowledged', async () => {
    const path = join(folder, 'k.db');
    const lost: string[] = [];
    let acknowledgedInAll = 0;
    for (let round = 0; round < 2; round += 1) {
      const acknowledged = await killAfter(path, round, 200 + round * 150);
      acknowledgedInAll += acknowledged.length;
      const store = await open(path);
      const bucket = store.read('getBucket', { bucket: 'first' });
      for (const key of acknowledged) {
        try {
          store.read('lookupObject', { ...bucket, key, partNumber: null });
        } catch {
          lost.push(key);
        }
      }
      await store.close();
    }
    expect(acknowledgedInAll).toBeGreaterThan(300);
    expect(lost).toEqual([]);
    const rows = SqliteConnection.openReader(path);
    expect(auditMetadata(rows)).toEqual([]);
    rows.close();
  }, 120_000);
});

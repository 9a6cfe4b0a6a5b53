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
import { ManualClock } from '../testing/manual-clock.js';
import { MetadataWorld } from '../testing/metadata-world.js';
import { migrations } from './migrations/all.js';
import { Checkpoints } from './sqlite/checkpoints.js';
import { SqliteConnection } from './sqlite/connection.js';
import { GroupWriter } from './sqlite/group-writer.js';
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

/** Pages of the log that the database file does not have yet. */
function pagesBehind(connection: SqliteConnection): number {
  const row = connection.get(statement('PRAGMA wal_checkpoint(NOOP)'), []) as { log: number; checkpointed: number };
  return row.log - row.checkpointed;
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

  it('says once that it has failed, and answers nothing any more, when the file cannot be written', async () => {
    const path = join(folder, 'm.db');
    const faults: Error[] = [];
    const store = await open(path, (reason) => faults.push(reason));
    const world = await startWorld(store);
    const intruder = SqliteConnection.openWriter(path);
    intruder.execute('BEGIN IMMEDIATE');
    const puts = await Promise.allSettled([1, 2].map((size) => world.put(world.bucket, `k${size}`, size)));
    expect(puts.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await expect(world.put(world.bucket, 'late', 1)).rejects.toThrow('locked');
    expect(faults.map(({ message }) => message)).toEqual([expect.stringContaining('locked')]);
    intruder.close();
    await store.close();
  }, 60_000);

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

describe('a group', () => {
  it('that finds the disk full is rolled back: only who needs room is refused, and the store goes on', async () => {
    const path = join(folder, 'n.db');
    const store = new LocalStore(path);
    const world = await MetadataWorld.start(store);
    const done = { name: 'commitObject', args: world.putArgs(world.bucket, 'done', 1) } as const;
    const { versionNumber } = await store.write('commitObject', done.args);
    store.close();
    const connection = SqliteConnection.openWriter(path);
    const pages = Number(connection.pragma('page_count'));
    connection.pragma(`max_page_count = ${pages + 4}`);
    const writer = new GroupWriter(connection, () => true);
    const large = Array.from({ length: 50 }, (_, index) => {
      const args = world.putArgs(world.bucket, `${index}`.padEnd(1000, 'k'), 1);
      return { name: 'commitObject', args: { ...args, attempt: { ...args.attempt, lowestUnfinished: 1 } } } as const;
    });
    const [repeated, ...answers] = writer.commitGroup([done, ...large]);
    expect(repeated).toMatchObject({ value: { versionNumber } });
    const refused = answers.filter((answer) => 'refused' in answer && answer.refused.code === 'storage-full');
    const stored = answers.filter((answer) => 'value' in answer);
    expect(refused.length).toBeGreaterThan(10);
    expect(refused.length + stored.length).toBe(large.length);

    connection.pragma(`max_page_count = ${pages + 10_000}`);
    expect(writer.commitGroup([large.at(-1)!])).toEqual([{ value: expect.anything() as unknown }]);
    connection.close();
    const again = new LocalStore(path);
    expect(await again.read('statistics', {})).toMatchObject({ objects: stored.length + 2 });
    expect(auditMetadata(again.rows)).toEqual([]);
    again.close();
  });

  it('without room refuses what would add; repeats are told what they were told before, and deletes go on', async () => {
    const path = join(folder, 'without-room.db');
    const store = new LocalStore(path);
    const world = await MetadataWorld.start(store);
    const done = { name: 'commitObject', args: world.putArgs(world.bucket, 'done', 1) } as const;
    const { versionNumber } = await store.write('commitObject', done.args);
    store.close();
    const connection = SqliteConnection.openWriter(path);
    let roomy = false;
    const writer = new GroupWriter(connection, () => roomy);
    const put = () => ({ name: 'commitObject', args: world.putArgs(world.bucket, 'more', 1) }) as const;
    const dropped = { attempt: world.attempt(), ...world.bucket, keys: [{ key: 'done', ifMatch: null }], nowMs: world.nowMs };
    const answers = writer.commitGroup([put(), done, { name: 'deleteObjects', args: dropped }]);
    expect(answers).toMatchObject([{ refused: { code: 'storage-full' } }, { value: { versionNumber } }, { value: {} }]);
    roomy = true;
    expect(writer.commitGroup([put()])).toMatchObject([{ value: {} }]);
    connection.close();
  });

  it('runs again with a savepoint for what refuses after it wrote', async () => {
    const path = join(folder, 'o.db');
    const store = new LocalStore(path);
    const world = await MetadataWorld.start(store);
    const first = world.putArgs(world.bucket, 'a', 10);
    const conflicting = () => world.put(world.bucket, 'b', 20, { chunks: [world.chunk(10), first.chunks[0]!] });
    const answers = await Promise.allSettled([
      store.write('commitObject', first),
      conflicting(),
      world.put(world.bucket, 'c', 1),
      conflicting(),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected']);
    expect(await world.keys(world.bucket)).toEqual(['a', 'c']);
    expect(auditMetadata(store.rows)).toEqual([]);
    store.close();
  });
});

describe('checkpoints', () => {
  it('carry the log over when it is long, and when nothing happens', () => {
    const path = join(folder, 'p.db');
    const clock = new ManualClock();
    const connection = SqliteConnection.openWriter(path);
    const checkpoints = new Checkpoints(connection, clock);
    connection.execute('CREATE TABLE filled (a BLOB)');
    checkpoints.committed();
    expect(pagesBehind(connection)).toBeGreaterThan(0);
    clock.advance(1000);
    expect(pagesBehind(connection)).toBe(0);
    connection.execute('INSERT INTO filled VALUES (zeroblob(40000000))');
    checkpoints.committed();
    expect(pagesBehind(connection)).toBe(0);
    checkpoints.stop();
    connection.close();
  });
});

describe('a migration', () => {
  const next = { format: 4, sql: 'CREATE TABLE later (a INTEGER) STRICT' };

  it('is preceded by a snapshot that the version before still opens', async () => {
    const path = join(folder, 'h.db');
    const store = new LocalStore(path);
    const world = await MetadataWorld.start(store);
    await world.put(world.bucket, 'k', 1);
    store.close();
    const connection = SqliteConnection.openWriter(path);
    migrate(connection, path, [...migrations, next]);
    expect(connection.all(statement('SELECT * FROM later'), [])).toEqual([]);
    connection.close();
    expect(() => new LocalStore(path)).toThrow('format 4');
    expect(existsSync(`${path}.before-format-1`)).toBe(false);
    const before = new LocalStore(`${path}.before-format-4`);
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
    const broken = { format: 4, sql: 'CREATE TABLE later (a INTEGER) STRICT; CREATE TABLE bucket (a INTEGER)' };
    expect(() => migrate(connection, path, [...migrations, broken])).toThrow('already exists');
    connection.close();
    const again = SqliteConnection.openWriter(path);
    expect(again.pragma('user_version')).toBe(3);
    migrate(again, path, [...migrations, next]);
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

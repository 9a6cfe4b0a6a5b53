import Database from 'better-sqlite3';
import { existsSync } from 'node:fs';

const listed = 1000;
const repeats = 50;

/** CPU of one packed query that lists 1000 keys of 50 characters with their sizes, ETags and times, in microseconds. */
export function packedQueryMicros(path: string): number {
  const fresh = !existsSync(path);
  const database = new Database(path);
  if (fresh) {
    database.exec('CREATE TABLE object (bucket INTEGER, key BLOB, attributes TEXT, PRIMARY KEY (bucket, key)) WITHOUT ROWID');
    const insert = database.prepare('INSERT INTO object VALUES (1, ?, ?)');
    database.transaction(() => {
      for (let count = 0; count < listed; count += 1) {
        insert.run(Buffer.from(`list/${String(count).padStart(45, '0')}`), '4096,0cc175b9c0f1b6a831c399e269772661,1760000000000');
      }
    })();
  }
  const query = database
    .prepare(
      "SELECT group_concat(key || ',' || attributes, char(10)) FROM (SELECT key, attributes FROM object WHERE bucket = 1 AND key > ? ORDER BY key LIMIT 1000)",
    )
    .pluck();
  query.get(Buffer.from('list/')); // the pages are in the cache from here on
  const before = process.cpuUsage();
  for (let count = 0; count < repeats; count += 1) query.get(Buffer.from('list/'));
  const used = process.cpuUsage(before);
  database.close();
  return (used.user + used.system) / repeats;
}

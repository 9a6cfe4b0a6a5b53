import { existsSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { openSync, closeSync, fsyncSync } from 'node:fs';
import { StartRefused } from '../../base/start-refused.js';
import type { SqliteConnection } from './connection.js';

/** One step of the schema. Additive for one minor version, so that the version before still opens the file. */
export interface Migration {
  /** The format that the file has afterwards; each is one above the one before. */
  format: number;
  sql: string;
}

/** In the header of the database file: "ATHR". */
const applicationId = 0x41544852;

/**
 * Brings the file to the newest of `migrations`. Each one is preceded by a snapshot beside the file, but for the first,
 * which finds nothing to save. Throws `StartRefused` for a file that is not ours, or newer than this program.
 */
export function migrate(connection: SqliteConnection, path: string, migrations: readonly Migration[]): void {
  const found = connection.pragma('user_version') as number;
  if (found > 0 && connection.pragma('application_id') !== applicationId) {
    throw new StartRefused(`${path} is not a metadata file of AetherStore; point the master at another folder`);
  }
  const newest = migrations.at(-1)?.format ?? 0;
  if (found > newest) {
    throw new StartRefused(
      `${path} has format ${found} and this version reads formats up to ${newest}: run the version that wrote it, or a newer one`,
    );
  }
  for (const { format, sql } of migrations) {
    if (format <= found) continue;
    if (found > 0) snapshot(connection, `${path}.before-format-${format}`);
    connection.execute(`BEGIN IMMEDIATE; ${sql}; PRAGMA user_version = ${format}; PRAGMA application_id = ${applicationId}; COMMIT`);
  }
}

/** A copy of the whole database as it is now, durable when this returns. */
function snapshot(connection: SqliteConnection, target: string): void {
  // One that is there is of an attempt that did not get as far as its migration.
  if (existsSync(target)) rmSync(target);
  connection.execute(`VACUUM INTO '${target.replaceAll("'", "''")}'`);
  for (const path of [target, dirname(target)]) {
    const descriptor = openSync(path, 'r');
    fsyncSync(descriptor);
    closeSync(descriptor);
  }
}

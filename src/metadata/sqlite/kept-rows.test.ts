import { expect, it } from 'vitest';
import { migrations } from '../migrations/all.js';
import { keptStatement, statement } from '../tx.js';
import { SqliteConnection } from './connection.js';
import { KeptRows } from './kept-rows.js';
import { migrate } from './migrate.js';

const generation = keptStatement<[], { generation: number }>('SELECT generation FROM cluster');
const raise = statement('UPDATE cluster SET generation = generation + 1');
const raiseAndRead = statement('UPDATE cluster SET generation = generation + 1 RETURNING generation');

function open() {
  const connection = SqliteConnection.openInMemory();
  migrate(connection, ':memory:', migrations);
  return { connection, kept: new KeptRows(connection) };
}

it('a row is kept while nothing is written to its table, and read anew after that', () => {
  const { connection, kept } = open();
  const first = kept.get(generation, []);
  connection.run(statement('UPDATE counter SET number = 5'), []);
  expect(kept.get(generation, [])).toBe(first);
  connection.run(raise, []);
  expect(kept.get(generation, [])).toEqual({ generation: 2 });
  connection.get(raiseAndRead, []);
  expect(kept.get(generation, [])).toEqual({ generation: 3 });
});

it('what was read inside a transaction that is rolled back is forgotten', () => {
  const { connection, kept } = open();
  connection.run(statement('BEGIN'), []);
  connection.run(raise, []);
  expect(kept.get(generation, [])).toEqual({ generation: 2 });
  connection.run(statement('ROLLBACK'), []);
  kept.forget();
  expect(kept.get(generation, [])).toEqual({ generation: 1 });
});

it('a row that is not there is looked for again', () => {
  const { connection, kept } = open();
  const boot = keptStatement<[id: string], { boot: number }>('SELECT boot FROM gateway WHERE id = CAST(? AS BLOB)');
  expect(kept.get(boot, ['a'])).toBeUndefined();
  connection.run(statement('INSERT INTO gateway (id, number, boot, lowest, seen_ms) VALUES (?, 1, 7, 0, 0)'), [Buffer.from('a')]);
  expect(kept.get(boot, ['a'])).toEqual({ boot: 7 });
  expect(kept.get(boot, ['b'])).toBeUndefined();
});

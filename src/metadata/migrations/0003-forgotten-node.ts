import type { Migration } from '../sqlite/migrate.js';

/** Volumes that a person has given up, for good: should one come back, it is refused. */
export const forgottenNode: Migration = {
  format: 3,
  sql: `
CREATE TABLE forgotten_node (
  id BLOB PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,   -- what it owes in 'doomed' stands under this
  forgotten_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`,
};

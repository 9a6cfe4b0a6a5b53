import type { Migration } from '../sqlite/migrate.js';

/** Of the controller's election: below the highest one that was accepted no controller is believed. */
export const electionEpoch: Migration = {
  format: 2,
  sql: 'ALTER TABLE cluster ADD COLUMN election_epoch INTEGER NOT NULL DEFAULT 0',
};

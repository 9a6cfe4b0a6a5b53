import type { Migration } from '../sqlite/migrate.js';
import { first } from './0001-first.js';
import { electionEpoch } from './0002-election-epoch.js';
import { forgottenNode } from './0003-forgotten-node.js';

/** In their order; one that has been released is never changed. */
export const migrations: readonly Migration[] = [first, electionEpoch, forgottenNode];

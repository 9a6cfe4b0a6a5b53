import { attemptScenarios } from './transaction-suite/attempts.js';
import { bucketScenarios } from './transaction-suite/buckets.js';
import { clusterScenarios } from './transaction-suite/cluster.js';
import { copyScenarios } from './transaction-suite/copies.js';
import { forgottenScenarios } from './transaction-suite/forgotten.js';
import { objectScenarios } from './transaction-suite/objects.js';
import { replicaScenarios } from './transaction-suite/replicas.js';
import { restScenarios } from './transaction-suite/rest.js';
import { uploadScenarios } from './transaction-suite/uploads.js';
import type { StoreUnderTest } from './store-under-test.js';

/** What every driver of the metadata store does, and the state in which it ends: a sentence, and how it is shown. */
export type Scenarios = Record<string, (store: StoreUnderTest) => Promise<void>>;

export const transactionSuite: Record<string, Scenarios> = {
  attempts: attemptScenarios,
  buckets: bucketScenarios,
  objects: objectScenarios,
  copies: copyScenarios,
  uploads: uploadScenarios,
  replicas: replicaScenarios,
  'objects of REST': restScenarios,
  'cluster and nodes': clusterScenarios,
  'forgotten nodes': forgottenScenarios,
};

import { abortUpload } from './transactions/abort-upload.js';
import { acceptElection } from './transactions/accept-election.js';
import { addReplicas } from './transactions/add-replicas.js';
import { advanceGeneration } from './transactions/advance-generation.js';
import { beginReign } from './transactions/begin-reign.js';
import { commitObject } from './transactions/commit-object.js';
import { commitPart } from './transactions/commit-part.js';
import { completeRestUpload } from './transactions/complete-rest-upload.js';
import { completeUpload } from './transactions/complete-upload.js';
import { confirmDeleted } from './transactions/confirm-deleted.js';
import { copyObject } from './transactions/copy-object.js';
import { copyPart } from './transactions/copy-part.js';
import { createBucket } from './transactions/create-bucket.js';
import { createUpload } from './transactions/create-upload.js';
import { deleteBucket } from './transactions/delete-bucket.js';
import { deleteObjects } from './transactions/delete-objects.js';
import { deleteRestObject } from './transactions/delete-rest-object.js';
import { doomCopies } from './transactions/doom-copies.js';
import { dropLostCopies } from './transactions/drop-lost-copies.js';
import { dropReplica } from './transactions/drop-replica.js';
import { expireAttempts } from './transactions/expire-attempts.js';
import { expireFinishedUploads } from './transactions/expire-finished-uploads.js';
import { expireRestUploads } from './transactions/expire-rest-uploads.js';
import { forgetNode } from './transactions/forget-node.js';
import { initCluster } from './transactions/init-cluster.js';
import { initRestUpload } from './transactions/init-rest-upload.js';
import { markFenced } from './transactions/mark-fenced.js';
import { recordLogMark } from './transactions/record-log-mark.js';
import { registerManualNode } from './transactions/register-manual-node.js';
import { reportChunk } from './transactions/report-chunk.js';
import { setNodeState } from './transactions/set-node-state.js';
import { upsertNode } from './transactions/upsert-node.js';
import { workGarbage } from './transactions/work-garbage.js';

/** Every transaction by its name. A name is never given to another effect: stored batches must replay to the same rows. */
export const transactions = {
  initCluster,
  beginReign,
  markFenced,
  advanceGeneration,
  createBucket,
  deleteBucket,
  commitObject,
  copyObject,
  deleteObjects,
  createUpload,
  commitPart,
  copyPart,
  completeUpload,
  abortUpload,
  expireFinishedUploads,
  addReplicas,
  dropReplica,
  doomCopies,
  workGarbage,
  confirmDeleted,
  initRestUpload,
  reportChunk,
  completeRestUpload,
  deleteRestObject,
  expireRestUploads,
  upsertNode,
  registerManualNode,
  setNodeState,
  recordLogMark,
  dropLostCopies,
  forgetNode,
  expireAttempts,
  acceptElection,
};

/**
 * Those that are refused (`storage-full`) while the volume has little room. All others go on: they free room, lead there,
 * or keep copies safe.
 */
export const adding: ReadonlySet<keyof typeof transactions> = new Set([
  'createBucket',
  'commitObject',
  'copyObject',
  'createUpload',
  'commitPart',
  'copyPart',
  'completeUpload',
  'initRestUpload',
  'reportChunk',
  'completeRestUpload',
] as const);

export type TransactionName = keyof typeof transactions;
export type TransactionArgs<N extends TransactionName> = Parameters<(typeof transactions)[N]>[1];
export type TransactionResult<N extends TransactionName> =
  ReturnType<(typeof transactions)[N]> extends Generator<unknown, infer Result, unknown> ? Result : never;

import { chunksOnNode } from './queries/chunks-on-node.js';
import { doomedOn } from './queries/doomed-on.js';
import { doomedOnForgotten } from './queries/doomed-on-forgotten.js';
import { getBucket } from './queries/get-bucket.js';
import { getChunk } from './queries/get-chunk.js';
import { getRestObject } from './queries/get-rest-object.js';
import { getSettings } from './queries/get-settings.js';
import { getUpload } from './queries/get-upload.js';
import { listBuckets } from './queries/list-buckets.js';
import { listNodes } from './queries/list-nodes.js';
import { listObjects } from './queries/list-objects.js';
import { listParts } from './queries/list-parts.js';
import { listUnder } from './queries/list-under.js';
import { listUploads } from './queries/list-uploads.js';
import { lookupObject } from './queries/lookup-object.js';
import { readManifest } from './queries/read-manifest.js';
import { scanChunks } from './queries/scan-chunks.js';
import { statistics } from './queries/statistics.js';

/** Every query by its name. */
export const queries = {
  getSettings,
  getBucket,
  listBuckets,
  lookupObject,
  readManifest,
  listObjects,
  getUpload,
  listParts,
  listUploads,
  getChunk,
  scanChunks,
  chunksOnNode,
  listUnder,
  doomedOn,
  doomedOnForgotten,
  getRestObject,
  listNodes,
  statistics,
};

export type QueryName = keyof typeof queries;
export type QueryArgs<N extends QueryName> = Parameters<(typeof queries)[N]>[1];
export type QueryResult<N extends QueryName> =
  ReturnType<(typeof queries)[N]> extends Generator<unknown, infer Result, unknown> ? Result : never;

import type { Migration } from '../sqlite/migrate.js';

/*
 * The first schema. Names are BLOBs, compared as bytes; numbers of versions, bodies, uploads and buckets come from one
 * counter and are never used again. What a PUT adds goes to the end of its table, but for `object` (by key) and `chunk`
 * (by a UUID whose first bytes are the time).
 */
export const first: Migration = {
  format: 1,
  sql: `
CREATE TABLE cluster (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  cluster_id TEXT,
  epoch INTEGER NOT NULL,           -- of the last reign
  reign_id TEXT,
  fenced INTEGER NOT NULL,          -- 1: outbid by another master
  generation INTEGER NOT NULL,      -- of the sweep
  node_number INTEGER NOT NULL      -- the last one given to a node
) STRICT;
INSERT INTO cluster VALUES (1, NULL, 0, NULL, 0, 1, 0);

-- 'number' is what was given out last; the others are for people.
CREATE TABLE counter (
  only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
  number INTEGER NOT NULL,
  buckets INTEGER NOT NULL,
  objects INTEGER NOT NULL,
  objectBytes INTEGER NOT NULL,
  uploads INTEGER NOT NULL,
  chunks INTEGER NOT NULL,
  chunkBytes INTEGER NOT NULL,
  restObjects INTEGER NOT NULL,
  under INTEGER NOT NULL,
  garbage INTEGER NOT NULL,
  doomed INTEGER NOT NULL
) STRICT;
INSERT INTO counter VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

CREATE TABLE gateway (
  id BLOB PRIMARY KEY,
  number INTEGER NOT NULL,
  boot INTEGER NOT NULL,
  lowest INTEGER NOT NULL,          -- attempts below are expired, and those below what its last attempt says
  seen_ms INTEGER NOT NULL          -- lags behind: see 'gatewaySeenEveryMs'
) STRICT, WITHOUT ROWID;
CREATE TABLE attempt (
  sender INTEGER NOT NULL,          -- number of its gateway
  counter INTEGER NOT NULL,
  lowest INTEGER NOT NULL,          -- attempts below were expired when this one was stored
  outcome TEXT NOT NULL,            -- JSON of an Outcome
  PRIMARY KEY (sender, counter)
) STRICT, WITHOUT ROWID;

CREATE TABLE bucket (
  number INTEGER PRIMARY KEY,
  name BLOB NOT NULL UNIQUE,
  facts_version INTEGER NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
-- Deleted buckets whose uploads are still to be released.
CREATE TABLE dropped_bucket (bucket INTEGER PRIMARY KEY) STRICT;

-- The current version of each key, and what lists show of it, packed.
CREATE TABLE object (
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  version INTEGER NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
-- What else a version has; stays after an overwrite until its garbage is worked off.
CREATE TABLE version (
  number INTEGER PRIMARY KEY,
  attributes TEXT NOT NULL,         -- JSON: headers, user metadata, checksum
  parts INTEGER                     -- of a multipart object
) STRICT;

-- Manifests: bytes [skip, skip + length) of a body stand at an offset of their owner, a version or a part.
CREATE TABLE slice (
  owner INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  part INTEGER NOT NULL,            -- counted from 1 in a multipart object, else 0
  body INTEGER NOT NULL,
  skip INTEGER NOT NULL,
  length INTEGER NOT NULL,
  PRIMARY KEY (owner, offset)
) STRICT, WITHOUT ROWID;
CREATE INDEX slice_by_part ON slice (owner, part) WHERE part > 0;
CREATE TABLE body (
  number INTEGER PRIMARY KEY,
  refs INTEGER NOT NULL CHECK (refs >= 0), -- slices that name it
  chunks BLOB NOT NULL              -- per chunk: id (16 bytes), end in the body (8 bytes, big endian)
) STRICT;
CREATE TABLE chunk (
  id BLOB PRIMARY KEY,
  length INTEGER NOT NULL,
  crc32c INTEGER NOT NULL,
  nodes BLOB NOT NULL,              -- numbers of the nodes with a copy, 2 bytes each, big endian
  stored INTEGER NOT NULL,          -- how: 0 as whole copies
  kind INTEGER NOT NULL,            -- 0 chunk, 1 rest
  generation INTEGER NOT NULL,      -- of the sweep, when its upload began
  state INTEGER NOT NULL            -- 0 present, 1 pending, 2 deleted
) STRICT, WITHOUT ROWID;
-- Chunks with fewer copies than wanted.
CREATE TABLE under (
  chunk BLOB PRIMARY KEY,
  copies INTEGER NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX under_by_risk ON under (copies, chunk);

CREATE TABLE upload (
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  id BLOB NOT NULL,
  number INTEGER NOT NULL,
  initiated_ms INTEGER NOT NULL,
  attributes TEXT NOT NULL,         -- JSON: headers, user metadata
  algorithm TEXT,                   -- of its checksum
  type TEXT,
  PRIMARY KEY (bucket, key, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE part (
  upload INTEGER NOT NULL,
  number INTEGER NOT NULL,
  owner INTEGER NOT NULL,           -- of its slices
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  checksum TEXT,                    -- base64, in the upload's algorithm
  modified_ms INTEGER NOT NULL,
  PRIMARY KEY (upload, number)
) STRICT, WITHOUT ROWID;
-- Answers of completed uploads, for a repeated Complete.
CREATE TABLE finished_upload (
  bucket INTEGER NOT NULL,
  key BLOB NOT NULL,
  id BLOB NOT NULL,
  answer TEXT NOT NULL,             -- JSON
  finished_ms INTEGER NOT NULL,
  PRIMARY KEY (bucket, key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX finished_upload_by_time ON finished_upload (finished_ms);

-- Owners of slices that nobody can see any more.
CREATE TABLE garbage (
  queued_ms INTEGER NOT NULL,
  owner INTEGER NOT NULL,
  slices INTEGER NOT NULL,          -- still to be worked off
  PRIMARY KEY (queued_ms, owner)
) STRICT, WITHOUT ROWID;
-- Copies that a node is still to delete. The chunk has no row any more.
CREATE TABLE doomed (
  node INTEGER NOT NULL,
  chunk BLOB NOT NULL,
  PRIMARY KEY (node, chunk)
) STRICT, WITHOUT ROWID;

-- REST uploads that are not complete.
CREATE TABLE rest_upload (
  id BLOB PRIMARY KEY,
  size_hint INTEGER,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX rest_upload_by_expiry ON rest_upload (expires_ms);

CREATE TABLE node (
  id BLOB PRIMARY KEY,
  number INTEGER NOT NULL UNIQUE,
  address TEXT NOT NULL,
  host TEXT NOT NULL,
  zone TEXT NOT NULL,
  state TEXT NOT NULL,
  state_since_ms INTEGER NOT NULL,
  state_reason TEXT,
  condition TEXT NOT NULL,          -- of its volume, as last told
  proven INTEGER NOT NULL,          -- 1: a heartbeat has proven its volume
  boot INTEGER NOT NULL,
  capacity INTEGER NOT NULL,
  free INTEGER NOT NULL,
  mark_sequence INTEGER,            -- the last log position heard
  mark_digest TEXT
) STRICT, WITHOUT ROWID;
`,
};

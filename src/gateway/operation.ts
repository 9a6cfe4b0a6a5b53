import type { Principal } from '../model/access.js';
import type { BodyHashers } from '../s3/body-hasher.js';
import type { Operation } from '../s3/operations.js';
import type { PayloadMode } from '../s3/payload.js';
import type { HeaderLines, QueryParameters } from '../s3/raw-request.js';
import type { Admission } from './admission.js';
import type { Answer } from './answer.js';
import type { BucketCache } from './bucket-cache.js';
import type { BodyStore } from './body-store.js';
import type { MasterClient } from './master-client.js';
import type { RequestBody } from './request-body.js';

/** A request that has been understood, proven and allowed: all that an operation needs to know of it. */
export interface GatewayRequest {
  readonly id: string;
  readonly operation: Operation;
  /** Empty where the operation's level has none. */
  readonly bucket: string;
  readonly key: string;
  readonly query: QueryParameters;
  /** With the `x-amz-*` parameters of a presigned request among them. */
  readonly headers: HeaderLines;
  readonly principal: Principal;
  readonly payload: PayloadMode;
  /** For operations whose row says `bytes`. */
  readonly body: RequestBody;
  /** The verified body of operations whose row says `xml`, else empty. */
  readonly document: Buffer;
}

/** What operations work with. */
export interface GatewayServices {
  readonly master: MasterClient;
  readonly buckets: BucketCache;
  readonly chunks: BodyStore;
  readonly hashers: BodyHashers;
  readonly admission: Admission;
  readonly region: string;
}

export type RunOperation = (request: GatewayRequest, services: GatewayServices) => Promise<Answer>;

/** A bucket, and the version of its facts that the sender decided on. */
export interface InBucket {
  bucketId: number;
  factsVersion: number;
}

import { Refusal } from '../../model/refusal.js';
import { childText, expectRoot, readXml } from '../../s3/xml-read.js';
import { emptyAnswer } from '../answer.js';
import { requireOwnAccess } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

export const createBucket: RunOperation = async (request, services) => {
  requireOwnAccess(request.principal, request);
  refuseOtherRegion(request.document, services.region);
  services.buckets.set(request.bucket, await services.master.change('createBucket', { bucket: request.bucket }));
  return emptyAnswer(200, ['location', `/${request.bucket}`]);
};

/** A store has one region; a client that asks for another would be told something untrue. */
function refuseOtherRegion(document: Buffer, region: string): void {
  if (document.length === 0) return;
  const root = expectRoot(readXml(document), 'CreateBucketConfiguration');
  const location = childText(root, 'LocationConstraint')?.trim() ?? '';
  if (location !== '' && location !== region) {
    throw new Refusal('location-invalid', `The location constraint ${location.slice(0, 64)} is not the region of this store, ${region}.`);
  }
}

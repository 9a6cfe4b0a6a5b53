import { xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { requireOwnAccess } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

export const getBucketLocation: RunOperation = async (request, services) => {
  requireOwnAccess(request.principal, request);
  await services.buckets.fetch(request.bucket);
  // For historical reasons the first region of S3 has no name here.
  return xmlAnswer('LocationConstraint', xml`${services.region === 'us-east-1' ? null : services.region}`);
};

import { emptyAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

export const deleteBucket: RunOperation = async (request, services) => {
  await inBucket(request, services, (facts) => services.master.change('deleteBucket', factsOf(facts)));
  services.buckets.forget(request.bucket);
  return emptyAnswer(204);
};

import { isRefusalCode, Refusal } from '../../model/refusal.js';
import { parseEtags } from '../../s3/conditions.js';
import { emptyAnswer } from '../answer.js';
import { mustBeCurrentVersion } from '../current-version.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

export const deleteObject: RunOperation = async (request, services) => {
  mustBeCurrentVersion(request.query);
  const keys = [{ key: request.key, ifMatch: parseEtags(request.headers.get('if-match')) }];
  const { refusals } = await inBucket(request, services, (facts) => services.master.change('deleteObjects', { ...factsOf(facts), keys }));
  const [refusal] = refusals;
  if (refusal) throw new Refusal(isRefusalCode(refusal) ? refusal : 'internal');
  return emptyAnswer(204);
};

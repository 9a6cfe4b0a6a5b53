import { isAllowed } from '../../model/access.js';
import { isRefusalCode, refusals as refusalRows, type RefusalCode } from '../../model/refusal.js';
import { readDeleteRequest } from '../../s3/delete-request.js';
import { xml } from '../../s3/xml-write.js';
import { xmlAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { RunOperation } from '../operation.js';

/** Each key has its own outcome: the ones that may not be deleted stay, the others go in one transaction. */
export const deleteObjects: RunOperation = async (request, services) => {
  const { keys, quiet } = readDeleteRequest(request.document);
  const outcomes = new Map<string, RefusalCode | null>();
  const allowed = keys.filter(({ key }) => {
    const isFree = isAllowed(request.principal, { action: 's3:DeleteObject', bucket: request.bucket, key });
    if (!isFree) outcomes.set(key, 'access-denied');
    return isFree;
  });
  if (allowed.length > 0) {
    const { refusals } = await inBucket(request, services, (facts) =>
      services.master.change('deleteObjects', { ...factsOf(facts), keys: allowed }),
    );
    for (const [i, { key }] of allowed.entries()) outcomes.set(key, codeOf(refusals[i]));
  }
  const results = [...outcomes].map(([key, refusal]) => {
    if (refusal === null) return quiet ? null : xml`<Deleted><Key>${key}</Key></Deleted>`;
    const { s3, message } = refusalRows[refusal];
    return xml`<Error><Key>${key}</Key><Code>${s3}</Code><Message>${message}</Message></Error>`;
  });
  return xmlAnswer('DeleteResult', xml`${results.filter((result) => result !== null)}`);
};

function codeOf(refusal: string | null | undefined): RefusalCode | null {
  if (refusal === null) return null;
  return refusal !== undefined && isRefusalCode(refusal) ? refusal : 'internal';
}

import { requireAccess } from '../in-bucket.js';
import { xmlAnswer } from '../answer.js';
import type { RunOperation } from '../operation.js';
import { formatXmlDate } from '../../s3/http-date.js';
import { readLimit, readName, readToken, writeToken } from '../../s3/list-arguments.js';
import { ownerElement } from '../../s3/settings.js';
import { xml } from '../../s3/xml-write.js';

export const listBuckets: RunOperation = async (request, services) => {
  const { query, principal } = request;
  requireAccess(principal, { action: 's3:ListAllMyBuckets', bucket: null, key: null });
  const limit = readLimit(query, 'max-buckets');
  if (limit === 0) return xmlAnswer('ListAllMyBucketsResult', xml`${ownerElement}<Buckets></Buckets>`);
  const prefix = readName(query, 'prefix');
  const token = query.get('continuation-token');
  const startAfter = token === null || token === '' ? '' : readToken(token);
  const { buckets, truncated } = await services.master.ask('listBuckets', { prefix, startAfter, limit });
  const entries = buckets.map(
    ({ name, createdMs }) => xml`<Bucket><Name>${name}</Name><CreationDate>${formatXmlDate(createdMs)}</CreationDate></Bucket>`,
  );
  const last = buckets.at(-1);
  return xmlAnswer(
    'ListAllMyBucketsResult',
    xml`${ownerElement}<Buckets>${entries}</Buckets>${truncated && last ? xml`<ContinuationToken>${writeToken(last.name)}</ContinuationToken>` : null}${
      prefix === '' ? null : xml`<Prefix>${prefix}</Prefix>`
    }`,
  );
};

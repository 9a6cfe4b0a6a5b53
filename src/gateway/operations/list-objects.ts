import { readEncodingType, readLimit, readName, readToken, writeToken } from '../../s3/list-arguments.js';
import { listedObjects } from '../../s3/listed-objects.js';
import { ownerElement } from '../../s3/settings.js';
import type { XmlPart } from '../../s3/xml-bytes.js';
import { nameWriter, xml, type XmlText } from '../../s3/xml-write.js';
import type { ResponseOf } from '../../wire/verbs.js';
import { xmlAnswer } from '../answer.js';
import { factsOf, inBucket } from '../in-bucket.js';
import type { GatewayRequest, GatewayServices, RunOperation } from '../operation.js';

/** Version 1: pages go on after `marker`, which is a name, and `NextMarker` is told only with a delimiter. */
export const listObjects: RunOperation = async (request, services) => {
  const marker = readName(request.query, 'marker');
  const list = await listPage(request, services, marker);
  const next = list.delimiter === '' ? null : list.page.nextStartAfter;
  return xmlAnswer('ListBucketResult', [
    xml`${list.head}<Marker>${list.name(marker)}</Marker>${next === null ? null : xml`<NextMarker>${list.name(next)}</NextMarker>`}`,
    ...list.contents(true),
  ]);
};

/** Version 2: pages go on at an opaque token. */
export const listObjectsV2: RunOperation = async (request, services) => {
  const { query } = request;
  const token = query.get('continuation-token');
  const startAfter = readName(query, 'start-after');
  const list = await listPage(request, services, token === null ? startAfter : readToken(token));
  const { objectCount, prefixes, nextStartAfter } = list.page;
  return xmlAnswer('ListBucketResult', [
    xml`${list.head}<KeyCount>${objectCount + prefixes.length}</KeyCount>${token === null ? null : xml`<ContinuationToken>${token}</ContinuationToken>`}${
      nextStartAfter === null ? null : xml`<NextContinuationToken>${writeToken(nextStartAfter)}</NextContinuationToken>`
    }${startAfter === '' ? null : xml`<StartAfter>${list.name(startAfter)}</StartAfter>`}`,
    ...list.contents(query.get('fetch-owner') === 'true'),
  ]);
};

interface List {
  page: ResponseOf<'listObjects'>;
  delimiter: string;
  name: (name: string) => string;
  /** The elements that both versions share. */
  head: XmlText;
  contents: (withOwner: boolean) => (XmlText | XmlPart)[];
}

async function listPage(request: GatewayRequest, services: GatewayServices, startAfter: string): Promise<List> {
  const { query } = request;
  const prefix = readName(query, 'prefix');
  const delimiter = readName(query, 'delimiter');
  const limit = readLimit(query, 'max-keys');
  const encodingType = readEncodingType(query);
  const name = nameWriter(encodingType);
  const { head: page, body } = await inBucket(request, services, (facts) =>
    services.master.askForBody('listObjects', { ...factsOf(facts), prefix, delimiter, startAfter, limit }),
  );
  const head = xml`<Name>${request.bucket}</Name><Prefix>${name(prefix)}</Prefix>${
    delimiter === '' ? null : xml`<Delimiter>${name(delimiter)}</Delimiter>`
  }<MaxKeys>${limit}</MaxKeys>${encodingType === null ? null : xml`<EncodingType>url</EncodingType>`}<IsTruncated>${page.nextStartAfter !== null}</IsTruncated>`;
  const prefixes = page.prefixes.map((prefix) => xml`<CommonPrefixes><Prefix>${name(prefix)}</Prefix></CommonPrefixes>`);
  const contents = (withOwner: boolean): (XmlText | XmlPart)[] => [
    listedObjects(body, page.objectCount, { encodingType, owner: withOwner ? ownerElement : null }),
    xml`${prefixes}`,
  ];
  return { page, delimiter, name, head, contents };
}

import { createHash } from 'node:crypto';
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetBucketLocationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
  type ChecksumAlgorithm,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { canonicalQuery, encodePath } from '../s3/canonical.js';
import { RequestSigner } from '../s3/sign.js';
import { Cluster } from '../testing/cluster.js';

const MiB = 1024 * 1024;
let cluster: Cluster;
let s3: S3Client;

function clientOf(config: Partial<S3ClientConfig> = {}, gateway = 0): S3Client {
  return new S3Client({
    endpoint: cluster.endpoint(gateway),
    region: cluster.region,
    credentials: cluster.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  });
}

beforeAll(async () => {
  cluster = await Cluster.start({ gateways: 2 });
  s3 = clientOf();
  await s3.send(new CreateBucketCommand({ Bucket }));
}, 60_000);
afterAll(() => cluster.close(), 30_000);

const Bucket = 'the-bucket';

/** What a refused request answered. */
async function refusal(sending: Promise<unknown>): Promise<[number | undefined, string]> {
  try {
    await sending;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return [$metadata?.httpStatusCode, name];
  }
  return [200, 'nothing'];
}

async function read(Key: string, client = s3): Promise<Buffer> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from(await Body!.transformToByteArray());
}

const md5 = (bytes: Buffer): string => createHash('md5').update(bytes).digest('hex');

describe('buckets', () => {
  it('are made, seen, found and removed', async () => {
    const name = 'short-lived';
    expect((await s3.send(new CreateBucketCommand({ Bucket: name }))).Location).toBe(`/${name}`);
    expect(await refusal(s3.send(new CreateBucketCommand({ Bucket: name })))).toEqual([409, 'BucketAlreadyOwnedByYou']);
    const { Buckets } = await s3.send(new ListBucketsCommand());
    expect(Buckets!.map((bucket) => bucket.Name)).toContain(name);
    expect(Buckets!.find((bucket) => bucket.Name === name)!.CreationDate).toBeInstanceOf(Date);
    expect((await s3.send(new HeadBucketCommand({ Bucket: name }))).BucketRegion).toBe(cluster.region);
    expect((await s3.send(new GetBucketLocationCommand({ Bucket: name }))).LocationConstraint ?? '').toBe('');
    await s3.send(new PutObjectCommand({ Bucket: name, Key: 'k', Body: 'x' }));
    expect(await refusal(s3.send(new DeleteBucketCommand({ Bucket: name })))).toEqual([409, 'BucketNotEmpty']);
    await s3.send(new DeleteObjectCommand({ Bucket: name, Key: 'k' }));
    await s3.send(new DeleteBucketCommand({ Bucket: name }));
    expect(await refusal(s3.send(new HeadBucketCommand({ Bucket: name })))).toEqual([404, 'NotFound']);
    expect(await refusal(s3.send(new ListObjectsV2Command({ Bucket: name })))).toEqual([404, 'NoSuchBucket']);
  });

  it('that were removed and made again through another gateway are seen at once', async () => {
    const name = 'reborn';
    const other = clientOf({}, 1);
    await s3.send(new CreateBucketCommand({ Bucket: name }));
    await s3.send(new PutObjectCommand({ Bucket: name, Key: 'old', Body: 'x' }));
    await other.send(new DeleteObjectCommand({ Bucket: name, Key: 'old' }));
    await other.send(new DeleteBucketCommand({ Bucket: name }));
    expect(await refusal(s3.send(new PutObjectCommand({ Bucket: name, Key: 'k', Body: 'x' })))).toEqual([404, 'NoSuchBucket']);
    await other.send(new CreateBucketCommand({ Bucket: name }));
    await s3.send(new PutObjectCommand({ Bucket: name, Key: 'new', Body: 'x' }));
    const { Contents } = await other.send(new ListObjectsV2Command({ Bucket: name }));
    expect(Contents!.map((object) => object.Key)).toEqual(['new']);
  });

  it('have the settings of a bucket that nobody configured, and cannot be configured', async () => {
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBeUndefined();
    expect((await s3.send(new GetBucketAclCommand({ Bucket }))).Grants).toHaveLength(1);
    expect(await refusal(s3.send(new GetBucketPolicyCommand({ Bucket })))).toEqual([404, 'NoSuchBucketPolicy']);
    expect(await refusal(s3.send(new GetBucketPolicyCommand({ Bucket: 'not-there' })))).toEqual([404, 'NoSuchBucket']);
    const versioning = new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
    expect(await refusal(s3.send(versioning))).toEqual([501, 'NotImplemented']);
  });
});

describe('objects', () => {
  it('come back byte by byte in every size', async () => {
    const sizes = [0, 1, 4096, 65_535, 65_536, 65_537, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3 * MiB + 7];
    for (const size of sizes) {
      const Body = systemRandom.bytes(size);
      const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: `size/${size}`, Body }));
      expect(ETag).toBe(`"${md5(Body)}"`);
      const got = await read(`size/${size}`);
      expect([size, got.equals(Body)]).toEqual([size, true]);
      expect((await s3.send(new HeadObjectCommand({ Bucket, Key: `size/${size}` }))).ContentLength).toBe(size);
    }
  });

  it('come back with what was said of them', async () => {
    const said = {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'max-age=1',
      ContentDisposition: 'attachment; filename="x"',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { color: 'blue', 'x-y': '1' },
    };
    await s3.send(new PutObjectCommand({ Bucket, Key: 'said', Body: 'x', ...said }));
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'said' }))).toMatchObject(said);
    const overridden = await s3.send(new GetObjectCommand({ Bucket, Key: 'said', ResponseContentType: 'a/b' }));
    expect(overridden.ContentType).toBe('a/b');
    expect((await s3.send(new GetObjectTaggingCommand({ Bucket, Key: 'said' }))).TagSet).toEqual([]);
  });

  it('of more than one chunk are read in any range', async () => {
    const Body = systemRandom.bytes(40 * MiB);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'forty', Body }));
    for (const [first, last] of [
      [0, 0],
      [32 * MiB - 1, 32 * MiB],
      [31 * MiB, 40 * MiB - 1],
      [40 * MiB - 1, 40 * MiB - 1],
    ] as const) {
      const got = await s3.send(new GetObjectCommand({ Bucket, Key: 'forty', Range: `bytes=${first}-${last}` }));
      expect(got.ContentRange).toBe(`bytes ${first}-${last}/${Body.length}`);
      expect(Buffer.from(await got.Body!.transformToByteArray()).equals(Body.subarray(first, last + 1))).toBe(true);
    }
    expect(md5(await read('forty'))).toBe(md5(Body));
    expect(await refusal(s3.send(new GetObjectCommand({ Bucket, Key: 'forty', Range: `bytes=${40 * MiB}-` })))).toEqual([
      416,
      'InvalidRange',
    ]);
  }, 60_000);

  it('are overwritten and deleted', async () => {
    for (const Body of ['one', 'two']) await s3.send(new PutObjectCommand({ Bucket, Key: 'over', Body }));
    expect((await read('over')).toString()).toBe('two');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'over' }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'over' }));
    expect(await refusal(read('over'))).toEqual([404, 'NoSuchKey']);
    expect(await refusal(s3.send(new HeadObjectCommand({ Bucket, Key: 'over' })))).toEqual([404, 'NotFound']);
  });

  it('are deleted many at a time, each with its own outcome', async () => {
    const keys = ['many/1', 'many/2', 'many/ü &<>'];
    for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const Objects = [...keys.map((Key) => ({ Key })), { Key: 'many/never' }];
    const { Deleted, Errors } = await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    expect(new Set(Deleted!.map((object) => object.Key))).toEqual(new Set([...keys, 'many/never']));
    expect(Errors).toBeUndefined();
    await s3.send(new PutObjectCommand({ Bucket, Key: 'many/1', Body: 'x' }));
    const conditional = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Quiet: true, Objects: [{ Key: 'many/1', ETag: '"nothing"' }] } }),
    );
    expect(conditional.Errors).toMatchObject([{ Key: 'many/1', Code: 'PreconditionFailed' }]);
    expect(conditional.Deleted).toBeUndefined();
  });

  it('are listed in both versions, with delimiters, pages and odd names', async () => {
    const keys = ['list/a', 'list/b/1', 'list/b/2', 'list/c d+e', 'list/ü', 'list/z<&>'];
    for (const Key of keys) await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    const whole = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/' }));
    expect(whole.Contents!.map((object) => object.Key)).toEqual(sorted);
    expect(whole.Contents![0]).toMatchObject({ Size: 1, ETag: `"${md5(Buffer.from('x'))}"`, StorageClass: 'STANDARD' });
    expect([whole.KeyCount, whole.IsTruncated]).toEqual([6, false]);

    const folders = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/', Delimiter: '/', EncodingType: 'url' }));
    expect(folders.CommonPrefixes).toEqual([{ Prefix: 'list/b/' }]);
    expect(folders.Contents!.map((object) => decodeURIComponent(object.Key!))).toEqual(sorted.filter((key) => !key.includes('/b/')));

    const paged: string[] = [];
    for (let ContinuationToken: string | undefined, more = true; more;) {
      const page = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/', Delimiter: '/', MaxKeys: 2, ContinuationToken }));
      paged.push(...(page.Contents ?? []).map((object) => object.Key!), ...(page.CommonPrefixes ?? []).map((common) => common.Prefix!));
      ContinuationToken = page.NextContinuationToken;
      more = page.IsTruncated!;
      expect(more).toBe(ContinuationToken !== undefined);
    }
    expect(paged.sort()).toEqual([...sorted.filter((key) => !key.includes('/b/')), 'list/b/'].sort());

    const first = await s3.send(new ListObjectsCommand({ Bucket, Prefix: 'list/', Delimiter: '/', MaxKeys: 2 }));
    expect([first.IsTruncated, first.NextMarker]).toEqual([true, 'list/b/']);
    const second = await s3.send(new ListObjectsCommand({ Bucket, Prefix: 'list/', Delimiter: '/', Marker: first.NextMarker }));
    expect(second.Contents!.map((object) => object.Key)).toEqual(sorted.slice(3));
    expect((await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'list/', StartAfter: 'list/c d+e' }))).KeyCount).toBe(2);
    expect(await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 0 }))).toMatchObject({ KeyCount: 0, IsTruncated: false });
  });

  it('are copied with or without their attributes, under conditions', async () => {
    await s3.send(new PutObjectCommand({ Bucket, Key: 'src ü', Body: 'copied', ContentType: 'a/b', Metadata: { a: '1' } }));
    const CopySource = encodeURI(`${Bucket}/src ü`);
    const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: 'dst', CopySource }));
    expect(copied.CopyObjectResult!.ETag).toBe(`"${md5(Buffer.from('copied'))}"`);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'dst' }))).toMatchObject({ ContentType: 'a/b', Metadata: { a: '1' } });
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'dst', CopySource, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }));
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key: 'dst' }))).Metadata).toEqual({ b: '2' });
    expect((await read('dst')).toString()).toBe('copied');
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'src ü' }));
    expect((await read('dst')).toString()).toBe('copied');
    expect(await refusal(s3.send(new CopyObjectCommand({ Bucket, Key: 'x', CopySource })))).toEqual([404, 'NoSuchKey']);
    const self = { Bucket, Key: 'dst', CopySource: `${Bucket}/dst` };
    expect(await refusal(s3.send(new CopyObjectCommand(self)))).toEqual([400, 'InvalidRequest']);
    const failing = new CopyObjectCommand({ ...self, MetadataDirective: 'REPLACE', CopySourceIfMatch: '"other"' });
    expect(await refusal(s3.send(failing))).toEqual([412, 'PreconditionFailed']);
    expect(await refusal(s3.send(new CopyObjectCommand({ ...self, CopySource: 'not-there/x' })))).toEqual([404, 'NoSuchBucket']);
  });
});

describe('checksums', () => {
  it.each<ChecksumAlgorithm>(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'])(
    '%s of a body and of a stream with a trailer is verified, kept and told',
    async (ChecksumAlgorithm) => {
      const name = `Checksum${ChecksumAlgorithm}` as 'ChecksumCRC32';
      for (const size of [100, 2 * MiB]) {
        const bytes = systemRandom.bytes(size);
        const put = await s3.send(
          new PutObjectCommand({ Bucket, Key: 'sum', Body: Readable.from([bytes]), ContentLength: size, ChecksumAlgorithm }),
        );
        expect(put[name]).toMatch(/=$|[A-Za-z0-9+/]$/);
        expect(put.ChecksumType).toBe('FULL_OBJECT');
        const head = await s3.send(new HeadObjectCommand({ Bucket, Key: 'sum', ChecksumMode: 'ENABLED' }));
        expect([head[name], head.ChecksumType]).toEqual([put[name], 'FULL_OBJECT']);
        // The SDK compares the checksum of the answer with the bytes it got.
        expect((await read('sum')).equals(bytes)).toBe(true);
      }
    },
  );

  it('that do not fit keep the object from being seen', async () => {
    const sending = s3.send(new PutObjectCommand({ Bucket, Key: 'unfit', Body: 'x', ChecksumCRC32: 'AAAAAA==' }));
    expect(await refusal(sending)).toEqual([400, 'BadDigest']);
    const large = new PutObjectCommand({ Bucket, Key: 'unfit', Body: systemRandom.bytes(MiB), ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' });
    expect(await refusal(s3.send(large))).toEqual([400, 'BadDigest']);
    expect(await refusal(read('unfit'))).toEqual([404, 'NoSuchKey']);
  });
});

describe('multipart uploads', () => {
  const parts = [systemRandom.bytes(5 * MiB), systemRandom.bytes(5 * MiB + 1), systemRandom.bytes(17)];

  async function upload(Key: string, checksum: { ChecksumAlgorithm?: ChecksumAlgorithm; ChecksumType?: 'COMPOSITE' | 'FULL_OBJECT' } = {}) {
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key, Metadata: { m: '1' }, ...checksum }));
    const done = [];
    for (const [i, Body] of parts.entries()) {
      const PartNumber = i + 1;
      const algorithm = checksum.ChecksumAlgorithm ? { ChecksumAlgorithm: checksum.ChecksumAlgorithm } : {};
      const part = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body, ...algorithm }));
      const { $metadata: _, ServerSideEncryption: _s, ...rest } = part;
      done.push({ ...rest, PartNumber });
    }
    return { UploadId, Parts: done };
  }

  it('become one object, also when completed twice', async () => {
    const Key = 'multi';
    const { UploadId, Parts } = await upload(Key);
    const listed = await s3.send(new ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 2 }));
    expect([listed.Parts!.map((part) => part.Size), listed.IsTruncated, listed.NextPartNumberMarker]).toEqual([
      [5 * MiB, 5 * MiB + 1],
      true,
      '2',
    ]);
    const { Uploads } = await s3.send(new ListMultipartUploadsCommand({ Bucket, Prefix: 'multi' }));
    expect(Uploads).toMatchObject([{ Key, UploadId }]);
    const complete = new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } });
    const { ETag } = await s3.send(complete);
    expect((await s3.send(complete)).ETag).toBe(ETag);
    const inner = createHash('md5');
    for (const part of parts) inner.update(createHash('md5').update(part).digest());
    expect(ETag).toBe(`"${inner.digest('hex')}-3"`);
    const whole = Buffer.concat(parts);
    expect((await read(Key)).equals(whole)).toBe(true);
    const second = await s3.send(new GetObjectCommand({ Bucket, Key, PartNumber: 2 }));
    expect([second.PartsCount, second.ContentLength, second.ContentRange]).toEqual([
      3,
      5 * MiB + 1,
      `bytes ${5 * MiB}-${10 * MiB}/${whole.length}`,
    ]);
    expect(Buffer.from(await second.Body!.transformToByteArray()).equals(parts[1]!)).toBe(true);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key, PartNumber: 3 }))).ContentLength).toBe(17);
    expect((await s3.send(new HeadObjectCommand({ Bucket, Key }))).Metadata).toEqual({ m: '1' });
  }, 30_000);

  it.each<[ChecksumAlgorithm, 'COMPOSITE' | 'FULL_OBJECT', RegExp]>([
    ['CRC32', 'COMPOSITE', /-3$/],
    ['CRC32C', 'FULL_OBJECT', /==$/],
    ['CRC64NVME', 'FULL_OBJECT', /=$/],
    ['SHA256', 'COMPOSITE', /-3$/],
  ])(
    'have a checksum: %s %s',
    async (ChecksumAlgorithm, ChecksumType, form) => {
      const Key = `multi-${ChecksumAlgorithm}`;
      const name = `Checksum${ChecksumAlgorithm}` as 'ChecksumCRC32';
      const { UploadId, Parts } = await upload(Key, { ChecksumAlgorithm, ChecksumType });
      const done = await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
      expect(done[name]).toMatch(form);
      expect(done.ChecksumType).toBe(ChecksumType);
      const head = await s3.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }));
      expect([head[name], head.ChecksumType]).toEqual([done[name], ChecksumType]);
      if (ChecksumType === 'FULL_OBJECT') {
        const whole = await s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.concat(parts), ChecksumAlgorithm }));
        expect(whole[name]).toBe(done[name]);
      }
    },
    30_000,
  );

  it('take parts out of objects', async () => {
    const Key = 'from-parts';
    await s3.send(new PutObjectCommand({ Bucket, Key: 'quarry', Body: Buffer.concat(parts) }));
    const { UploadId } = await s3.send(
      new CreateMultipartUploadCommand({ Bucket, Key, ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }),
    );
    const copy = { Bucket, Key, UploadId, CopySource: `${Bucket}/quarry` };
    const first = await s3.send(new UploadPartCopyCommand({ ...copy, PartNumber: 1, CopySourceRange: `bytes=7-${6 * MiB}` }));
    const second = await s3.send(new UploadPartCopyCommand({ ...copy, PartNumber: 2 }));
    const bytes = [Buffer.concat(parts).subarray(7, 6 * MiB + 1), Buffer.concat(parts)];
    expect([first, second].map((part) => part.CopyPartResult!.ETag)).toEqual(bytes.map((part) => `"${md5(part)}"`));
    const Parts = [first, second].map((part, i) => ({
      PartNumber: i + 1,
      ETag: part.CopyPartResult!.ETag,
      ChecksumCRC32: part.CopyPartResult!.ChecksumCRC32,
    }));
    await s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }));
    await s3.send(new DeleteObjectCommand({ Bucket, Key: 'quarry' }));
    expect(md5(await read(Key))).toBe(md5(Buffer.concat(bytes)));
    const again = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const beyond = new UploadPartCopyCommand({
      ...copy,
      UploadId: again.UploadId,
      PartNumber: 1,
      CopySource: `${Bucket}/${Key}`,
      CopySourceRange: 'bytes=0-99999999',
    });
    expect(await refusal(s3.send(beyond))).toEqual([400, 'InvalidArgument']);
  }, 30_000);

  it('are refused when their parts do not fit, and are gone after an abort', async () => {
    const Key = 'never';
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }));
    const { ETag } = await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'small' }));
    await s3.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 2, Body: 'small' }));
    const complete = (Parts: { PartNumber: number; ETag: string }[]) =>
      refusal(s3.send(new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } })));
    expect(
      await complete([
        { PartNumber: 1, ETag: ETag! },
        { PartNumber: 2, ETag: ETag! },
      ]),
    ).toEqual([400, 'EntityTooSmall']);
    expect(
      await complete([
        { PartNumber: 2, ETag: ETag! },
        { PartNumber: 1, ETag: ETag! },
      ]),
    ).toEqual([400, 'InvalidPartOrder']);
    expect(await complete([{ PartNumber: 1, ETag: '"0"' }])).toEqual([400, 'InvalidPart']);
    expect(await complete([{ PartNumber: 3, ETag: ETag! }])).toEqual([400, 'InvalidPart']);
    expect(await refusal(s3.send(new ListPartsCommand({ Bucket, Key: 'another', UploadId })))).toEqual([404, 'NoSuchUpload']);
    await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    const late = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber: 1, Body: 'x' });
    expect(await refusal(s3.send(late))).toEqual([404, 'NoSuchUpload']);
    expect(await complete([{ PartNumber: 1, ETag: ETag! }])).toEqual([404, 'NoSuchUpload']);
    expect(await refusal(read(Key))).toEqual([404, 'NoSuchKey']);
  });
});

describe('conditional writes', () => {
  it('let exactly one of 32 win, through two gateways', async () => {
    const clients = [s3, clientOf({}, 1)];
    for (let round = 0; round < 5; round += 1) {
      const Key = `race/${round}`;
      const outcomes = await Promise.all(
        Array.from({ length: 32 }, (_, i) =>
          refusal(clients[i % 2]!.send(new PutObjectCommand({ Bucket, Key, Body: `writer ${i}`, IfNoneMatch: '*' }))),
        ),
      );
      expect(outcomes.filter(([status]) => status === 200)).toHaveLength(1);
      expect(outcomes.filter(([status]) => status === 412)).toHaveLength(31);
      const winner = outcomes.findIndex(([status]) => status === 200);
      expect((await read(Key)).toString()).toBe(`writer ${winner}`);
    }
  }, 30_000);

  it('compare ETags', async () => {
    const put = (Body: string, IfMatch?: string) => s3.send(new PutObjectCommand({ Bucket, Key: 'compared', Body, IfMatch }));
    const { ETag } = await put('one');
    await put('two', ETag);
    expect(await refusal(put('three', ETag))).toEqual([412, 'PreconditionFailed']);
    expect((await read('compared')).toString()).toBe('two');
    const absent = new PutObjectCommand({ Bucket, Key: 'absent', Body: 'x', IfMatch: ETag });
    expect(await refusal(s3.send(absent))).toEqual([404, 'NoSuchKey']);
  });
});

describe('keys and hosts', () => {
  it.each(['..', 'a/../b', 'a//b', '/lead', '%2e%2e/x', 'plus+space and ü', '🌍', "quote'(1)*!", 'a?b#c', 'tail/'])(
    '%j is a key like any other',
    async (Key) => {
      await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
      expect((await read(Key)).toString()).toBe(Key);
      const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: Key }));
      expect(Contents!.map((object) => object.Key)).toContain(Key);
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
      expect(await refusal(read(Key))).toEqual([404, 'NoSuchKey']);
    },
  );

  it('a bucket may stand in the host name', async () => {
    const here = [{ address: '127.0.0.1', family: 4 }];
    const httpAgent = new Agent({ lookup: (_name, _options, found) => found(null, here) });
    const { port } = new URL(cluster.endpoint());
    const virtual = clientOf({ forcePathStyle: false, endpoint: `http://s3.test:${port}`, requestHandler: { httpAgent } });
    await virtual.send(new PutObjectCommand({ Bucket, Key: 'virtual/x y', Body: 'v' }));
    expect((await read('virtual/x y')).toString()).toBe('v');
    expect((await read('virtual/x y', virtual)).toString()).toBe('v');
    expect((await virtual.send(new ListObjectsV2Command({ Bucket, Prefix: 'virtual/' }))).KeyCount).toBe(1);
  });
});

function presignedUrl(method: string, key: string, query: [string, string][] = [], atMs = Date.now(), expiresSeconds = 60): string {
  const { host } = new URL(cluster.endpoint());
  const path = `/${Bucket}/${key}`;
  const signer = new RequestSigner(cluster.credentials, cluster.region);
  const all = signer.presign({ method, path, query, headers: { host } }, expiresSeconds, atMs);
  return `http://${host}${encodePath(path)}?${canonicalQuery(all)}`;
}

describe('presigned requests', () => {
  it('write and read without a key at hand, until they expire', async () => {
    const put = await fetch(presignedUrl('PUT', 'pre signed'), { method: 'PUT', body: 'by link' });
    expect(put.status).toBe(200);
    const got = await fetch(presignedUrl('GET', 'pre signed', [['response-content-disposition', 'attachment; filename=x']]));
    expect([got.status, await got.text(), got.headers.get('content-disposition')]).toEqual([200, 'by link', 'attachment; filename=x']);
    expect((await fetch(presignedUrl('GET', 'pre signed', [], Date.now() - 61_000))).status).toBe(403);
    expect((await fetch(presignedUrl('GET', 'pre signed'), { method: 'DELETE' })).status).toBe(403);
    expect((await fetch(presignedUrl('GET', 'pre signed').replace('pre', 'Pre'))).status).toBe(403);
    expect((await fetch(`${presignedUrl('GET', 'pre signed')}&response-content-type=a`)).status).toBe(403);
  });
});

describe('when something is away', () => {
  it('requests are held while the master restarts, and none fails', async () => {
    await cluster.stopMaster();
    const sending = Array.from({ length: 20 }, (_, i) =>
      refusal(s3.send(new PutObjectCommand({ Bucket, Key: `held/${i}`, Body: `${i}` }))),
    );
    const reading = refusal(read('size/4096'));
    await cluster.startMaster();
    expect(new Set((await Promise.all(sending)).map(([status]) => status))).toEqual(new Set([200]));
    expect((await reading)[0]).toBe(200);
    expect((await s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'held/' }))).KeyCount).toBe(20);
  }, 30_000);

  it('a datanode less changes neither reads nor writes', async () => {
    const Body = systemRandom.bytes(3 * MiB);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'before', Body }));
    await cluster.datanodes[0]!.stop();
    for (let i = 0; i < 10; i += 1) {
      expect((await read('before')).equals(Body)).toBe(true);
      await s3.send(new PutObjectCommand({ Bucket, Key: `after/${i}`, Body }));
      expect((await read(`after/${i}`)).equals(Body)).toBe(true);
    }
    await cluster.startDatanode(0);
  }, 60_000);
});

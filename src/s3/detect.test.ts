import { describe, expect, it } from 'vitest';
import { Refusal, type RefusalCode } from '../model/refusal.js';
import { detect, type DetectedRequest } from './detect.js';
import { parseRequest } from './raw-request.js';

function detected(line: string, headers: Record<string, string> = {}, baseDomain: string | null = null): DetectedRequest | RefusalCode {
  const [method, rawTarget] = line.split(' ', 2) as [string, string];
  try {
    return detect(
      parseRequest({ method, rawTarget, rawHeaders: Object.entries({ host: 'localhost:9000', ...headers }).flat() }),
      baseDomain,
    );
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

describe('detecting the operation', () => {
  it.each([
    ['GET /', 'ListBuckets'],
    ['GET /?x-id=ListBuckets&max-buckets=3', 'ListBuckets'],
    ['PUT /bkt', 'CreateBucket'],
    ['PUT /bkt/', 'CreateBucket'],
    ['HEAD /bkt', 'HeadBucket'],
    ['DELETE /bkt', 'DeleteBucket'],
    ['GET /bkt', 'ListObjects'],
    ['GET /bkt?prefix=a&delimiter=/&marker=x&encoding-type=url&max-keys=1', 'ListObjects'],
    ['GET /bkt?list-type=2&start-after=x&continuation-token=y&fetch-owner=true', 'ListObjectsV2'],
    ['GET /bkt?location', 'GetBucketLocation'],
    ['GET /bkt?uploads', 'ListMultipartUploads'],
    ['GET /bkt?versioning=', 'GetBucketSetting'],
    ['POST /bkt?delete', 'DeleteObjects'],
    ['GET /bkt/k', 'GetObject'],
    ['GET /bkt/k?partNumber=3&versionId=null&response-content-type=a', 'GetObject'],
    ['HEAD /bkt/k', 'HeadObject'],
    ['GET /bkt/k?uploadId=u', 'ListParts'],
    ['GET /bkt/k?tagging', 'GetObjectSetting'],
    ['PUT /bkt/k', 'PutObject'],
    ['PUT /bkt/k?uploadId=u&partNumber=1', 'UploadPart'],
    ['POST /bkt/k?uploads', 'CreateMultipartUpload'],
    ['POST /bkt/k?uploadId=u', 'CompleteMultipartUpload'],
    ['DELETE /bkt/k?uploadId=u', 'AbortMultipartUpload'],
    ['DELETE /bkt/k', 'DeleteObject'],
    ['PUT /bkt/k?X-Amz-Signature=x&X-Amz-Credential=y', 'PutObject'],
  ])('%s is %s', (line, operation) => {
    expect(detected(line)).toMatchObject({ operation });
  });

  it('tells a copy from a PUT by its source', () => {
    expect(detected('PUT /bkt/k', { 'x-amz-copy-source': 'a/b' })).toMatchObject({ operation: 'CopyObject' });
    expect(detected('PUT /bkt/k?uploadId=u&partNumber=1', { 'X-Amz-Copy-Source': 'a/b' })).toMatchObject({ operation: 'UploadPartCopy' });
  });

  it.each([
    ['PUT /bkt/k?acl', 'not-implemented'],
    ['PUT /bkt/k?tagging', 'not-implemented'],
    ['PUT /bkt/k?renameObject', 'not-implemented'],
    ['PUT /bkt/k?uploadId=u', 'not-implemented'],
    ['PUT /bkt?versioning', 'not-implemented'],
    ['GET /bkt?versions', 'not-implemented'],
    ['GET /bkt/k?attributes', 'not-implemented'],
    ['GET /bkt/k?torrent', 'not-implemented'],
    ['POST /bkt/k?select&select-type=2', 'not-implemented'],
    ['POST /bkt', 'not-implemented'],
    ['DELETE /bkt?policy', 'not-implemented'],
    ['DELETE /bkt/k?versionId=null&invented=1', 'not-implemented'],
    ['HEAD /', 'method-not-allowed'],
    ['PATCH /bkt/k', 'method-not-allowed'],
    ['OPTIONS /bkt/k', 'method-not-allowed'],
    ['GET /BKT/k', 'bucket-name-invalid'],
    ['GET /../x', 'bucket-name-invalid'],
    ['GET //x', 'uri-invalid'],
    ['GET /bkt/%zz', 'uri-invalid'],
    [`PUT /bkt/${'k'.repeat(1025)}`, 'key-too-long'],
  ])('%s is refused as %s', (line, code) => {
    expect(detected(line)).toBe(code);
  });

  it.each([
    ['/bkt/../other/k', '../other/k'],
    ['/bkt/%2e%2e/other', '../other'],
    ['/bkt//k', '/k'],
    ['/bkt/a%2Fb', 'a/b'],
    ['/bkt/a+b%20c', 'a+b c'],
    ['/bkt/%F0%9F%8C%8D', '🌍'],
    ['/bkt/\\..\\x', '\\..\\x'],
  ])('takes the key of %s literally', (target, key) => {
    expect(detected(`PUT ${target}`)).toEqual({ operation: 'PutObject', bucket: 'bkt', key });
  });

  it('finds the bucket in the host when it stands before the base domain', () => {
    const host = { host: 'My-bkt.S3.example.com:9000' };
    expect(detected('PUT /a/b', host, 's3.example.com')).toEqual({ operation: 'PutObject', bucket: 'my-bkt', key: 'a/b' });
    expect(detected('GET /?list-type=2', host, 's3.example.com')).toMatchObject({ operation: 'ListObjectsV2', bucket: 'my-bkt', key: '' });
    expect(detected('GET /bkt/k', { host: 's3.example.com' }, 's3.example.com')).toMatchObject({ bucket: 'bkt', key: 'k' });
    expect(detected('GET /bkt/k', { host: 'evil-s3.example.com' }, 's3.example.com')).toMatchObject({ bucket: 'bkt', key: 'k' });
  });
});

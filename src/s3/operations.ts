/** What an operation is asked of. */
export type Level = 'service' | 'bucket' | 'object';

/** All that is data about an operation of S3: how its requests look, and what its caller must be allowed to do. */
export interface OperationRow {
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  level: Level;
  /** Query parameters that make a request this operation and no other. */
  selectors?: readonly string[];
  /** One of these sub-resources is asked for; which one is for the operation to see. */
  oneOf?: readonly string[];
  /** The request names `x-amz-copy-source`. */
  copies?: true;
  /** Further query parameters that it knows. Any other is refused: it could mean something that is not done. */
  parameters?: readonly string[];
  /** In the words of S3 policies. */
  action: string;
  /** `bytes`: the body of an object or part; `xml`: read whole, verified, before the operation begins. */
  body: 'none' | 'xml' | 'bytes';
  /** Largest `xml` body. */
  bodyBytesMax?: number;
  /** `x-amz-checksum-*` headers speak of the object to be, not of the request's body. */
  checksumIsOfObject?: true;
}

const KiB = 1024;
const MiB = 1024 * KiB;

const listParameters = ['prefix', 'delimiter', 'encoding-type', 'max-keys'] as const;
const reading = [
  'versionId',
  'partNumber',
  'response-content-type',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-expires',
] as const;

/** Settings of a bucket that clients look for and that here have one fixed state; see `settings.ts`. */
export const bucketSettings = [
  'accelerate',
  'acl',
  'cors',
  'encryption',
  'lifecycle',
  'logging',
  'notification',
  'object-lock',
  'ownershipControls',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'tagging',
  'versioning',
  'website',
] as const;
export const objectSettings = ['acl', 'legal-hold', 'retention', 'tagging'] as const;

/**
 * The operations. A new one is a row here, a row in the gateway's `operations/table.ts`, and its file there. Rows with
 * selectors stand before the plain row of their method and level.
 */
const rows = {
  ListBuckets: {
    method: 'GET',
    level: 'service',
    parameters: ['prefix', 'max-buckets', 'continuation-token'],
    action: 's3:ListAllMyBuckets',
    body: 'none',
  },

  GetBucketLocation: { method: 'GET', level: 'bucket', selectors: ['location'], action: 's3:GetBucketLocation', body: 'none' },
  ListMultipartUploads: {
    method: 'GET',
    level: 'bucket',
    selectors: ['uploads'],
    parameters: ['prefix', 'delimiter', 'encoding-type', 'max-uploads', 'key-marker', 'upload-id-marker'],
    action: 's3:ListBucketMultipartUploads',
    body: 'none',
  },
  GetBucketSetting: { method: 'GET', level: 'bucket', oneOf: bucketSettings, action: 's3:GetBucketSetting', body: 'none' },
  ListObjectsV2: {
    method: 'GET',
    level: 'bucket',
    selectors: ['list-type'],
    parameters: [...listParameters, 'start-after', 'continuation-token', 'fetch-owner'],
    action: 's3:ListBucket',
    body: 'none',
  },
  ListObjects: { method: 'GET', level: 'bucket', parameters: [...listParameters, 'marker'], action: 's3:ListBucket', body: 'none' },
  HeadBucket: { method: 'HEAD', level: 'bucket', action: 's3:ListBucket', body: 'none' },
  CreateBucket: { method: 'PUT', level: 'bucket', action: 's3:CreateBucket', body: 'xml', bodyBytesMax: 64 * KiB },
  DeleteBucket: { method: 'DELETE', level: 'bucket', action: 's3:DeleteBucket', body: 'none' },
  DeleteObjects: {
    method: 'POST',
    level: 'bucket',
    selectors: ['delete'],
    action: 's3:DeleteObject',
    body: 'xml',
    /** 1,000 keys of 1,024 bytes, some of them escaped. */
    bodyBytesMax: 2 * MiB,
  },

  ListParts: {
    method: 'GET',
    level: 'object',
    selectors: ['uploadId'],
    parameters: ['max-parts', 'part-number-marker', 'encoding-type'],
    action: 's3:ListMultipartUploadParts',
    body: 'none',
  },
  GetObjectSetting: {
    method: 'GET',
    level: 'object',
    oneOf: objectSettings,
    parameters: ['versionId'],
    action: 's3:GetObjectSetting',
    body: 'none',
  },
  GetObject: { method: 'GET', level: 'object', parameters: reading, action: 's3:GetObject', body: 'none' },
  HeadObject: { method: 'HEAD', level: 'object', parameters: reading, action: 's3:GetObject', body: 'none' },
  UploadPartCopy: {
    method: 'PUT',
    level: 'object',
    selectors: ['uploadId', 'partNumber'],
    copies: true,
    action: 's3:PutObject',
    body: 'none',
  },
  UploadPart: { method: 'PUT', level: 'object', selectors: ['uploadId', 'partNumber'], action: 's3:PutObject', body: 'bytes' },
  CopyObject: { method: 'PUT', level: 'object', copies: true, action: 's3:PutObject', body: 'none' },
  PutObject: { method: 'PUT', level: 'object', action: 's3:PutObject', body: 'bytes' },
  CreateMultipartUpload: { method: 'POST', level: 'object', selectors: ['uploads'], action: 's3:PutObject', body: 'none' },
  CompleteMultipartUpload: {
    method: 'POST',
    level: 'object',
    selectors: ['uploadId'],
    action: 's3:PutObject',
    body: 'xml',
    /** 10,000 parts, each with an ETag and a checksum. */
    bodyBytesMax: 4 * MiB,
    checksumIsOfObject: true,
  },
  AbortMultipartUpload: {
    method: 'DELETE',
    level: 'object',
    selectors: ['uploadId'],
    action: 's3:AbortMultipartUpload',
    body: 'none',
  },
  DeleteObject: { method: 'DELETE', level: 'object', parameters: ['versionId'], action: 's3:DeleteObject', body: 'none' },
} as const satisfies Record<string, OperationRow>;

export type Operation = keyof typeof rows;

/** The rows with their optional fields. */
export const operations: Readonly<Record<Operation, OperationRow>> = rows;

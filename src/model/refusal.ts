/** How an expected "no" looks outside. `s3` is the code in S3's error XML; REST and wire show the literal code itself. */
interface RefusalRow {
  status: number;
  s3: string;
  message: string;
}

/**
 * Every expected refusal of the product, in one table. A place that refuses throws `new Refusal(code)`; it is turned
 * into an answer once per door. Codes from `MalformedXML` on are S3's own errors (Amazon S3 API Reference, Error Responses).
 */
const table = {
  // The store
  'no-such-bucket': { status: 404, s3: 'NoSuchBucket', message: 'The specified bucket does not exist.' },
  'no-such-key': { status: 404, s3: 'NoSuchKey', message: 'The specified key does not exist.' },
  'no-such-upload': {
    status: 404,
    s3: 'NoSuchUpload',
    message: 'The specified multipart upload does not exist. It may have been aborted or completed.',
  },
  'bucket-exists': { status: 409, s3: 'BucketAlreadyOwnedByYou', message: 'The bucket exists already and is yours.' },
  'bucket-not-empty': { status: 409, s3: 'BucketNotEmpty', message: 'The bucket you tried to delete is not empty.' },
  'bucket-name-invalid': { status: 400, s3: 'InvalidBucketName', message: 'The specified bucket is not valid.' },
  'key-too-long': { status: 400, s3: 'KeyTooLongError', message: 'Your key is too long: at most 1024 bytes of UTF-8.' },
  'precondition-failed': {
    status: 412,
    s3: 'PreconditionFailed',
    message: 'At least one of the pre-conditions you specified did not hold.',
  },
  'not-modified': { status: 304, s3: 'NotModified', message: 'Not modified.' },
  'range-not-satisfiable': { status: 416, s3: 'InvalidRange', message: 'The requested range is not satisfiable.' },
  'part-invalid': {
    status: 400,
    s3: 'InvalidPart',
    message: 'One or more of the specified parts could not be found, or its entity tag did not match.',
  },
  'part-order-invalid': { status: 400, s3: 'InvalidPartOrder', message: 'The list of parts was not in ascending order.' },
  'part-too-small': { status: 400, s3: 'EntityTooSmall', message: 'A part other than the last is smaller than 5 MiB.' },
  'part-number-invalid': { status: 400, s3: 'InvalidArgument', message: 'Part number must be an integer between 1 and 10000.' },
  'part-number-unsatisfiable': { status: 416, s3: 'InvalidPartNumber', message: 'The requested part number is not satisfiable.' },
  'body-too-large': { status: 400, s3: 'EntityTooLarge', message: 'The body is larger than allowed.' },
  'copy-source-changed': { status: 409, s3: 'OperationAborted', message: 'The copy source changed while it was read. Try again.' },

  // Requests and their signatures
  'access-denied': { status: 403, s3: 'AccessDenied', message: 'Access denied.' },
  'access-key-unknown': { status: 403, s3: 'InvalidAccessKeyId', message: 'The access key id you provided does not exist in our records.' },
  'signature-mismatch': {
    status: 403,
    s3: 'SignatureDoesNotMatch',
    message: 'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
  },
  'time-skewed': {
    status: 403,
    s3: 'RequestTimeTooSkewed',
    message: 'The difference between the request time and the current time is too large.',
  },
  'session-token-unknown': {
    status: 400,
    s3: 'InvalidToken',
    message: 'The provided token is not valid: this store issues no session tokens. Sign with an access key and its secret alone.',
  },
  'request-expired': { status: 403, s3: 'AccessDenied', message: 'Request has expired.' },
  'authorization-malformed': { status: 400, s3: 'AuthorizationHeaderMalformed', message: 'The authorization header is malformed.' },
  'authorization-query-malformed': {
    status: 400,
    s3: 'AuthorizationQueryParametersError',
    message: 'The query-string authorization parameters are not valid.',
  },
  'request-invalid': { status: 400, s3: 'InvalidRequest', message: 'The request is not valid.' },
  'argument-invalid': { status: 400, s3: 'InvalidArgument', message: 'An argument is not valid.' },
  'uri-invalid': { status: 400, s3: 'InvalidURI', message: 'The request URI could not be parsed.' },
  'xml-malformed': {
    status: 400,
    s3: 'MalformedXML',
    message: 'The XML you provided was not well-formed or did not validate against our published schema.',
  },
  'digest-bad': { status: 400, s3: 'BadDigest', message: 'The Content-MD5 or checksum you specified did not match what we received.' },
  'digest-invalid': { status: 400, s3: 'InvalidDigest', message: 'The Content-MD5 or checksum you specified is not valid.' },
  'content-sha256-mismatch': {
    status: 400,
    s3: 'XAmzContentSHA256Mismatch',
    message: 'The provided x-amz-content-sha256 header does not match what was computed.',
  },
  'body-incomplete': { status: 400, s3: 'IncompleteBody', message: 'The body was shorter than its declared length.' },
  'length-required': { status: 411, s3: 'MissingContentLength', message: 'You must provide the Content-Length HTTP header.' },
  'metadata-too-large': { status: 400, s3: 'MetadataTooLarge', message: 'Your metadata headers exceed the maximum allowed metadata size.' },
  'headers-too-many': { status: 400, s3: 'InvalidRequest', message: 'The request has too many header lines.' },
  'method-not-allowed': { status: 405, s3: 'MethodNotAllowed', message: 'The specified method is not allowed against this resource.' },
  'not-implemented': { status: 501, s3: 'NotImplemented', message: 'The request asks for functionality that is not implemented.' },
  'request-timeout': {
    status: 400,
    s3: 'RequestTimeout',
    message: 'Your socket connection to the server was not read from or written to within the timeout period.',
  },
  'region-wrong': {
    status: 400,
    s3: 'AuthorizationHeaderMalformed',
    message: 'The authorization header is malformed; the region is wrong.',
  },

  // Settings of buckets that nobody has set
  'no-such-cors': { status: 404, s3: 'NoSuchCORSConfiguration', message: 'The CORS configuration does not exist.' },
  'no-such-encryption': {
    status: 404,
    s3: 'ServerSideEncryptionConfigurationNotFoundError',
    message: 'The server side encryption configuration was not found.',
  },
  'no-such-lifecycle': { status: 404, s3: 'NoSuchLifecycleConfiguration', message: 'The lifecycle configuration does not exist.' },
  'no-such-object-lock': {
    status: 404,
    s3: 'ObjectLockConfigurationNotFoundError',
    message: 'Object Lock configuration does not exist for this bucket.',
  },
  'no-such-policy': { status: 404, s3: 'NoSuchBucketPolicy', message: 'The bucket policy does not exist.' },
  'no-such-public-access-block': {
    status: 404,
    s3: 'NoSuchPublicAccessBlockConfiguration',
    message: 'The public access block configuration was not found.',
  },
  'no-such-replication': {
    status: 404,
    s3: 'ReplicationConfigurationNotFoundError',
    message: 'The replication configuration was not found.',
  },
  'no-such-tags': { status: 404, s3: 'NoSuchTagSet', message: 'The TagSet does not exist.' },
  'no-such-website': {
    status: 404,
    s3: 'NoSuchWebsiteConfiguration',
    message: 'The specified bucket does not have a website configuration.',
  },
  'location-invalid': {
    status: 400,
    s3: 'InvalidLocationConstraint',
    message: 'The specified location constraint is not the region of this store.',
  },

  // Overload and trouble
  'slow-down': { status: 503, s3: 'SlowDown', message: 'Please reduce your request rate.' },
  'master-away': { status: 503, s3: 'ServiceUnavailable', message: 'The metadata service cannot be reached at the moment. Try again.' },
  'nodes-too-few': { status: 503, s3: 'ServiceUnavailable', message: 'Too few datanodes can take a copy at the moment. Try again.' },
  'replicas-unreadable': { status: 503, s3: 'ServiceUnavailable', message: 'No replica could be read at the moment. Try again.' },
  'outcome-unknown': {
    status: 500,
    s3: 'InternalError',
    message: 'The outcome of the request is not known: the old or the new state holds, whole.',
  },
  internal: { status: 500, s3: 'InternalError', message: 'We encountered an internal error. Please try again.' },

  // REST of master and datanode
  'json-malformed': { status: 400, s3: 'InvalidRequest', message: 'The body is not the JSON that this route accepts.' },
  'object-id-invalid': { status: 400, s3: 'InvalidArgument', message: 'The object id is not a UUID of version 4.' },
  'object-unknown': { status: 404, s3: 'NoSuchKey', message: 'No object has this id.' },
  'object-exists': { status: 409, s3: 'OperationAborted', message: 'An object with this id exists; objects are never overwritten.' },
  'object-incomplete': { status: 409, s3: 'OperationAborted', message: 'The upload is not complete.' },
  'object-too-large': { status: 413, s3: 'EntityTooLarge', message: 'The object is larger than the 5 GiB that one object may have.' },
  'request-too-large': { status: 413, s3: 'EntityTooLarge', message: 'The request body is larger than this route accepts.' },
  'storage-full': { status: 507, s3: 'SlowDown', message: 'The volume is full and read-only; reads and deletes still work.' },
  'node-proven': {
    status: 409,
    s3: 'OperationAborted',
    message: 'This node id or address belongs to a volume that has proven itself; registration by hand does not change it.',
  },
  'node-unknown': { status: 404, s3: 'InvalidArgument', message: 'No node has this id.' },
  'node-not-quarantined': { status: 409, s3: 'OperationAborted', message: 'The node is not quarantined.' },
  'node-present': {
    status: 409,
    s3: 'OperationAborted',
    message: 'The node may still serve: only one that is lost for good is forgotten.',
  },
  'node-holds-copies': {
    status: 409,
    s3: 'OperationAborted',
    message: 'Copies that the node held are still to be made anew elsewhere.',
  },
  'node-forgotten': {
    status: 409,
    s3: 'OperationAborted',
    message: 'This volume was forgotten as lost for good, its copies count no more. Give the node an empty volume: it is then a new node.',
  },
  'route-unknown': { status: 404, s3: 'InvalidRequest', message: 'There is no such route.' },
  'token-wrong': { status: 401, s3: 'AccessDenied', message: 'A valid bearer token is needed.' },

  // Between processes
  'chunk-unknown': { status: 404, s3: 'InternalError', message: 'This node has no such chunk.' },
  'chunk-damaged': { status: 500, s3: 'InternalError', message: 'This node cannot read its copy of the chunk.' },
  'chunk-conflict': { status: 409, s3: 'InternalError', message: 'Another chunk stands under this id.' },
  'chunk-length-wrong': { status: 400, s3: 'InternalError', message: 'The chunk has another length than its sender said.' },
  'chunk-crc-wrong': { status: 400, s3: 'InternalError', message: 'The chunk has another CRC than its sender said.' },
  'node-closed': { status: 503, s3: 'ServiceUnavailable', message: 'This node takes no new chunks: it drains, is quarantined or stops.' },
  'facts-changed': { status: 409, s3: 'OperationAborted', message: 'The bucket changed since its facts were read.' },
  'attempt-expired': { status: 409, s3: 'InternalError', message: 'The attempt is older than what its gateway has finished.' },
  'generation-old': { status: 409, s3: 'InternalError', message: 'The chunks were written too long ago to be committed.' },
  'receipts-too-few': { status: 409, s3: 'ServiceUnavailable', message: 'Too few receipts of nodes that count.' },
  'reign-stale': { status: 409, s3: 'InternalError', message: 'Another master has taken over.' },
  'boot-stale': { status: 409, s3: 'InternalError', message: 'A later start of this volume is known, or the volume was cloned.' },
  'observer-stale': { status: 409, s3: 'InternalError', message: 'A controller that was elected later has reported already.' },
  'cluster-foreign': { status: 409, s3: 'InternalError', message: 'The volume belongs to another cluster.' },
  'peer-unproven': { status: 401, s3: 'InternalError', message: 'The peer did not prove the cluster secret.' },
  'wire-malformed': { status: 400, s3: 'InternalError', message: 'The message does not have the shape of its verb.' },
} satisfies Record<string, RefusalRow>;

export type RefusalCode = keyof typeof table;

export const refusals: Readonly<Record<RefusalCode, Readonly<RefusalRow>>> = table;

/** Whether a text from outside (wire) names a refusal of this version. */
export function isRefusalCode(text: string): text is RefusalCode {
  return Object.hasOwn(table, text);
}

/** An expected "no". Carries no secret: `detail` is shown to whoever asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: RefusalCode;
  /** More for the asker, in place of the table's sentence. */
  readonly detail: string | null;

  constructor(code: RefusalCode, detail: string | null = null) {
    super(detail ?? refusals[code].message);
    this.code = code;
    this.detail = detail;
  }

  get status(): number {
    return refusals[this.code].status;
  }
}

import { readXml, childText } from '../../s3/xml-read.js';
import { CliError } from '../cli-error.js';
import { exitCode, type ExitCode } from '../exit-code.js';

/** Where a request went, for the words of its error. */
export interface RequestPlace {
  bucket: string;
  key: string;
}

interface S3Answer {
  status: number;
  body: Buffer;
  requestId: string | null;
}

/** What a refusal of S3 means to the person at the terminal. An answer to HEAD has no body, so its status has to do. */
export function s3Error(answer: S3Answer, place: RequestPlace): CliError {
  const error = readError(answer, place);
  if (error === null) return foreignAnswer(answer);
  const { code, message, region } = error;
  return new CliError({
    exitCode: exitCodeOf(answer.status),
    code,
    what: whatOf(code, place) ?? `The store refused the request (${code}).`,
    why: message,
    hint: hintOf(code, place, region),
    requestId: answer.requestId,
  });
}

interface ReadError {
  code: string;
  message: string | null;
  region: string | null;
}

/** Null: these are no words of S3. */
function readError({ status, body }: S3Answer, place: RequestPlace): ReadError | null {
  if (body.length === 0) {
    const code = codeOfStatus(status, place);
    return { code, message: whatOf(code, place) === null ? `HTTP status ${status}.` : null, region: null };
  }
  try {
    const root = readXml(body);
    const code = childText(root, 'Code');
    if (root.name === 'Error' && code !== null) return { code, message: childText(root, 'Message'), region: childText(root, 'Region') };
  } catch {
    // Not the answer of a store: a proxy's page, or another port
  }
  return null;
}

function foreignAnswer({ status, requestId }: S3Answer): CliError {
  return new CliError({
    exitCode: exitCodeOf(status),
    code: `Http${status}`,
    what: `The endpoint answered, with HTTP status ${status}, but not as S3 does.`,
    why: 'What is wanted is the S3 port of a gateway, 9000 unless it was told otherwise, or a proxy before it.',
    hint: 'aether config view --show-source',
    requestId,
  });
}

function codeOfStatus(status: number, { key }: RequestPlace): string {
  if (status === 404) return key === '' ? 'NoSuchBucket' : 'NoSuchKey';
  if (status === 401 || status === 403) return 'AccessDenied';
  if (status === 412) return 'PreconditionFailed';
  if (status === 416) return 'InvalidRange';
  return `Http${status}`;
}

/** The same for S3 and REST: the status says enough. */
export function exitCodeOf(status: number): ExitCode {
  if (status === 404) return exitCode.notFound;
  if (status === 401 || status === 403) return exitCode.denied;
  if (status === 409 || status === 412) return exitCode.conflict;
  if (status === 503 || status === 504) return exitCode.unreachable;
  return exitCode.other;
}

function whatOf(code: string, { bucket, key }: RequestPlace): string | null {
  switch (code) {
    case 'NoSuchBucket':
      return `There is no bucket ${bucket}.`;
    case 'NoSuchKey':
      return `There is no object s3://${bucket}/${key}.`;
    case 'BucketAlreadyOwnedByYou':
      return `The bucket ${bucket} exists already.`;
    case 'InvalidBucketName':
      return `${bucket} cannot be the name of a bucket.`;
    case 'BucketNotEmpty':
      return `The bucket ${bucket} is not empty.`;
    case 'PreconditionFailed':
      return `s3://${bucket}/${key} is not in the state that was asked for.`;
    case 'SlowDown':
    case 'ServiceUnavailable':
      return 'The store cannot do this at the moment.';
    default:
      return null;
  }
}

function hintOf(code: string, { bucket, key }: RequestPlace, region: string | null): string | null {
  switch (code) {
    case 'NoSuchBucket':
      return `aether ls, or aether bucket create ${bucket}`;
    case 'NoSuchKey':
      return `aether ls s3://${bucket}/${key.slice(0, key.lastIndexOf('/') + 1)}`;
    case 'InvalidBucketName':
      return '3 to 63 of a-z, 0-9, - and ., with a letter or digit at both ends; no .., no IP address, no prefix or suffix that S3 reserves';
    case 'BucketNotEmpty':
      return `aether rm -r s3://${bucket}/`;
    case 'AccessDenied':
    case 'InvalidAccessKeyId':
    case 'SignatureDoesNotMatch':
      return 'aether config view --show-source';
    case 'RequestTimeTooSkewed':
      return 'set the clock of this machine (timedatectl status)';
    case 'AuthorizationHeaderMalformed':
      return region === null ? null : `AETHER_REGION=${region} aether …`;
    case 'SlowDown':
    case 'ServiceUnavailable':
      return 'aether status';
    default:
      return null;
  }
}

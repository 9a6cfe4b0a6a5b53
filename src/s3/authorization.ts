import { Refusal, type RefusalCode } from '../model/refusal.js';
import { signingAlgorithm } from './canonical.js';
import { headerLinesMax, type ParsedRequest } from './raw-request.js';

/** What a request says about its own signature, well-formed but not yet believed. */
export interface Authorization {
  presigned: boolean;
  credential: Credential;
  /** Lower-case names in the order given. */
  signedHeaders: readonly string[];
  /** As given, whatever it holds. */
  signature: string;
  /** YYYYMMDDTHHMMSSZ */
  timestamp: string;
  timeMs: number;
  /** Null unless presigned. */
  expiresSeconds: number | null;
  /** x-amz-content-sha256, or what stands for it. */
  payloadHash: string;
}

/** `KEY/YYYYMMDD/REGION/s3/aws4_request` */
export interface Credential {
  accessKeyId: string;
  /** YYYYMMDD */
  day: string;
  region: string;
  service: string;
  terminator: string;
}

/** A week: the longest life of a presigned request. */
const expiresSecondsMax = 604_800;
const accessKeyCharsMax = 128;

/** `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…` */
export function readHeaderAuthorization(header: string, { headers }: ParsedRequest): Authorization {
  if (!header.startsWith(`${signingAlgorithm} `)) throw new Refusal('request-invalid', unsupportedMechanism);
  if (headers.get('x-amz-security-token') !== null) throw new Refusal('session-token-unknown');
  const fields = readFields(header.slice(signingAlgorithm.length + 1));
  const timestamp = headers.get('x-amz-date');
  if (timestamp === null) throw new Refusal('access-denied', 'AWS authentication requires a valid x-amz-date header.');
  const payloadHash = headers.get('x-amz-content-sha256');
  if (payloadHash === null) throw new Refusal('request-invalid', 'Missing required header for this request: x-amz-content-sha256');
  return {
    presigned: false,
    credential: readCredential(fields.credential, 'authorization-malformed'),
    signedHeaders: readSignedHeaders(fields.signedHeaders, 'authorization-malformed'),
    signature: fields.signature,
    timestamp,
    timeMs: readTimeMs(timestamp, 'authorization-malformed'),
    expiresSeconds: null,
    payloadHash,
  };
}

/** `?X-Amz-Algorithm=…&X-Amz-Credential=…&X-Amz-Date=…&X-Amz-Expires=…&X-Amz-SignedHeaders=…&X-Amz-Signature=…` */
export function readQueryAuthorization({ query, headers }: ParsedRequest): Authorization {
  const malformed = 'authorization-query-malformed';
  const need = (name: string): string => {
    const value = query.get(name);
    if (value === null || value === '') throw new Refusal(malformed, `The query parameter ${name} is missing.`);
    return value;
  };
  if (need('X-Amz-Algorithm') !== signingAlgorithm) throw new Refusal(malformed, `X-Amz-Algorithm only supports "${signingAlgorithm}".`);
  if (query.has('X-Amz-Security-Token') || headers.get('x-amz-security-token') !== null) throw new Refusal('session-token-unknown');
  const expires = need('X-Amz-Expires');
  const expiresSeconds = /^\d{1,6}$/.test(expires) ? Number(expires) : 0;
  if (expiresSeconds < 1 || expiresSeconds > expiresSecondsMax) {
    throw new Refusal(malformed, `X-Amz-Expires must be a number of seconds from 1 to ${expiresSecondsMax}.`);
  }
  const credential = readCredential(need('X-Amz-Credential'), malformed);
  const signedHeaders = readSignedHeaders(need('X-Amz-SignedHeaders'), malformed);
  const signature = need('X-Amz-Signature');
  const timestamp = need('X-Amz-Date');
  return {
    presigned: true,
    credential,
    signedHeaders,
    signature,
    timestamp,
    timeMs: readTimeMs(timestamp, malformed),
    expiresSeconds,
    payloadHash: query.get('X-Amz-Content-Sha256') ?? headers.get('x-amz-content-sha256') ?? 'UNSIGNED-PAYLOAD',
  };
}

export const unsupportedMechanism = `The authorization mechanism you have provided is not supported. Please use ${signingAlgorithm}.`;

interface Fields {
  credential: string;
  signedHeaders: string;
  signature: string;
}

/** The three fields, each exactly once, in any order. */
function readFields(text: string): Fields {
  const fields: Fields = { credential: '', signedHeaders: '', signature: '' };
  const pieces = text.split(',', 4);
  for (const piece of pieces) {
    const field = piece.trim();
    if (field.startsWith('Credential=')) fields.credential = field.slice('Credential='.length);
    else if (field.startsWith('SignedHeaders=')) fields.signedHeaders = field.slice('SignedHeaders='.length);
    else if (field.startsWith('Signature=')) fields.signature = field.slice('Signature='.length);
  }
  if (pieces.length !== 3 || fields.credential === '' || fields.signedHeaders === '' || fields.signature === '') {
    throw new Refusal('authorization-malformed', 'The authorization header needs Credential, SignedHeaders and Signature, once each.');
  }
  return fields;
}

function readCredential(text: string, malformed: RefusalCode): Credential {
  const pieces = text.split('/', 6);
  const [accessKeyId, day, region, service, terminator] = pieces;
  const whole = pieces.length === 5 && accessKeyId !== undefined && day !== undefined && region !== undefined;
  if (!whole || service === undefined || terminator === undefined) {
    throw new Refusal(malformed, 'The credential needs the form KEY/YYYYMMDD/REGION/s3/aws4_request.');
  }
  if (accessKeyId === '' || accessKeyId.length > accessKeyCharsMax) throw new Refusal('access-key-unknown');
  return { accessKeyId, day, region, service, terminator };
}

/** Lower-case names in ascending order, so that none is there twice. */
function readSignedHeaders(text: string, malformed: RefusalCode): string[] {
  const names = text.split(';', headerLinesMax + 1);
  const valid =
    /^[!-9;-@[-~]+$/.test(text) && names.length <= headerLinesMax && names.every((name, at) => at === 0 || names[at - 1]! < name);
  if (!valid) throw new Refusal(malformed, 'SignedHeaders has to be a sorted list of different lower-case names.');
  return names;
}

/** `YYYYMMDDTHHMMSSZ` that exists in the calendar. */
function readTimeMs(text: string, malformed: RefusalCode): number {
  const valid = /^2\d{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3])[0-5]\d[0-5]\dZ$/.test(text);
  if (!valid) throw new Refusal(malformed, 'The date of the request needs the form YYYYMMDDTHHMMSSZ.');
  const pair = (at: number): number => (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
  return Date.UTC(pair(0) * 100 + pair(2), pair(4) - 1, pair(6), pair(9), pair(11), pair(13));
}

const ZERO = 0x30;

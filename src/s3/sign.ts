import { must } from '../base/must.js';
import { canonicalRequest, scopeText, signingAlgorithm, stringToSign } from './canonical.js';
import { deriveSigningKey, type SigningKey } from './signing-key.js';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface RequestToSign {
  method: string;
  /** Decoded, begins with `/`. Send it as `encodePath` writes it. */
  path: string;
  /** Decoded. */
  query: readonly (readonly [name: string, value: string])[];
  /** By lower-case name; `host` has to be among them. All of them are signed. */
  headers: Readonly<Record<string, string>>;
}

/** Signs our own requests (AWS Signature Version 4), in a header or in the query. */
export class RequestSigner {
  readonly #credentials: Credentials;
  readonly #region: string;
  #signingKey: { day: string; key: SigningKey } | null = null;

  constructor(credentials: Credentials, region: string) {
    this.#credentials = credentials;
    this.#region = region;
  }

  /**
   * The headers to send: those given, x-amz-date, x-amz-content-sha256 and authorization. `payloadHash`: hex SHA-256 of the
   * body or a literal such as UNSIGNED-PAYLOAD. `nowMs`: wall clock.
   */
  sign(request: RequestToSign, payloadHash: string, nowMs: number): Record<string, string> {
    const timestamp = timestampOf(nowMs);
    const headers: Record<string, string> = { ...request.headers, 'x-amz-content-sha256': payloadHash, 'x-amz-date': timestamp };
    const signedHeaders = Object.keys(headers).sort();
    const signature = this.#signature({ ...request, headers }, { timestamp, signedHeaders, payloadHash });
    const credential = `${this.#credentials.accessKeyId}/${this.#scope(timestamp)}`;
    headers['authorization'] =
      `${signingAlgorithm} Credential=${credential}, SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`;
    return headers;
  }

  /** The whole query of a request that anybody may send within `expiresSeconds` (at most a week) with the signed headers. */
  presign(request: RequestToSign, expiresSeconds: number, nowMs: number): (readonly [name: string, value: string])[] {
    const timestamp = timestampOf(nowMs);
    const signedHeaders = Object.keys(request.headers).sort();
    const query: (readonly [string, string])[] = [
      ...request.query,
      ['X-Amz-Algorithm', signingAlgorithm],
      ['X-Amz-Credential', `${this.#credentials.accessKeyId}/${this.#scope(timestamp)}`],
      ['X-Amz-Date', timestamp],
      ['X-Amz-Expires', String(expiresSeconds)],
      ['X-Amz-SignedHeaders', signedHeaders.join(';')],
    ];
    const signature = this.#signature({ ...request, query }, { timestamp, signedHeaders, payloadHash: 'UNSIGNED-PAYLOAD' });
    return [...query, ['X-Amz-Signature', signature]];
  }

  #scope(timestamp: string): string {
    return scopeText(timestamp.slice(0, 8), this.#region);
  }

  #signature(request: RequestToSign, how: { timestamp: string; signedHeaders: string[]; payloadHash: string }): string {
    const canonical = canonicalRequest({ ...request, ...how, headerOf: (name) => must(request.headers[name], 'a signed header') });
    const text = stringToSign({ timestamp: how.timestamp, scope: this.#scope(how.timestamp) }, canonical);
    return this.#keyOf(how.timestamp.slice(0, 8)).sign(text);
  }

  #keyOf(day: string): SigningKey {
    if (this.#signingKey?.day !== day) {
      this.#signingKey = { day, key: deriveSigningKey(this.#credentials.secretAccessKey, day, this.#region) };
    }
    return this.#signingKey.key;
  }
}

/** `YYYYMMDDTHHMMSSZ` */
function timestampOf(nowMs: number): string {
  return new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
}

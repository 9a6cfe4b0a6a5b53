import { createHash } from 'node:crypto';
import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { RequestSigner, type Credentials } from '../s3/sign.js';
import { canonicalQuery, encodePath } from '../s3/canonical.js';

export interface S3TestClientOptions {
  endpoint: string;
  credentials: Credentials;
  /** Opens a connection for every request. */
  alwaysConnects?: boolean;
  /** From sending to the last byte of the answer. */
  timeoutMs: number;
}

export interface S3TestRequest {
  method: string;
  /** Decoded. */
  path: string;
  query?: [string, string][];
  headers?: Record<string, string>;
  body?: Buffer;
}

export interface S3TestAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Signs, sends once, never repeats: whoever counts outcomes must see each of them. Rejects when no whole answer came. */
export class S3TestClient {
  readonly #options: S3TestClientOptions;
  readonly #signer: RequestSigner;
  readonly #agent: Agent;

  constructor(options: S3TestClientOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: options.alwaysConnects !== true });
    this.#signer = new RequestSigner(options.credentials, 'us-east-1');
  }

  request({ method, path, query = [], headers = {}, body = Buffer.alloc(0) }: S3TestRequest): Promise<S3TestAnswer> {
    const { hostname, port, host } = new URL(this.#options.endpoint);
    const payloadHash = createHash('sha256').update(body).digest('hex');
    const toSign = { method, path, query, headers: { ...headers, host } };
    const signed = this.#signer.sign(toSign, payloadHash, Date.now());
    const target = encodePath(path) + (query.length > 0 ? `?${canonicalQuery(query)}` : '');
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent: this.#agent,
          hostname,
          port,
          method,
          path: target,
          headers: { ...signed, 'content-length': body.length },
          signal: AbortSignal.timeout(this.#options.timeoutMs),
        },
        (incoming) => {
          const pieces: Buffer[] = [];
          incoming.on('data', (piece: Buffer) => pieces.push(piece));
          incoming.on('error', reject);
          incoming.on('end', () => resolve({ status: incoming.statusCode!, headers: incoming.headers, body: Buffer.concat(pieces) }));
        },
      );
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { CliError, interruptedError } from '../cli-error.js';
import { exitCode } from '../exit-code.js';

const connectionsMax = 256;

export interface HttpMessage {
  method: string;
  /** Path and query, encoded. */
  target: string;
  headers: Readonly<Record<string, string>>;
  body: Buffer | null;
  signal: AbortSignal;
}

/** Requests to one base address over kept connections. Redirects are not followed: credentials stay with the address. */
export class HttpExchange {
  readonly address: URL;
  readonly #timeoutMs: number;
  readonly #agent: HttpAgent | HttpsAgent;

  /** `timeoutMs`: how long the other side may be silent. */
  constructor(address: string, timeoutMs: number) {
    this.address = parseAddress(address);
    this.#timeoutMs = timeoutMs;
    const options = { keepAlive: true, maxSockets: connectionsMax };
    this.#agent = this.address.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /** Resolves when the answer's head is there. Rejects with a `CliError` (unreachable, interrupted). */
  send(message: HttpMessage): Promise<IncomingMessage> {
    const { address } = this;
    const request = (address.protocol === 'https:' ? httpsRequest : httpRequest)({
      agent: this.#agent,
      hostname: address.hostname.replace(/^\[|\]$/g, ''),
      port: address.port,
      method: message.method,
      path: message.target,
      headers: { ...message.headers, 'content-length': String(message.body?.length ?? 0) },
      timeout: this.#timeoutMs,
      signal: message.signal,
    });
    return new Promise((resolve, reject) => {
      request.on('response', resolve);
      request.on('timeout', () => request.destroy(new Error(`no answer within ${this.#timeoutMs / 1000} s`)));
      request.on('error', (cause) => reject(message.signal.aborted ? interruptedError() : unreachable(address, cause)));
      request.end(message.body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The whole body. Rejects with a `CliError`. */
export async function readWhole(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      sizeBytes += piece.length;
      if (sizeBytes > bytesMax) throw new Error(`the answer is longer than ${bytesMax} bytes`);
      pieces.push(piece);
    }
  } catch (cause) {
    throw new CliError(
      { exitCode: exitCode.unreachable, code: 'unreachable', what: 'The answer broke off.', why: (cause as Error).message },
      { cause },
    );
  }
  return Buffer.concat(pieces);
}

function parseAddress(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.pathname === '/' && url.search === '';
  if (plain && url.username === '') return url;
  throw new CliError({
    exitCode: exitCode.usage,
    code: 'usage',
    what: `${JSON.stringify(text)} is no address of a store.`,
    why: 'It has to look like http://HOST:PORT.',
    hint: 'aether config view --show-source',
  });
}

function unreachable(address: URL, cause: Error): CliError {
  return new CliError(
    {
      exitCode: exitCode.unreachable,
      code: 'unreachable',
      what: `${address.origin} does not answer.`,
      why: whyUnreachable(address, cause),
      hint: 'see where the address comes from: aether config view --show-source; a store on this machine is started by `make run` or `aetherstore dev`',
    },
    { cause },
  );
}

function whyUnreachable(address: URL, cause: Error): string | null {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'Nothing listens there.';
  if (code === 'EPROTO') return `It does not speak TLS, or not as we do: is it http://${address.host}?`;
  return cause.message || code || null;
}

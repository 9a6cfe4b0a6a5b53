import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from './clock.js';
import type { Log } from './log.js';
import { StartRefused } from './start-refused.js';

const fileBytesMax = 256 * 1024;

interface NamedFile {
  path: string;
  /** The setting that names the file, for messages. */
  setting: string;
}

interface Pair {
  cert: string;
  key: string;
  expiresAtWallMs: number;
}

/**
 * A certificate (with its chain) and its key, PEM. Looked at again when somebody asks: a changed pair is taken when it is
 * good, otherwise an error is logged and the one before stays. A changed link on the way counts as a change, which is how
 * Kubernetes renews the files of a Secret.
 */
export class TlsFiles {
  readonly #certificate: NamedFile;
  readonly #key: NamedFile;
  readonly #parts: { clock: Clock; log: Log };
  #state: string;
  #pair: Pair;

  /** Throws `StartRefused`, one line for a person. */
  constructor(files: { certificate: NamedFile; key: NamedFile }, parts: { clock: Clock; log: Log }) {
    this.#certificate = files.certificate;
    this.#key = files.key;
    this.#parts = parts;
    this.#state = this.#filesState();
    this.#pair = this.#read();
    this.#warnWhenExpired();
  }

  /** For a server; TLS 1.2 and later. */
  get context(): SecureContextOptions {
    const { cert, key } = this.#pair;
    return { cert, key, minVersion: 'TLSv1.2' };
  }

  get expiresAtWallMs(): number {
    return this.#pair.expiresAtWallMs;
  }

  /** Whether another pair is in use now. */
  lookAgain(): boolean {
    const state = this.#filesState();
    if (state === this.#state) return false;
    this.#state = state;
    const { log } = this.#parts;
    const path = this.#certificate.path;
    try {
      this.#pair = this.#read();
    } catch (error) {
      log.error({ path }, `${(error as Error).message}; the certificate read before stays in use`);
      return false;
    }
    log.info({ path, expires: new Date(this.expiresAtWallMs).toISOString() }, 'the changed certificate is in use');
    this.#warnWhenExpired();
    return true;
  }

  #read(): Pair {
    const cert = readPem(this.#certificate);
    const key = readPem(this.#key);
    const certificate = parsed(this.#certificate, 'no certificate in PEM', () => new X509Certificate(cert));
    const privateKey = parsed(this.#key, 'no unencrypted private key in PEM', () => createPrivateKey(key));
    if (!certificate.checkPrivateKey(privateKey))
      throw new StartRefused(
        `${this.#key.setting}: ${this.#key.path} is not the key of the certificate that ${this.#certificate.setting} names`,
      );
    // what stands behind the first certificate, and what TLS itself refuses
    parsed(this.#certificate, 'not usable for TLS', () => createSecureContext({ cert, key, minVersion: 'TLSv1.2' }));
    return { cert, key, expiresAtWallMs: Date.parse(certificate.validTo) };
  }

  #warnWhenExpired(): void {
    if (this.expiresAtWallMs > this.#parts.clock.wallMs()) return;
    this.#parts.log.warn({ path: this.#certificate.path }, 'the certificate has expired: clients will refuse it');
  }

  #filesState(): string {
    return [this.#certificate, this.#key].map(({ path }) => fileState(path)).join(' ');
  }
}

function fileState(path: string): string {
  try {
    const { mtimeMs, ino, size } = statSync(path);
    return `${mtimeMs}/${ino}/${size}`;
  } catch (error) {
    return (error as Error).message;
  }
}

function readPem({ path, setting }: NamedFile): string {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length <= fileBytesMax) return text;
  } catch (error) {
    throw new StartRefused(`${setting}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`, { cause: error });
  }
  throw new StartRefused(`${setting}: ${path} is larger than ${fileBytesMax} bytes`);
}

function parsed<T>({ path, setting }: NamedFile, problem: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new StartRefused(`${setting}: ${path} is ${problem}`, { cause: error });
  }
}

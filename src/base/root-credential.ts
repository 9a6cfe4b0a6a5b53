import { SecretFile, type SecretFileOptions } from './secret-file.js';

/** An access key id and its secret, as S3 clients know them. */
interface RootCredential {
  accessKeyId: string;
  secretAccessKey: string;
}

/** A line `ACCESS_KEY_ID:SECRET_ACCESS_KEY`, or null. */
function parseRootCredential(line: string): RootCredential | null {
  const match = /^([A-Za-z0-9_-]{3,128}):(\S+)$/.exec(line);
  return match ? { accessKeyId: match[1]!, secretAccessKey: match[2]! } : null;
}

/** The file of the credentials that may do everything: several lines while one is being changed. Throws `SecretRefused`. */
export class RootCredentialFile {
  readonly #file: SecretFile;
  /** Secrets by access key id, of the lines that they were read from: each request asks, and lines hardly ever change. */
  #known: { lines: readonly string[]; secrets: ReadonlyMap<string, string> } = { lines: [], secrets: new Map() };

  constructor(given: Pick<SecretFileOptions, 'path' | 'setting'>, parts: ConstructorParameters<typeof SecretFile>[1]) {
    const options: SecretFileOptions = { ...given, secretOf: (line) => parseRootCredential(line)?.secretAccessKey ?? null };
    this.#file = new SecretFile(options, parts);
  }

  /** The secret that belongs to an access key id, or null. */
  secretOf(accessKeyId: string): string | null {
    const lines = this.#file.lines();
    if (lines !== this.#known.lines) this.#known = { lines, secrets: secretsOf(lines) };
    return this.#known.secrets.get(accessKeyId) ?? null;
  }
}

/** Of two lines with one id the first counts. */
function secretsOf(lines: readonly string[]): Map<string, string> {
  const secrets = new Map<string, string>();
  for (const line of lines) {
    const credential = parseRootCredential(line);
    if (credential !== null && !secrets.has(credential.accessKeyId)) secrets.set(credential.accessKeyId, credential.secretAccessKey);
  }
  return secrets;
}

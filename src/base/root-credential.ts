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

  constructor(given: Pick<SecretFileOptions, 'path' | 'setting'>, parts: ConstructorParameters<typeof SecretFile>[1]) {
    const options: SecretFileOptions = { ...given, secretOf: (line) => parseRootCredential(line)?.secretAccessKey ?? null };
    this.#file = new SecretFile(options, parts);
  }

  /** The secret that belongs to an access key id, or null. */
  secretOf(accessKeyId: string): string | null {
    for (const line of this.#file.lines()) {
      const credential = parseRootCredential(line);
      if (credential?.accessKeyId === accessKeyId) return credential.secretAccessKey;
    }
    return null;
  }
}

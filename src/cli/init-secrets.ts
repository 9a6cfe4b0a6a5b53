import { join } from 'node:path';
import type { Random } from '../base/random.js';
import { newSecret, writeSecretFileOnce } from '../base/secret-file.js';

const accessKeyAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

export interface SecretPaths {
  clusterSecret: string;
  restToken: string;
  rootCredential: string;
}

export function secretPaths(folder: string): SecretPaths {
  return {
    clusterSecret: join(folder, 'cluster-secret'),
    restToken: join(folder, 'rest-token'),
    rootCredential: join(folder, 'root-credential'),
  };
}

/** Writes the secrets that are missing from a folder; those that are there stay. Answers the paths it wrote. */
export async function initSecrets(folder: string, random: Random): Promise<string[]> {
  const paths = secretPaths(folder);
  const written: string[] = [];
  for (const [path, content] of [
    // the cluster id belongs to the secret: a store and its secret are moved, saved and lost together
    [paths.clusterSecret, `# cluster-id: ${random.uuidV4()}\n${newSecret()}\n`],
    [paths.restToken, `${newSecret()}\n`],
    [paths.rootCredential, `${newAccessKeyId(random)}:${newSecret()}\n`],
  ] as const) {
    if (await writeSecretFileOnce(path, content)) written.push(path);
  }
  return written;
}

/** Twenty characters, as S3 clients expect. */
function newAccessKeyId(random: Random): string {
  return `AE${Array.from(random.bytes(18), (byte) => accessKeyAlphabet[byte % accessKeyAlphabet.length]).join('')}`;
}

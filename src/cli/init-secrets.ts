import { join } from 'node:path';
import { newSecrets, secretNames } from '../base/new-secrets.js';
import type { Random } from '../base/random.js';
import { writeSecretFileOnce } from '../base/secret-file.js';

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
  const contents = newSecrets(random);
  const written: string[] = [];
  for (const name of secretNames) {
    const path = join(folder, name);
    if (await writeSecretFileOnce(path, contents[name])) written.push(path);
  }
  return written;
}

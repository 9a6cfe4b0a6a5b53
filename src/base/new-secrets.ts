import type { Random } from './random.js';
import { newSecret } from './secret-file.js';

const accessKeyAlphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The secrets of a store: as files of one folder, or as keys of one Secret of Kubernetes that is mounted as that folder. */
export const secretNames = ['cluster-secret', 'rest-token', 'root-credential'] as const;
export type SecretName = (typeof secretNames)[number];

/** The content of each, made anew. */
export function newSecrets(random: Random): Record<SecretName, string> {
  return {
    // the cluster id belongs to the secret: a store and its secret are moved, saved and lost together
    'cluster-secret': `# cluster-id: ${random.uuidV4()}\n${newSecret()}\n`,
    'rest-token': `${newSecret()}\n`,
    'root-credential': `${newAccessKeyId(random)}:${newSecret()}\n`,
  };
}

/** Twenty characters, as S3 clients expect. */
function newAccessKeyId(random: Random): string {
  return `AE${Array.from(random.bytes(18), (byte) => accessKeyAlphabet[byte % accessKeyAlphabet.length]).join('')}`;
}

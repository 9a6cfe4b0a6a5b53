import type { Credentials } from '../../s3/sign.js';

/** What one place (flags, environment, a file) says about the store to talk to. */
export interface Layer {
  /** As it is shown: `environment (AWS_*)`, `profile "work" (~/.config/aether/profiles.json)`. */
  name: string;
  endpoint: string | null;
  region: string | null;
  /** Both or none: halves of two places are never put together. */
  credentials: Credentials | null;
  masterAddress: string | null;
  restToken: string | null;
}

export const emptyLayer: Omit<Layer, 'name'> = { endpoint: null, region: null, credentials: null, masterAddress: null, restToken: null };

/** Both halves of a credential, or nothing. */
export function credentialsOf(accessKeyId: string | undefined, secretAccessKey: string | undefined): Credentials | null {
  return accessKeyId && secretAccessKey ? { accessKeyId, secretAccessKey } : null;
}

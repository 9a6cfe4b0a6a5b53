import { readFile } from 'node:fs/promises';
import { must } from '../base/must.js';
import type { Credentials } from '../s3/sign.js';
import { loopback, type DevLayout } from './dev-layout.js';
import { secretPaths } from './init-secrets.js';

/** What somebody needs to come in. */
export interface Access extends Credentials {
  endpoint: string;
  region: string;
  restToken: string;
  masterAddress: string;
}

export async function readAccess(layout: DevLayout, region: string): Promise<Access> {
  const paths = secretPaths(layout.secretsFolder);
  const [accessKeyId, secretAccessKey] = (await firstLine(paths.rootCredential)).split(':');
  return {
    accessKeyId: must(accessKeyId, 'access key id'),
    secretAccessKey: must(secretAccessKey, 'secret access key'),
    endpoint: `http://${loopback}:${layout.gateway.port}`,
    region,
    restToken: await firstLine(paths.restToken),
    masterAddress: `http://${loopback}:${layout.master.port}`,
  };
}

async function firstLine(path: string): Promise<string> {
  return must((await readFile(path, 'utf8')).split('\n')[0], path);
}

/** `credentials.env`: names that S3 clients and `aether` read; with the last ones rclone knows a remote called aether. */
export function credentialsEnv(access: Access): string {
  return `# Written by aetherstore dev at each start. Keep it to yourself.
AWS_ACCESS_KEY_ID=${access.accessKeyId}
AWS_SECRET_ACCESS_KEY=${access.secretAccessKey}
AWS_ENDPOINT_URL=${access.endpoint}
AWS_REGION=${access.region}
AWS_DEFAULT_REGION=${access.region}
AETHER_REST_TOKEN=${access.restToken}
AETHER_MASTER_ADDRESS=${access.masterAddress}
RCLONE_CONFIG_AETHER_TYPE=s3
RCLONE_CONFIG_AETHER_PROVIDER=Other
RCLONE_CONFIG_AETHER_ENDPOINT=${access.endpoint}
RCLONE_CONFIG_AETHER_ACCESS_KEY_ID=${access.accessKeyId}
RCLONE_CONFIG_AETHER_SECRET_ACCESS_KEY=${access.secretAccessKey}
`;
}

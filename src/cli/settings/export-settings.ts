import { usageError } from '../cli-error.js';
import type { ClientSettings } from './resolve-settings.js';

export const exportFormats = ['env', 'aws', 'rclone', 's3cmd', 'mc'] as const;
export type ExportFormat = (typeof exportFormats)[number];

interface Exported {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  masterAddress: string | null;
  restToken: string | null;
}

const writers: Record<ExportFormat, (settings: Exported) => string[]> = {
  env: ({ endpoint, region, accessKeyId, secretAccessKey, masterAddress, restToken }) => [
    `export AWS_ACCESS_KEY_ID=${quoted(accessKeyId)}`,
    `export AWS_SECRET_ACCESS_KEY=${quoted(secretAccessKey)}`,
    `export AWS_ENDPOINT_URL=${quoted(endpoint)}`,
    `export AWS_REGION=${quoted(region)}`,
    ...(masterAddress === null ? [] : [`export AETHER_MASTER_ADDRESS=${quoted(masterAddress)}`]),
    ...(restToken === null ? [] : [`export AETHER_REST_TOKEN=${quoted(restToken)}`]),
  ],
  aws: ({ endpoint, region, accessKeyId, secretAccessKey }) => [
    '# ~/.aws/credentials',
    '[aether]',
    `aws_access_key_id = ${accessKeyId}`,
    `aws_secret_access_key = ${secretAccessKey}`,
    '',
    '# ~/.aws/config',
    '[profile aether]',
    `region = ${region}`,
    `endpoint_url = ${endpoint}`,
  ],
  rclone: ({ endpoint, region, accessKeyId, secretAccessKey }) => [
    '# ~/.config/rclone/rclone.conf',
    '[aether]',
    'type = s3',
    'provider = Other',
    `access_key_id = ${accessKeyId}`,
    `secret_access_key = ${secretAccessKey}`,
    `endpoint = ${endpoint}`,
    `region = ${region}`,
  ],
  s3cmd: ({ endpoint, region, accessKeyId, secretAccessKey }) => {
    const { host, protocol } = new URL(endpoint);
    return [
      '# ~/.s3cfg',
      '[default]',
      `access_key = ${accessKeyId}`,
      `secret_key = ${secretAccessKey}`,
      `host_base = ${host}`,
      `host_bucket = ${host}`,
      `bucket_location = ${region}`,
      `use_https = ${protocol === 'https:' ? 'True' : 'False'}`,
    ];
  },
  mc: ({ endpoint, accessKeyId, secretAccessKey }) => {
    const { host, protocol } = new URL(endpoint);
    return [
      `export MC_HOST_aether=${quoted(`${protocol}//${encodeURIComponent(accessKeyId)}:${encodeURIComponent(secretAccessKey)}@${host}`)}`,
    ];
  },
};

/** The settings in the words of another client. Holds secrets: whoever asked for it wants them. */
export function exportSettings(format: ExportFormat, { endpoint, region, credentials, masterAddress, restToken }: ClientSettings): string {
  if (endpoint === null || credentials === null)
    throw usageError('Endpoint and access key are not set.', 'aether config view --show-source');
  const lines = writers[format]({
    endpoint: endpoint.value,
    region: region.value,
    ...credentials.value,
    masterAddress: masterAddress?.value ?? null,
    restToken: restToken?.value ?? null,
  });
  return `${lines.join('\n')}\n`;
}

/** For a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

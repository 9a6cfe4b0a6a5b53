import { join } from 'node:path';
import type { Environment } from '../environment.js';
import { credentialsOf, emptyLayer, type Layer } from './layer.js';
import { parseSections, readOptionalFile } from './name-value-file.js';

/** What the standard variables of AWS clients say. */
export function awsEnvironmentLayer({ variables }: Environment): Layer {
  return {
    ...emptyLayer,
    name: 'environment (AWS_*)',
    endpoint: variables['AWS_ENDPOINT_URL_S3'] ?? variables['AWS_ENDPOINT_URL'] ?? null,
    region: variables['AWS_REGION'] ?? variables['AWS_DEFAULT_REGION'] ?? null,
    credentials: credentialsOf(variables['AWS_ACCESS_KEY_ID'], variables['AWS_SECRET_ACCESS_KEY']),
  };
}

/** What the standard files of AWS clients say for `AWS_PROFILE` or `default`. */
export function awsFilesLayer({ variables, homeFolder }: Environment): Layer {
  const profile = variables['AWS_PROFILE'] ?? 'default';
  const credentialsPath = variables['AWS_SHARED_CREDENTIALS_FILE'] ?? join(homeFolder, '.aws', 'credentials');
  const configPath = variables['AWS_CONFIG_FILE'] ?? join(homeFolder, '.aws', 'config');
  const keys = parseSections(readOptionalFile(credentialsPath) ?? '').get(profile);
  const config = parseSections(readOptionalFile(configPath) ?? '').get(profile === 'default' ? 'default' : `profile ${profile}`);
  const value = (name: string): string | undefined => keys?.get(name) ?? config?.get(name);
  return {
    ...emptyLayer,
    name: `AWS files (profile ${profile})`,
    endpoint: value('endpoint_url') ?? null,
    region: value('region') ?? null,
    credentials: credentialsOf(value('aws_access_key_id'), value('aws_secret_access_key')),
  };
}

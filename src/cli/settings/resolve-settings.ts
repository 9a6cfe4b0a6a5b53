import { readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { secretsFolder } from '../../base/config/settings.js';
import { readSecretText } from '../../base/secret-file.js';
import type { Credentials } from '../../s3/sign.js';
import { usageError } from '../cli-error.js';
import type { Environment } from '../environment.js';
import { awsEnvironmentLayer, awsFilesLayer } from './aws-layers.js';
import { credentialsOf, emptyLayer, type Layer } from './layer.js';
import { parseNameValues, readOptionalFile } from './name-value-file.js';
import { profileLayer, readProfiles } from './profiles.js';

/** Flags that say which store is meant. */
export interface TargetFlags {
  profile?: string;
  endpointUrl?: string;
  region?: string;
  masterAddress?: string;
}

/** A value and the place that it comes from. */
export interface Sourced<T> {
  value: T;
  source: string;
}

/** Which store is meant and who asks. Null: no place says it. */
export interface ClientSettings {
  endpoint: Sourced<string> | null;
  region: Sourced<string>;
  credentials: Sourced<Credentials> | null;
  masterAddress: Sourced<string> | null;
  restToken: Sourced<string> | null;
}

const defaultRegion = 'us-east-1';
/** Where `aetherstore dev` writes the ways into its store, seen from the folder in which it was started. */
const devCredentialsFile = 'aether-data/credentials.env';
/** What the container of a pod says of its store is among them. */
const ownVariables = 'environment (AETHER_*)';
/** Where a master is for somebody inside its container. */
const masterOfContainer = 'http://127.0.0.1:42100';

/**
 * Flags before AETHER_* before the variables and files of AWS before the current profile before the credentials file of
 * `aetherstore dev`. Inside a container of the store its master and its token are known too; that token goes to no address from
 * elsewhere. `profileOfAddress`: the profile that an address such as `work:bucket/key` names.
 */
export function resolveSettings(environment: Environment, flags: TargetFlags, profileOfAddress: string | null = null): ClientSettings {
  const ownLayers = layersOfAether(environment, flags, profileOfAddress);
  const layers = [...ownLayers, awsEnvironmentLayer(environment), awsFilesLayer(environment), ...fallbackLayers(environment)];
  const endpoint = firstOf(layers, 'endpoint');
  const masterAddress = togetherWith(endpoint, 'masterAddress', { ownLayers, layers });
  const restToken = togetherWith(firstOf(layers, 'masterAddress'), 'restToken', { ownLayers, layers });
  return {
    endpoint,
    region: firstOf(layers, 'region') ?? { value: defaultRegion, source: 'default' },
    credentials: togetherWith(endpoint, 'credentials', { ownLayers, layers }),
    ...(restToken === null ? inContainer(environment, masterAddress) : { masterAddress, restToken }),
  };
}

function firstOf<N extends Exclude<keyof Layer, 'name'>>(layers: readonly Layer[], what: N): Sourced<NonNullable<Layer[N]>> | null {
  for (const layer of layers) {
    const value = layer[what];
    if (value !== null) return { value, source: layer.name };
  }
  return null;
}

/**
 * What was said on purpose comes first; then whoever names the address also says who asks there, so that keys of another
 * store, which lie in the files of AWS, are not sent to this one.
 */
function togetherWith<N extends 'credentials' | 'masterAddress' | 'restToken'>(
  address: Sourced<string> | null,
  what: N,
  { ownLayers, layers }: { ownLayers: readonly Layer[]; layers: readonly Layer[] },
): Sourced<NonNullable<Layer[N]>> | null {
  const sameLayer = layers.filter((layer) => layer.name === address?.source);
  return firstOf(ownLayers, what) ?? firstOf(sameLayer, what) ?? firstOf(layers, what);
}

/** What is said to `aether` alone. */
function layersOfAether(environment: Environment, flags: TargetFlags, profileOfAddress: string | null): Layer[] {
  const { variables } = environment;
  const layers: Layer[] = [
    {
      ...emptyLayer,
      name: 'flag',
      endpoint: flags.endpointUrl ?? null,
      region: flags.region ?? null,
      masterAddress: flags.masterAddress ?? null,
    },
  ];
  const chosen = profileOfAddress ?? flags.profile ?? null;
  if (chosen !== null) layers.push(profileLayer(environment, readProfiles(environment), chosen));
  layers.push({
    name: ownVariables,
    endpoint: variables['AETHER_ENDPOINT_URL'] ?? null,
    region: variables['AETHER_REGION'] ?? null,
    credentials: credentialsOf(variables['AETHER_ACCESS_KEY_ID'], variables['AETHER_SECRET_ACCESS_KEY']),
    masterAddress: variables['AETHER_MASTER_ADDRESS'] ?? null,
    restToken: variables['AETHER_REST_TOKEN'] ?? null,
  });
  const profile = variables['AETHER_PROFILE'];
  if (profile !== undefined && chosen === null) layers.push(profileLayer(environment, readProfiles(environment), profile));
  const file = variables['AETHER_CREDENTIALS_FILE'];
  if (file !== undefined) {
    const layer = credentialsFileLayer(environment, file);
    if (layer === null) throw usageError(`The file ${file} of AETHER_CREDENTIALS_FILE does not exist.`);
    layers.push(layer);
  }
  return layers;
}

function fallbackLayers(environment: Environment): Layer[] {
  const layers: Layer[] = [];
  const profiles = readProfiles(environment);
  if (profiles.current !== null) layers.push(profileLayer(environment, profiles, profiles.current));
  const dev = credentialsFileLayer(environment, devCredentialsFile);
  if (dev !== null) layers.push(dev);
  return layers;
}

function inContainer(environment: Environment, named: Sourced<string> | null): Pick<ClientSettings, 'masterAddress' | 'restToken'> {
  const token = named === null || named.source === ownVariables ? tokenOfContainer(environment) : null;
  if (token === null) return { masterAddress: named, restToken: null };
  const source = 'this container';
  return { masterAddress: named ?? { value: masterOfContainer, source }, restToken: { value: token, source } };
}

/** The REST token that the process of the container we are in has, for operators: `kubectl exec … aether status`. */
function tokenOfContainer({ variables }: Environment): string | null {
  const path = variables['AETHER_REST_TOKEN_FILE'] ?? `${secretsFolder}/rest-token`;
  try {
    return readSecretText(readFileSync(path, 'utf8'), { where: path, setting: 'AETHER_REST_TOKEN_FILE' }).lines[0] ?? null;
  } catch {
    return null; // none is there, or it is for others
  }
}

function credentialsFileLayer(environment: Environment, path: string): Layer | null {
  const text = readOptionalFile(isAbsolute(path) ? path : join(environment.workingFolder, path));
  if (text === null) return null;
  const values = parseNameValues(text);
  return {
    name: path,
    endpoint: values.get('AWS_ENDPOINT_URL') ?? null,
    region: values.get('AWS_REGION') ?? null,
    credentials: credentialsOf(values.get('AWS_ACCESS_KEY_ID'), values.get('AWS_SECRET_ACCESS_KEY')),
    masterAddress: values.get('AETHER_MASTER_ADDRESS') ?? null,
    restToken: values.get('AETHER_REST_TOKEN') ?? null,
  };
}

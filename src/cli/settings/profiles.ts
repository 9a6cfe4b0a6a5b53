import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { CliError, usageError } from '../cli-error.js';
import type { Environment } from '../environment.js';
import { exitCode } from '../exit-code.js';
import { credentialsOf, type Layer } from './layer.js';
import { readOptionalFile } from './name-value-file.js';

const profileSchema = z.strictObject({
  endpoint: z.string(),
  region: z.string().optional(),
  accessKeyId: z.string().optional(),
  secretAccessKey: z.string().optional(),
  masterAddress: z.string().optional(),
  restToken: z.string().optional(),
});
const fileSchema = z.strictObject({ current: z.string().nullable(), profiles: z.record(z.string(), profileSchema) });

export type Profile = z.infer<typeof profileSchema>;
export type ProfileFile = z.infer<typeof fileSchema>;

export const profileNamePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function profilePath({ variables, homeFolder }: Environment): string {
  const folder = variables['AETHER_CONFIG_DIR'] ?? join(variables['XDG_CONFIG_HOME'] ?? join(homeFolder, '.config'), 'aether');
  return join(folder, 'profiles.json');
}

/** The profiles; none when there is no file. Refuses a file that others can read, since it holds secrets. */
export function readProfiles(environment: Environment): ProfileFile {
  const path = profilePath(environment);
  const text = readOptionalFile(path);
  if (text === null) return { current: null, profiles: {} };
  if ((statSync(path).mode & 0o077) !== 0) throw usageError(`${path} holds secrets and others can read it.`, `chmod 600 ${path}`);
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CliError(
      { exitCode: exitCode.usage, code: 'usage', what: `${path} is not a file of profiles.`, hint: 'aether config profile add NAME' },
      { cause },
    );
  }
}

export async function writeProfiles(environment: Environment, file: ProfileFile): Promise<void> {
  const path = profilePath(environment);
  mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `${JSON.stringify(file, null, 2)}\n`, 0o600);
}

/** What a profile says; refuses a name that nobody added. */
export function profileLayer(environment: Environment, file: ProfileFile, name: string): Layer {
  const profile = Object.hasOwn(file.profiles, name) ? file.profiles[name] : undefined;
  if (profile === undefined) throw usageError(`There is no profile ${JSON.stringify(name)}.`, 'aether config profile ls');
  return {
    name: `profile ${name} (${profilePath(environment)})`,
    endpoint: profile.endpoint,
    region: profile.region ?? null,
    credentials: credentialsOf(profile.accessKeyId, profile.secretAccessKey),
    masterAddress: profile.masterAddress ?? null,
    restToken: profile.restToken ?? null,
  };
}

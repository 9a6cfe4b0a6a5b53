import { parseArgs } from 'node:util';
import { ConfigError } from './config-error.js';
import { nearestName } from './nearest-name.js';
import {
  commandLineVariables,
  defaultText,
  describedSettings,
  type DescribedSetting,
  type Role,
  type SettingName,
  type Settings,
} from './settings.js';

/** Where a value comes from, as it is named in messages. */
type Source = 'flag' | 'environment' | `file ${string}` | 'default';

export interface LoadedSettings<R extends Role> {
  settings: Settings<R>;
  sources: Readonly<Partial<Record<SettingName, Source>>>;
}

export interface SettingsInput<R extends Role> {
  role: R;
  /** What follows the role on the command line. */
  flags: readonly string[];
  environment: Readonly<Record<string, string | undefined>>;
  /** Reads the file that `config` names. */
  readFile: (path: string) => string;
}

interface Given {
  text: string;
  source: Source;
  /** How the person who set it calls it: `--port`, `AETHER_PORT`. */
  calledName: string;
}

/** Flags before environment before file before default. Throws `ConfigError` at the first thing that is wrong. */
export function loadSettings<R extends Role>(input: SettingsInput<R>): LoadedSettings<R> {
  const flags = readFlags(input);
  const environment = readVariables(Object.entries(input.environment), 'environment');
  const configPath = flags.get('config') ?? environment.get('config');
  const file = configPath ? readConfigFile(configPath, input.readFile) : new Map<SettingName, Given>();

  const settings: Partial<Record<SettingName, unknown>> = {};
  const sources: Partial<Record<SettingName, Source>> = {};
  for (const setting of settingsOf(input.role)) {
    const fallback = defaultText(setting, input.role);
    const given =
      flags.get(setting.name) ??
      environment.get(setting.name) ??
      file.get(setting.name) ??
      (fallback === null ? null : { text: fallback, source: 'default' as const, calledName: setting.environmentName });
    settings[setting.name] = given ? parse(setting, given) : null;
    sources[setting.name] = given?.source ?? 'default';
  }
  return { settings: settings as unknown as Settings<R>, sources };
}

/** The rows that a role takes. */
export function settingsOf(role: Role): DescribedSetting[] {
  return describedSettings.filter((setting) => setting.roles.includes(role));
}

function parse(setting: DescribedSetting, given: Given): unknown {
  const value = setting.type.parse(given.text);
  if (value !== undefined) return value;
  const origin = given.source === 'flag' ? '' : ` (${given.source})`;
  throw new ConfigError(`${given.calledName}${origin}: ${JSON.stringify(given.text)} is not accepted; accepted is ${setting.type.accepts}`);
}

function readFlags({ role, flags }: Pick<SettingsInput<Role>, 'role' | 'flags'>): Map<SettingName, Given> {
  const known = new Map(describedSettings.map((setting) => [setting.flag, setting]));
  const options = Object.fromEntries(
    describedSettings.map((setting) => [
      setting.flag.slice(2),
      { type: setting.type.standsAlone ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({ args: [...flags], options, strict: false, allowPositionals: true, tokens: true });
  const given = new Map<SettingName, Given>();
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional')
      throw new ConfigError(`${JSON.stringify(token.value)}: ${role} takes flags only (see \`aetherstore help ${role}\`)`);
    const setting = known.get(token.rawName);
    if (!setting?.roles.includes(role)) {
      throw new ConfigError(
        unknownText(
          token.rawName,
          `no flag of ${role}`,
          settingsOf(role).map((row) => row.flag),
        ),
      );
    }
    const text = token.value ?? (setting.type.standsAlone ? 'true' : null);
    if (text === null) throw new ConfigError(`${setting.flag}: the value is missing; accepted is ${setting.type.accepts}`);
    if (given.has(setting.name)) throw new ConfigError(`${setting.flag}: given twice`);
    given.set(setting.name, { text, source: 'flag', calledName: setting.flag });
  }
  return given;
}

/** Names of other roles are passed over, since processes share environments; unknown AETHER_ names are not. */
function readVariables(entries: readonly (readonly [string, string | undefined])[], source: Source): Map<SettingName, Given> {
  const known = new Map(describedSettings.filter((setting) => !setting.flagOnly).map((setting) => [setting.environmentName, setting]));
  const given = new Map<SettingName, Given>();
  for (const [name, text] of entries) {
    if (!name.startsWith('AETHER_') || text === undefined) continue;
    const setting = known.get(name);
    if (setting) given.set(setting.name, { text, source, calledName: name });
    else if (!commandLineVariables.some((variable) => variable === name)) {
      const flagOnly = describedSettings.find((row) => row.environmentName === name);
      if (flagOnly) throw new ConfigError(`${name} (${source}): it is a flag only: ${flagOnly.flag}`);
      throw new ConfigError(unknownText(`${name} (${source})`, 'no setting of that name', [...known.keys()], name));
    }
  }
  return given;
}

function readConfigFile(configPath: Given, readFile: (path: string) => string): Map<SettingName, Given> {
  let content: string;
  try {
    content = readFile(configPath.text);
  } catch (error) {
    throw new ConfigError(`${configPath.calledName}: the file cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const entries: [string, string][] = [];
  for (const [index, raw] of content.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const match = /^(AETHER_[A-Z0-9_]+)=(.*)$/.exec(line);
    if (!match) throw new ConfigError(`${configPath.text} line ${index + 1}: not of the form AETHER_NAME=VALUE`);
    entries.push([match[1]!, match[2]!]);
  }
  return readVariables(entries, `file ${configPath.text}`);
}

function unknownText(called: string, what: string, names: readonly string[], given = called): string {
  const near = nearestName(given, names);
  return `${called}: ${what}${near ? `; did you mean ${near}?` : ''}`;
}

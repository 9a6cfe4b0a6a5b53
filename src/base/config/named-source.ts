import type { LoadedSettings } from './load-settings.js';
import { describedSettings, type Role, type SettingName } from './settings.js';

/** `--port` or `AETHER_PORT (environment)`: how a message names a setting and where its value comes from. */
export function namedSource(sources: LoadedSettings<Role>['sources'], name: SettingName): string {
  const setting = describedSettings.find((row) => row.name === name);
  return sources[name] === 'flag' ? String(setting?.flag) : `${setting?.environmentName} (${sources[name]})`;
}

import type { LoadedSettings } from './load-settings.js';
import { describedSettings, type Role, type SettingName } from './settings.js';

/** `AETHER_PORT (flag)`: how a message names a setting and where its value comes from. */
export function namedSource(sources: LoadedSettings<Role>['sources'], name: SettingName): string {
  const setting = describedSettings.find((row) => row.name === name);
  return `${setting?.environmentName} (${sources[name]})`;
}

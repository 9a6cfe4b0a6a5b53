import { describedSettings, type Role, type SettingName } from './settings.js';

/** Settings as the environment of child processes of these roles: all that they take as well, but the excepted. */
export function environmentFor(roles: readonly Role[], settings: object, except: readonly SettingName[]): Record<string, string> {
  const values = new Map<string, unknown>(Object.entries(settings));
  const handedOn = describedSettings.filter(
    ({ name, flagOnly, roles: takers }) =>
      !flagOnly && !except.includes(name) && takers.some((role) => roles.includes(role)) && (values.get(name) ?? null) !== null,
  );
  return Object.fromEntries(handedOn.map(({ name, environmentName }) => [environmentName, String(values.get(name))]));
}

import { ConfigError } from './config-error.js';
import type { LoadedSettings } from './load-settings.js';
import { namedSource } from './named-source.js';
import type { Role, SettingName } from './settings.js';

/** Pairs of which the first must not be above the second. */
const ordered = [
  ['writeQuorum', 'replicationFactor'],
  ['heartbeatMs', 'suspectAfterMs'],
  ['suspectAfterMs', 'downAfterMs'],
  ['warnFillFraction', 'readOnlyFillFraction'],
  ['backFillFraction', 'readOnlyFillFraction'],
  ['drainDelayMs', 'stopDeadlineMs'],
] as const;

/** What no setting can see alone. Throws `ConfigError`. */
export function checkSettings(loaded: { settings: object; sources: LoadedSettings<Role>['sources'] }): void {
  const values = loaded.settings as Readonly<Partial<Record<SettingName, unknown>>>;
  const named = (name: SettingName): string => namedSource(loaded.sources, name);
  for (const [lower, upper] of ordered) {
    const [below, above] = [values[lower], values[upper]];
    if (typeof below === 'number' && typeof above === 'number' && below > above) {
      throw new ConfigError(`${named(lower)}: ${below} is not accepted; accepted is at most ${above}, the value of ${named(upper)}`);
    }
  }
  for (const [given, missing] of [
    ['tlsCertificateFile', 'tlsKeyFile'],
    ['tlsKeyFile', 'tlsCertificateFile'],
  ] as const) {
    if ((values[given] ?? null) !== null && values[missing] === null)
      throw new ConfigError(`${named(given)}: it is not accepted alone; ${named(missing)} is wanted beside it`);
  }
  if (values['restAuth'] === 'none' && !isLoopback(String(values['listenHost'])) && values['restAuthNoneAccepted'] === null) {
    throw new ConfigError(
      `${named('restAuth')}: "none" is not accepted for ${named('listenHost')} ${JSON.stringify(values['listenHost'])}; accepted is a loopback listener, or AETHER_REST_AUTH_NONE_ACCEPTED=published-on-loopback-only`,
    );
  }
}

/** Whether only this machine reaches a listener on this address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

import { expect, test } from 'vitest';
import { checkSettings } from './check-settings.js';
import { ConfigError } from './config-error.js';
import { loadSettings } from './load-settings.js';
import type { Role } from './settings.js';

function check(role: Role, environment: Record<string, string>): string | null {
  try {
    checkSettings(loadSettings({ role, flags: [], environment, readFile: () => '' }));
    return null;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
}

test('the defaults of every role fit each other', () => {
  for (const role of ['master', 'datanode', 'gateway', 'dev'] as const) expect(check(role, {})).toBeNull();
});

test('what must not be above something else names both, with their sources', () => {
  expect(check('master', { AETHER_REPLICATION_FACTOR: '1' })).toBe(
    'AETHER_WRITE_QUORUM (default): 2 is not accepted; accepted is at most 1, the value of AETHER_REPLICATION_FACTOR (environment)',
  );
  expect(check('master', { AETHER_SUSPECT_AFTER_MS: '2m' })).toMatch(
    /^AETHER_SUSPECT_AFTER_MS \(environment\): 120000 .* AETHER_DOWN_AFTER_MS \(default\)$/,
  );
  expect(check('datanode', { AETHER_READ_ONLY_FILL_FRACTION: '0.5' })).toMatch(/^AETHER_WARN_FILL_FRACTION/);
});

test('REST without a token needs a loopback listener, or words that say who guards it', () => {
  const none = { AETHER_REST_AUTH: 'none' };
  expect(check('datanode', none)).toMatch(
    /^AETHER_REST_AUTH \(environment\): "none" is not accepted for AETHER_LISTEN_HOST \(default\) "0\.0\.0\.0"/,
  );
  expect(check('master', { ...none, AETHER_LISTEN_HOST: '127.0.0.1.example.org' })).toMatch(/not accepted/);
  expect(check('master', { ...none, AETHER_LISTEN_HOST: '127.0.0.1' })).toBeNull();
  expect(check('datanode', { ...none, AETHER_REST_AUTH_NONE_ACCEPTED: 'published-on-loopback-only' })).toBeNull();
});

import { describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.js';
import { loadSettings, type SettingsInput } from './load-settings.js';
import type { Role } from './settings.js';

function load<R extends Role>(role: R, given: Partial<Omit<SettingsInput<R>, 'role'>>) {
  return loadSettings({
    role,
    flags: [],
    environment: {},
    readFile: () => {
      throw new Error('no such file');
    },
    ...given,
  });
}

function refusalOf(role: Role, given: Partial<Omit<SettingsInput<Role>, 'role'>>): string {
  try {
    load(role, given);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message } = error as ConfigError;
    expect(message).not.toContain('\n');
    return message;
  }
  throw new Error('was accepted');
}

describe('where a value comes from', () => {
  test('a flag wins over the environment, that over the file, that over the default', () => {
    const { settings, sources } = load('datanode', {
      flags: ['--port', '2', '--config=/etc/a.env'],
      environment: { AETHER_PORT: '3', AETHER_ADMIN_PORT: '33', PATH: '/bin' },
      readFile: () => '# ports\nAETHER_PORT=4\n\nAETHER_ADMIN_PORT=5\nAETHER_ZONE=file-zone\n',
    });
    expect(settings).toMatchObject({ port: 2, adminPort: 33, zone: 'file-zone', heartbeatMs: 3000, masterAddress: null });
    expect(sources).toMatchObject({
      port: 'flag',
      adminPort: 'environment',
      zone: 'file /etc/a.env',
      heartbeatMs: 'default',
      masterAddress: 'default',
    });
  });

  test('the same setting has another default in another role', () => {
    expect(load('master', {}).settings.port).toBe(42_100);
    expect(load('datanode', {}).settings.port).toBe(42_101);
    expect(load('gateway', {}).settings.port).toBe(9000);
  });

  test('variables of other roles are passed over, since processes share an environment', () => {
    expect(load('gateway', { environment: { AETHER_DATA_PATH: '/x', AETHER_REST_TOKEN: 'x' } }).settings).not.toHaveProperty('dataPath');
  });

  test('durations and sizes are taken with a unit and without', () => {
    const flags = ['--repair-delay-ms', '5s', '--delete-grace-ms', '250', '--generation-ms', '12h'];
    expect(load('master', { flags }).settings).toMatchObject({ repairDelayMs: 5000, deleteGraceMs: 250, generationMs: 43_200_000 });
    expect(load('datanode', { flags: ['--segment-size-bytes', '8MiB'] }).settings.segmentSizeBytes).toBe(8 * 2 ** 20);
  });

  test('a flag for yes stands alone or has a value', () => {
    expect(load('master', { flags: ['--gateway'] }).settings.gateway).toBe(true);
    expect(load('master', { flags: ['--gateway=false', '--take-over'] }).settings).toMatchObject({ gateway: false, takeOver: true });
  });
});

describe('what is wrong is one line that names the setting, its source and what is accepted', () => {
  test.each([
    ['flag', { flags: ['--port', 'abc'] }, '--port: "abc" is not accepted; accepted is a port number from 0 to 65535 (0: any free one)'],
    ['flag without value', { flags: ['--port'] }, '--port: the value is missing; accepted is a port number'],
    ['flag twice', { flags: ['--port', '1', '--port', '2'] }, '--port: given twice'],
    [
      'environment',
      { environment: { AETHER_LOG_LEVEL: 'loud' } },
      'AETHER_LOG_LEVEL (environment): "loud" is not accepted; accepted is debug or info',
    ],
    ['empty variable', { environment: { AETHER_PORT: '' } }, 'AETHER_PORT (environment): "" is not accepted'],
    ['file', { flags: ['--config', 'f'], readFile: () => 'AETHER_PORT=70000' }, 'AETHER_PORT (file f): "70000" is not accepted'],
    ['line of a file', { flags: ['--config', 'f'], readFile: () => 'x: 1' }, 'f line 1: not of the form AETHER_NAME=VALUE'],
    ['missing file', { environment: { AETHER_CONFIG: '/f' } }, 'AETHER_CONFIG: the file cannot be read: no such file'],
    ['unknown flag', { flags: ['--prot', '1'] }, '--prot: no flag of master; did you mean --port?'],
    ['flag of another role', { flags: ['--zone', 'a'] }, '--zone: no flag of master'],
    [
      'unknown variable',
      { environment: { AETHER_REPLICATION_FACTR: '3' } },
      'AETHER_REPLICATION_FACTR (environment): no setting of that name; did you mean AETHER_REPLICATION_FACTOR?',
    ],
    [
      'variable for a flag-only setting',
      { environment: { AETHER_TAKE_OVER: 'true' } },
      'AETHER_TAKE_OVER (environment): it is a flag only: --take-over',
    ],
    [
      'unknown name in a file',
      { flags: ['--config', 'f'], readFile: () => 'AETHER_PROT=1' },
      'AETHER_PROT (file f): no setting of that name; did you mean AETHER_PORT?',
    ],
    ['a word', { flags: ['start'] }, '"start": master takes flags only'],
    ['duration', { flags: ['--heartbeat-ms', '3 s'] }, '--heartbeat-ms: "3 s" is not accepted; accepted is a duration from 20ms to 1m'],
  ])('%s', (_, given, expected) => {
    expect(refusalOf('master', given)).toContain(expected);
  });

  test.each(['localhost:42100', 'http://master', 'https://master:1', 'http://u:p@master:1', 'http://master:99999', 'http://master:1/x'])(
    'an address like %s is refused',
    (address) => {
      expect(refusalOf('gateway', { flags: ['--master-address', address] })).toContain(
        'accepted is an address of the form http://HOST:PORT',
      );
    },
  );
});

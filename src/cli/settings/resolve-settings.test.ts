import { chmodSync, mkdirSync, mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { runAether, type AetherRun } from '../../testing/run-aether.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-settings-'));
});

function write(path: string, text: string, mode = 0o600): void {
  mkdirSync(join(folder, path, '..'), { recursive: true });
  writeFileSync(join(folder, path), text, { mode });
}

function run(args: string[], variables: Record<string, string> = {}, stdin = ''): Promise<AetherRun> {
  return runAether(args, { folder, variables, stdin });
}

/** Each setting as `value < source`. */
async function view(args: string[] = [], variables: Record<string, string> = {}): Promise<Record<string, string>> {
  const { out, err } = await run(['config', 'view', '-o', 'json', ...args], variables);
  expect(err).toBe('');
  const rows = JSON.parse(out) as { name: string; value: string; source: string }[];
  return Object.fromEntries(rows.map(({ name, value, source }) => [name, `${value} < ${source.replaceAll(folder, '~')}`]));
}

function addProfile(name: string, endpoint: string, ...flags: string[]): Promise<AetherRun> {
  return run(
    ['config', 'profile', 'add', name, '--endpoint-url', endpoint, ...flags],
    {},
    `AK${name}\nsecret-of-${name}\ntoken-of-${name}\n`,
  );
}

const devFile = `# Written by aetherstore dev
AWS_ACCESS_KEY_ID=AKDEV
AWS_SECRET_ACCESS_KEY=secret-dev
AWS_ENDPOINT_URL=http://127.0.0.1:9000
AWS_REGION=eu-dev-1
AETHER_REST_TOKEN=token-dev
AETHER_MASTER_ADDRESS=http://127.0.0.1:42100
`;

describe('which store is meant', () => {
  test('nothing says it', async () => {
    expect(await view()).toMatchObject({ endpoint: ' < not set', region: 'us-east-1 < default', accessKeyId: ' < not set' });
  });

  test('the credentials file of dev is found where dev was started, and secrets are not shown', async () => {
    write('aether-data/credentials.env', devFile);
    const source = 'aether-data/credentials.env';
    expect(await view()).toEqual({
      endpoint: `http://127.0.0.1:9000 < ${source}`,
      region: `eu-dev-1 < ${source}`,
      accessKeyId: `AKDEV < ${source}`,
      secretAccessKey: `(hidden) < ${source}`,
      masterAddress: `http://127.0.0.1:42100 < ${source}`,
      restToken: `(hidden) < ${source}`,
    });
  });

  test('flags before AETHER_* before AWS_* before the files of AWS before the current profile before the file of dev', async () => {
    write('aether-data/credentials.env', devFile);
    const steps: [() => Promise<unknown> | void, string[], Record<string, string>, string][] = [
      [() => addProfile('work', 'http://profile:9000'), [], {}, 'http://profile:9000 < profile work (~/.config/aether/profiles.json)'],
      [
        () => write('.aws/config', '[default]\nendpoint_url = http://files:9000\n'),
        [],
        {},
        'http://files:9000 < AWS files (profile default)',
      ],
      [() => undefined, [], { AWS_ENDPOINT_URL: 'http://aws:9000' }, 'http://aws:9000 < environment (AWS_*)'],
      [
        () => undefined,
        [],
        { AWS_ENDPOINT_URL: 'http://aws:9000', AETHER_ENDPOINT_URL: 'http://own:9000' },
        'http://own:9000 < environment (AETHER_*)',
      ],
      [() => undefined, ['--endpoint-url', 'http://flag:9000'], { AETHER_ENDPOINT_URL: 'http://own:9000' }, 'http://flag:9000 < flag'],
    ];
    for (const [prepare, args, variables, endpoint] of steps) {
      await prepare();
      expect((await view(args, variables))['endpoint']).toBe(endpoint);
    }
  });

  test('a profile by flag, by variable or by address goes before what lies about', async () => {
    await addProfile('work', 'http://work:9000');
    await addProfile('home', 'http://home:9000', '--use');
    expect((await view())['accessKeyId']).toMatch(/^AKhome </);
    expect((await view(['--profile', 'work']))['endpoint']).toMatch(/^http:\/\/work:9000 </);
    expect((await view([], { AETHER_PROFILE: 'work', AWS_ENDPOINT_URL: 'http://aws' }))['endpoint']).toMatch(/^http:\/\/work:9000 </);
    const { err } = await run(['ls', 'work:bucket/', '--debug', '--timeout', '1'], {});
    expect(err).toContain('endpoint: http://work:9000 from profile work');
    expect((await run(['ls', 'nobody:bucket/'])).err).toContain('There is no profile "nobody"');
  });

  test('keys of another store are not sent to the one whose file or profile brings its own', async () => {
    write('.aws/credentials', '[default]\naws_access_key_id = AKAMAZON\naws_secret_access_key = s\n');
    expect((await view())['accessKeyId']).toBe('AKAMAZON < AWS files (profile default)');
    write('aether-data/credentials.env', devFile);
    expect((await view())['accessKeyId']).toBe('AKDEV < aether-data/credentials.env');
    const half = { AWS_ACCESS_KEY_ID: 'AKHALF' };
    expect((await view([], half))['accessKeyId']).toBe('AKDEV < aether-data/credentials.env');
    const own = { AETHER_ACCESS_KEY_ID: 'AKOWN', AETHER_SECRET_ACCESS_KEY: 's' };
    expect((await view([], own))['accessKeyId']).toBe('AKOWN < environment (AETHER_*)');
  });

  test('in a container of the store its token is for its own master, or the one of its environment, and no other', async () => {
    const token = 'token-of-container-0123456789abcdef0123456789';
    write('rest-token', `# cluster-id: 1\n  ${token}\n`);
    const inside = { AETHER_REST_TOKEN_FILE: join(folder, 'rest-token') };
    expect(await view([], inside)).toMatchObject({
      accessKeyId: ' < not set',
      masterAddress: 'http://127.0.0.1:42100 < this container',
      restToken: '(hidden) < this container',
    });
    expect(await view([], { ...inside, AETHER_MASTER_ADDRESS: 'http://master:42100' })).toMatchObject({
      masterAddress: 'http://master:42100 < environment (AETHER_*)',
      restToken: '(hidden) < this container',
    });
    const other = 'http://other:42100';
    expect(await view(['--master-address', other], inside)).toMatchObject({ masterAddress: `${other} < flag`, restToken: ' < not set' });
    write('elsewhere.env', `AETHER_MASTER_ADDRESS=${other}\n`);
    expect(await view([], { ...inside, AETHER_CREDENTIALS_FILE: 'elsewhere.env' })).toMatchObject({
      masterAddress: `${other} < elsewhere.env`,
      restToken: ' < not set',
    });
  });

  test('AETHER_CREDENTIALS_FILE has to exist', async () => {
    write('elsewhere.env', devFile.replace('127.0.0.1:9000', 'elsewhere:9000'));
    expect((await view([], { AETHER_CREDENTIALS_FILE: 'elsewhere.env' }))['endpoint']).toBe('http://elsewhere:9000 < elsewhere.env');
    expect(await run(['ls'], { AETHER_CREDENTIALS_FILE: 'missing.env' })).toMatchObject({ code: 2 });
  });
});

describe('profiles', () => {
  test('live in a file that nobody else can read', async () => {
    const added = await addProfile('work', 'http://work:9000', '--region', 'eu-1', '--master-address', 'http://work:42100');
    expect(added).toMatchObject({ code: 0, err: '' });
    const path = join(folder, '.config/aether/profiles.json');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
      current: 'work',
      profiles: {
        work: {
          endpoint: 'http://work:9000',
          region: 'eu-1',
          accessKeyId: 'AKwork',
          secretAccessKey: 'secret-of-work',
          masterAddress: 'http://work:42100',
          restToken: 'token-of-work',
        },
      },
    });
    chmodSync(path, 0o644);
    const refused = await run(['config', 'profile', 'ls']);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('chmod 600')]);
  });

  test('are listed, chosen, and refused under odd names', async () => {
    await addProfile('one', 'http://one:9000');
    await addProfile('two', 'http://two:9000');
    expect((await run(['config', 'profile', 'use', 'two'])).code).toBe(0);
    expect((await run(['config', 'profile', 'ls'])).out).toBe(
      'CURRENT  PROFILE  ENDPOINT         REGION\n         one      http://one:9000\n*        two      http://two:9000\n',
    );
    for (const name of ['s3', '../x', '', '-a', 'a b'])
      expect((await run(['config', 'profile', 'add', '--endpoint-url', 'http://x:1', '--', name])).code).toBe(2);
    expect((await run(['config', 'profile', 'use', '__proto__'])).code).toBe(2);
    expect((await run(['config', 'profile', 'add', 'x'])).err).toContain('needs an endpoint');
    expect((await run(['config', 'profile', 'add', 'x', '--endpoint-url', 'http://x:1'])).err).toContain('are needed');
  });
});

test.each([
  ['env', "export AWS_SECRET_ACCESS_KEY='it'\\''s secret'"],
  ['aws', 'endpoint_url = http://127.0.0.1:9000'],
  ['rclone', 'endpoint = http://127.0.0.1:9000'],
  ['s3cmd', 'host_base = 127.0.0.1:9000'],
  ['mc', "export MC_HOST_aether='http://AK:it's%20secret@127.0.0.1:9000'".replace("it's", String.raw`it'\''s`)],
])('export %s writes what that client reads', async (format, line) => {
  const variables = { AWS_ENDPOINT_URL: 'http://127.0.0.1:9000', AWS_ACCESS_KEY_ID: 'AK', AWS_SECRET_ACCESS_KEY: "it's secret" };
  const { out, code } = await run(['config', 'export', format], variables);
  expect(code).toBe(0);
  expect(out.split('\n')).toContain(line);
});

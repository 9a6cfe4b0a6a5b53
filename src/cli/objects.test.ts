import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { lstatSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { runAether, type AetherOptions, type AetherRun } from '../testing/run-aether.js';
import { SmallS3Server } from '../testing/small-s3-server.js';
import { exitCode } from './exit-code.js';

const credentials = { accessKeyId: 'AKIDCLI', secretAccessKey: 'a-secret-for-the-command-line' };
const server = await SmallS3Server.start(credentials);
afterAll(() => server.close());

const MiB = 1024 * 1024;
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aether-objects-'));
  server.objects.clear();
  server.uploads.clear();
  server.buckets.clear();
  server.buckets.add('demo');
  server.faults.busy = 0;
  server.faults.brokenGets = { times: 0, afterBytes: 0 };
  server.faults.onRequest = () => undefined;
});

function run(args: string[], options: Partial<AetherOptions> = {}): Promise<AetherRun> {
  const variables = {
    AETHER_ENDPOINT_URL: server.endpoint,
    AETHER_ACCESS_KEY_ID: credentials.accessKeyId,
    AETHER_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  };
  return runAether(args, { folder, variables, ...options });
}

function file(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function stored(key: string, content: Buffer | string): void {
  const body = Buffer.from(content);
  server.objects.set(`/demo/${key}`, { body, etag: createHash('md5').update(body).digest('hex'), headers: {} });
}

describe('put', () => {
  test('uploads a file with its type and metadata', async () => {
    const path = file('a.txt', 'hello');
    const { code, out } = await run([
      'put',
      path,
      's3://demo/x/a.txt',
      '--content-type',
      'text/plain',
      '--meta',
      'Owner=me',
      '--meta',
      'n=2',
    ]);
    expect([code, out]).toEqual([0, 's3://demo/x/a.txt  5 B\n']);
    const object = server.objects.get('/demo/x/a.txt');
    expect(object?.body.toString()).toBe('hello');
    expect(object?.headers).toEqual({ 'content-type': 'text/plain', 'x-amz-meta-owner': 'me', 'x-amz-meta-n': '2' });
  });

  test.each(['empty', 'name with spaces', 'ä€😀', "it's (odd)!*&=?#%", '..', 'a//b/../c'])('takes the key %j as it is', async (key) => {
    const path = file('odd', key === 'empty' ? '' : key);
    expect((await run(['put', path, `s3://demo/${key}`])).code).toBe(0);
    expect(server.objects.has(`/demo/${key}`)).toBe(true);
    expect((await run(['cat', `s3://demo/${key}`])).out).toBe(key === 'empty' ? '' : key);
    const listed = (await run(['ls', '-r', 's3://demo', '-o', 'jsonl'])).out;
    expect((JSON.parse(listed) as { key: string }).key).toBe(key);
  });

  test('uploads more than 64 MiB in parts, and stdin as it comes', async () => {
    const body = randomBytes(65 * MiB);
    expect((await run(['put', file('big', body), 's3://demo/big', '-o', 'json'])).out).toContain('"parts": 5');
    expect(server.objects.get('/demo/big')?.body.equals(body)).toBe(true);
    const stdin = Readable.from([body.subarray(0, MiB), body.subarray(MiB, 12 * MiB)]);
    expect((await run(['put', '-', 's3://demo/piped', '--part-size', '5MiB'], { stdin })).out).toContain('3 parts');
    expect(server.objects.get('/demo/piped')?.body.equals(body.subarray(0, 12 * MiB))).toBe(true);
    expect(server.uploads.size).toBe(0);
  });

  test('several files keep their names; what fails is named, the rest is done, and the exit code is 6', async () => {
    const [one, two] = [file('one', '1'), file('two', '2')];
    const { code, err } = await run(['put', one, join(folder, 'missing'), two, 's3://demo/in/']);
    expect(code).toBe(exitCode.partial);
    expect(err).toContain('missing: There is no file');
    expect([...server.objects.keys()]).toEqual(['/demo/in/one', '/demo/in/two']);
    const json = await run(['put', one, two, 's3://demo/in/', '-o', 'json']);
    expect(JSON.parse(json.out)).toMatchObject([{ key: 'in/one' }, { key: 'in/two', sizeBytes: 1 }]);
  });

  test('several files are not put together under one key, and a folder is none', async () => {
    const { code, err } = await run(['put', file('one', '1'), file('two', '2'), 's3://demo/key']);
    expect(code).toBe(exitCode.usage);
    expect(err).toContain('s3://demo/key is one key, and these are 2 files.');
    expect((await run(['put', folder, 's3://demo/'])).err).toContain('is a folder');
    expect(server.objects.size).toBe(0);
  });

  test('--no-clobber fails with exit code 5 when the object exists', async () => {
    stored('k', 'old');
    const { code, err } = await run(['put', file('k', 'new'), 's3://demo/k', '--no-clobber']);
    expect(code).toBe(exitCode.conflict);
    expect(err).toContain('request id: REQUEST1');
    expect(server.objects.get('/demo/k')?.body.toString()).toBe('old');
  });

  test('goes on when the store is busy for a moment', async () => {
    server.faults.busy = 2;
    expect((await run(['put', file('k', 'x'), 's3://demo/k'])).code).toBe(0);
  });

  test('Ctrl-C aborts the multipart upload that it began', async () => {
    const interrupt = new AbortController();
    server.faults.onRequest = (line) => {
      if (line.includes('partNumber=2')) interrupt.abort();
    };
    const { code } = await run(['put', file('big', Buffer.alloc(70 * MiB)), 's3://demo/big', '--concurrency', '1'], { interrupt });
    expect(code).toBe(exitCode.interrupted);
    expect(server.uploads.size).toBe(0);
    expect(server.objects.size).toBe(0);
  });
});

describe('get and cat', () => {
  test('download into a folder, verified, and to stdout', async () => {
    stored('dir/k.bin', 'content');
    const { code, out } = await run(['get', 's3://demo/dir/k.bin', folder]);
    expect([code, out]).toEqual([0, `${join(folder, 'k.bin')}  7 B, verified by MD5\n`]);
    expect(readFileSync(join(folder, 'k.bin'), 'utf8')).toBe('content');
    expect(readdirSync(folder)).toEqual(['k.bin']);
    expect((await run(['get', 's3://demo/dir/k.bin', '-'])).out).toBe('content');
    expect((await run(['cat', 's3://demo/dir/k.bin', '--range', '1-3'])).out).toBe('ont');
    expect((await run(['cat', 's3://demo/dir/k.bin', '--range', '3-'])).out).toBe('tent');
  });

  test('what is no file is written into and stays what it is; a link stays a link', async () => {
    stored('k', 'content');
    const [pipe, link] = [join(folder, 'pipe'), join(folder, 'link')];
    execFileSync('mkfifo', [pipe]);
    const read = new Promise<string>((resolve) => execFile('cat', [pipe], (_error, out) => resolve(out)));
    expect((await run(['get', 's3://demo/k', pipe])).code).toBe(0);
    expect(await read).toBe('content');
    expect(lstatSync(pipe).isFIFO()).toBe(true);
    symlinkSync(file('target', 'old'), link);
    expect((await run(['get', 's3://demo/k', link])).code).toBe(0);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('content');
  });

  test('a place that cannot be written is told with the name that was typed', async () => {
    stored('k', 'content');
    const path = join(folder, 'not-there', 'k');
    const { code, err } = await run(['get', 's3://demo/k', path]);
    expect(code).toBe(exitCode.notFound);
    expect(err).toBe(`error: ${path} cannot be written.\n  why: There is no such file or folder.\n`);
  });

  test('a list that fails at once writes nothing for programs to trip over', async () => {
    const { code, out } = await run(['-o', 'json', 'ls', 's3://not-there/']);
    expect(code).not.toBe(0);
    expect(out).toBe('');
  });

  test('a connection that breaks is taken up again at the same byte', async () => {
    const body = randomBytes(3 * MiB);
    stored('k', body);
    server.faults.brokenGets = { times: 3, afterBytes: 700_000 };
    expect((await run(['cat', 's3://demo/k'])).bytes.equals(body)).toBe(true);
  });

  test('a range beyond the object is refused, also of an empty one', async () => {
    stored('three', 'abc');
    stored('empty', '');
    expect((await run(['cat', 's3://demo/three', '--range', '1-9'])).out).toBe('bc');
    const { code, err } = await run(['cat', 's3://demo/three', '--range', '3-9']);
    expect([code, err]).toEqual([exitCode.other, 'error: --range 3-9 is not in the object, which has 3 bytes.\n']);
    expect((await run(['cat', 's3://demo/three', '--range', '2-1'])).code).toBe(exitCode.usage);
    expect((await run(['cat', 's3://demo/empty', '--range', '0-'])).code).toBe(0);
  });

  test('an interrupted download goes on with the next command; a changed object begins anew', async () => {
    const body = randomBytes(2 * MiB);
    stored('k', body);
    const path = join(folder, 'k');
    const interrupt = new AbortController();
    server.faults.brokenGets = { times: 1, afterBytes: MiB };
    let gets = 0;
    server.faults.onRequest = (line) => {
      if (line.startsWith('GET') && (gets += 1) === 2) interrupt.abort();
    };
    const first = await run(['get', 's3://demo/k', path], { interrupt });
    expect(first.code).toBe(exitCode.interrupted);
    expect(first.err).toContain(`aether get s3://demo/k ${path}`);
    expect(readdirSync(folder)).toHaveLength(1);
    server.faults.onRequest = () => undefined;
    const second = await run(['get', 's3://demo/k', path, '-o', 'json']);
    const { resumedBytes } = JSON.parse(second.out) as { resumedBytes: number };
    expect(resumedBytes).toBeGreaterThan(0);
    expect(resumedBytes).toBeLessThanOrEqual(MiB);
    expect(readFileSync(path).equals(body)).toBe(true);
    stored('k', 'other');
    expect((await run(['get', 's3://demo/k', path])).code).toBe(0);
    expect(readFileSync(path, 'utf8')).toBe('other');
  });

  test('wrong bytes on disk are found and not kept', async () => {
    stored('k', 'content');
    const etag = server.objects.get('/demo/k')!.etag;
    file(`.k.${etag}.aether-part`, 'XXX');
    const { code, err } = await run(['get', 's3://demo/k', join(folder, 'k')]);
    expect(code).toBe(exitCode.other);
    expect(err).toContain('MD5');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('what is not there gives exit code 3 and the next command', async () => {
    const { code, err } = await run(['get', 's3://demo/a/b', folder]);
    expect(code).toBe(exitCode.notFound);
    expect(err).toContain('There is no object s3://demo/a/b.');
    expect(err).toContain('aether ls s3://demo/a/');
    expect((await run(['ls', 's3://nobody'])).code).toBe(exitCode.notFound);
  });

  test('a wrong secret gives exit code 4', async () => {
    const variables = {
      AETHER_ENDPOINT_URL: server.endpoint,
      AETHER_ACCESS_KEY_ID: credentials.accessKeyId,
      AETHER_SECRET_ACCESS_KEY: 'wrong',
    };
    const { code, err } = await run(['ls', '-o', 'json'], { variables });
    expect(code).toBe(exitCode.denied);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'SignatureDoesNotMatch', requestId: 'REQUEST1' } });
  });
});

describe('ls', () => {
  test('shows buckets, and objects with the prefixes that stand for more', async () => {
    for (const key of ['a/1', 'a/2', 'b', 'c\u001b[31m']) stored(key, key);
    expect((await run(['ls', '-o', 'name'])).out).toBe('s3://demo/\n');
    const { out } = await run(['ls', 's3://demo']);
    expect(out.split('\n').map((line) => line.trim())).toEqual([
      'SIZE  MODIFIED             KEY',
      'a/',
      '1 B  2026-11-24 22:50:44  b',
      String.raw`6 B  2026-11-24 22:50:44  c\x1b[31m`,
      '',
    ]);
    expect((await run(['ls', 's3://demo/a/', '-o', 'name'])).out).toBe('s3://demo/a/1\ns3://demo/a/2\n');
    expect((await run(['ls', 's3://demo/a/', '--no-headers'])).out).not.toContain('SIZE');
  });

  test('gives the same JSON whether it is one page or many', async () => {
    for (let at = 0; at < 2005; at += 1) stored(`k${String(at).padStart(5, '0')}`, 'x');
    const list = JSON.parse((await run(['ls', 's3://demo', '-o', 'json'])).out) as { key: string }[];
    expect(list).toHaveLength(2005);
    expect((await run(['ls', 's3://demo', '--limit', '3', '-o', 'name'])).out.split('\n')).toHaveLength(4);
    expect(JSON.parse((await run(['ls', 's3://demo/none', '-o', 'json'])).out)).toEqual([]);
  });
});

describe('rm', () => {
  test('deletes nothing without --yes where nobody can be asked, nor with --dry-run', async () => {
    stored('a', '1');
    expect((await run(['rm', 's3://demo/a'])).code).toBe(exitCode.usage);
    expect((await run(['rm', '-r', 's3://demo/'])).err).toContain('This deletes 1 object (1 B) below s3://demo/.');
    expect((await run(['rm', 's3://demo/a', '--dry-run'])).out).toBe('s3://demo/a would be deleted\n');
    expect(server.objects.size).toBe(1);
  });

  test('deletes keys, and everything below a prefix', async () => {
    for (const key of ['a', 'p/1', 'p/2', 'q']) stored(key, 'x');
    expect((await run(['rm', '--yes', 's3://demo/a'])).out).toBe('s3://demo/a is deleted\n');
    expect((await run(['rm', '--yes', '-r', 's3://demo/p/', '-o', 'name'])).out).toBe('s3://demo/p/1\ns3://demo/p/2\n');
    expect([...server.objects.keys()]).toEqual(['/demo/q']);
    for (const key of ['a', 'b', 'p/1']) stored(key, 'x');
    expect(JSON.parse((await run(['rm', '--yes', 's3://demo/a', 's3://demo/b', '-o', 'json'])).out)).toMatchObject([
      { key: 'a' },
      { key: 'b' },
    ]);
    expect(await run(['rm', '--yes', '-r', 's3://demo/p'])).toMatchObject({
      code: exitCode.usage,
      err: expect.stringContaining('aether rm -r s3://demo/p/') as string,
    });
    expect((await run(['rm', '-r', '--prefix', 's3://demo/p'])).err).toContain('1 object (1 B) whose names begin with s3://demo/p.');
    expect(JSON.parse((await run(['rm', '--yes', '-r', '--prefix', 's3://demo/p', '-o', 'json'])).out)).toEqual([
      { bucket: 'demo', key: 'p/1', deleted: true },
    ]);
    expect((await run(['rm', '--prefix', 's3://demo/p'])).err).toContain('--prefix goes with -r.');
    const none = await run(['rm', '--yes', '-r', '--prefix', 's3://demo/p', '-o', 'json']);
    expect([none.code, JSON.parse(none.out), none.err]).toEqual([0, [], 'There is nothing to delete.\n']);
  });

  test('names what could not be deleted and ends with exit code 6', async () => {
    for (const key of ['p/1', 'p/locked', 'p/z']) stored(key, 'x');
    const { code, err, out } = await run(['rm', '--yes', '-r', 's3://demo/p/']);
    expect(code).toBe(exitCode.partial);
    expect(err).toContain('s3://demo/p/locked: AccessDenied It is locked.');
    expect(out).not.toContain('locked');
    expect([...server.objects.keys()]).toEqual(['/demo/p/locked']);
  });
});

test('an endpoint of http that is called https is told as that', async () => {
  const { code, err } = await run(['ls', '--endpoint-url', server.endpoint.replace('http:', 'https:')]);
  expect(code).toBe(exitCode.unreachable);
  expect(err).toContain(`is it ${server.endpoint}?`);
});

test('stat shows size, type and metadata', async () => {
  await run(['put', file('k', 'hello'), 's3://demo/k', '--meta', 'a=1']);
  expect((await run(['stat', 's3://demo/k'])).out).toMatch(/size +5 B \(5 bytes\)[\s\S]*meta a +1/);
  expect(JSON.parse((await run(['stat', 's3://demo/k', '-o', 'json'])).out)).toMatchObject({ sizeBytes: 5, metadata: { a: '1' } });
});

test('buckets are created and deleted', async () => {
  expect((await run(['bucket', 'create', 'new'])).out).toBe('s3://new/ is created\n');
  expect((await run(['bucket', 'create', 'new'])).code).toBe(exitCode.conflict);
  expect((await run(['mb', 'new'])).code).toBe(exitCode.conflict);
  expect(await run(['mb', 'new', '--exists-ok'])).toMatchObject({ code: 0, out: 's3://new/ is there already\n' });
  expect(await run(['mb', 'other', '--exists-ok', '-o', 'json'])).toMatchObject({ code: 0 });
  expect((await run(['bucket', 'delete', 'other', '--yes'])).code).toBe(0);
  expect((await run(['bucket', 'ls', '-o', 'name'])).out).toBe('s3://demo/\ns3://new/\n');
  expect((await run(['bucket', 'delete', 'new', '--yes'])).code).toBe(0);
  expect([...server.buckets]).toEqual(['demo']);
});

test('the tab key completes buckets and keys', async () => {
  for (const key of ['dir/1', 'doc']) stored(key, 'x');
  expect((await run(['__complete', '--', 'ls', 's3:/'])).out).toBe('s3://demo/\n');
  expect((await run(['__complete', '--', 'cat', 's3://demo/d'])).out).toBe('s3://demo/dir/\ns3://demo/doc\n');
});

test('bench measures, says its figures as JSON, and leaves nothing behind', async () => {
  const { code, out } = await run(['bench', 'mixed', '--duration', '1', '--objects', '5', '--concurrency', '3', '-o', 'json']);
  const result = JSON.parse(out) as { operations: number; errors: number; latency: { count: number; p50Ms: number; maxMs: number } };
  expect(code).toBe(0);
  expect(result.errors).toBe(0);
  expect(result.latency.count).toBe(result.operations);
  expect(result.latency.p50Ms).toBeLessThanOrEqual(result.latency.maxMs);
  expect(server.objects.size).toBe(0);
  expect((await run(['bench', 'put', '--duration', '1', '--concurrency', '2'])).out).toMatch(/p50 .* p99 .*\n.*≤/);
  const began = performance.now();
  expect(await run(['bench', 'put', '--duration', '60', '--bucket', 'nobody'])).toMatchObject({ code: exitCode.notFound, out: '' });
  expect(performance.now() - began).toBeLessThan(30_000);
});

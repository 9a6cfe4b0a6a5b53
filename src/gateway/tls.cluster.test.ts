import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectPlain } from 'node:net';
import { connect, type SecureVersion, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProcessCluster } from '../testing/process-cluster.js';

const folder = mkdtempSync(join(tmpdir(), 'aether-tls-'));
/** Two certificates as Kubernetes mounts the files of a Secret: tls.crt → ..data/tls.crt, ..data → a folder of this version. */
const mount = join(folder, 'mount');
const files = { AETHER_TLS_CERTIFICATE_FILE: join(mount, 'tls.crt'), AETHER_TLS_KEY_FILE: join(mount, 'tls.key') };

function makeVersion(version: string): void {
  const into = join(mount, `..${version}`);
  mkdirSync(into, { recursive: true });
  const subject = ['-subj', `/CN=${version}`, '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const out = ['-keyout', join(into, 'tls.key'), '-out', join(into, 'tls.crt')];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject, ...out], { stdio: 'ignore' });
}

function publish(version: string): void {
  symlinkSync(`..${version}`, join(mount, '..data_tmp'));
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
}

for (const version of ['first', 'second', 'mixed']) makeVersion(version);
writeFileSync(join(mount, '..mixed', 'tls.key'), readFileSync(join(mount, '..first', 'tls.key')));
for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), join(mount, name));
publish('first');

const cluster = await ProcessCluster.create({
  folder,
  datanodes: 0,
  gateways: 1,
  timeFactor: 0.1,
  environmentOf: { 'gateway-0': files },
});
beforeAll(async () => {
  cluster.start('master');
  cluster.start('gateway-0');
  await cluster.whenReady('gateway-0');
}, 60_000);
afterAll(async () => {
  await cluster.killAll();
  rmSync(folder, { recursive: true });
});

const port = Number(new URL(cluster.address('gateway-0')).port);
const authorities = ['first', 'second'].map((version) => readFileSync(join(mount, `..${version}`, 'tls.crt')));

interface Answer {
  status: number;
  certificate: string;
  protocol: string | null;
}

/** Trusts both certificates and no other; a connection of its own unless an agent is given. */
function ask(options: { method?: string; agent?: Agent; body?: Buffer } = {}): Promise<Answer> {
  const { method = 'GET', agent = new Agent({ keepAlive: false }), body } = options;
  return new Promise((resolve, reject) => {
    const headers = body ? { 'content-length': body.length } : {};
    const sent = request({ port, host: '127.0.0.1', method, path: '/bucket/k', agent, ca: authorities, headers }, (incoming) => {
      const socket = incoming.socket as TLSSocket;
      const { subject } = socket.getPeerCertificate();
      const answer = { status: incoming.statusCode!, certificate: String(subject.CN), protocol: socket.getProtocol() };
      incoming.on('error', reject);
      incoming.resume().on('end', () => resolve(answer));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function logged(line: string): boolean {
  return cluster.process('gateway-0').lastOutput(200).includes(line);
}

test('the S3 port speaks TLS 1.2 and later, also when it answers before a body has come', async () => {
  expect(await ask()).toEqual({ status: 403, certificate: 'first', protocol: 'TLSv1.3' });
  expect(await ask({ method: 'PUT', body: Buffer.alloc(5_000_000) })).toMatchObject({ status: 403 });
  const shake = (maxVersion: SecureVersion): Promise<string | null> =>
    new Promise((resolve, reject) => {
      const options = { port, host: '127.0.0.1', ca: authorities, minVersion: 'TLSv1' as const, maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' };
      const socket = connect(options, () => {
        resolve(socket.getProtocol());
        socket.destroy();
      });
      socket.on('error', reject);
    });
  expect(await shake('TLSv1.2')).toBe('TLSv1.2');
  await expect(shake('TLSv1.1')).rejects.toThrow();
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

test('a changed certificate is used for new connections, a wrong one is not, and open connections go on', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect((await ask({ agent })).certificate).toBe('first');

  publish('mixed');
  await cluster.until('the wrong pair is refused', async () => Promise.resolve(logged('the certificate read before stays in use')));
  expect(logged(`is not the key of the certificate that AETHER_TLS_CERTIFICATE_FILE (environment) names`)).toBe(true);
  expect((await ask()).certificate).toBe('first');

  publish('second');
  await cluster.until('the second certificate is there', async () => (await ask()).certificate === 'second');
  expect((await ask({ agent })).certificate).toBe('first'); // its connection was opened before
  agent.destroy();

  const text = await (await fetch(`${cluster.adminAddress('gateway-0')}/metrics`)).text();
  const told = /^aetherstore_gateway_certificate_expiry_timestamp_seconds(?:\{.*\})? (\S+)$/m.exec(text)?.[1];
  const days = (Number(told) - Date.now() / 1000) / 86_400;
  expect(days).toBeGreaterThan(1);
  expect(days).toBeLessThan(3);
});

test.each([
  [
    'a key that is not there',
    { AETHER_TLS_KEY_FILE: '/none' },
    /^aetherstore: AETHER_TLS_KEY_FILE \(environment\): \/none cannot be read \(ENOENT\)$/,
  ],
  ['a key that is none', { AETHER_TLS_KEY_FILE: files.AETHER_TLS_CERTIFICATE_FILE }, /is no unencrypted private key in PEM$/],
  ['the key of another', { AETHER_TLS_KEY_FILE: join(mount, '..mixed', 'tls.key') }, /is not the key of the certificate/],
  ['an empty certificate', { AETHER_TLS_CERTIFICATE_FILE: '/dev/null' }, /\/dev\/null is no certificate in PEM$/],
  ['a certificate alone', { AETHER_TLS_KEY_FILE: '' }, /AETHER_TLS_KEY_FILE/],
])('%s is one line and exit code 2', async (_, changes, line) => {
  const wrong = await ProcessCluster.create({
    folder: mkdtempSync(join(folder, 'wrong-')),
    datanodes: 0,
    gateways: 1,
    timeFactor: 0.1,
    environmentOf: { 'gateway-0': { ...files, ...changes } },
  });
  const gateway = wrong.start('gateway-0');
  expect(await gateway.ended).toEqual({ code: 2, signal: null });
  expect(gateway.lastOutput()).toMatch(line);
  expect(gateway.lastOutput()).not.toContain('\n');
});

test('a gateway ends at once while somebody is in the middle of a handshake', async () => {
  const socket = connectPlain(port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const gateway = cluster.process('gateway-0');
  const startedMs = performance.now();
  gateway.kill('SIGTERM');
  expect(await gateway.ended).toEqual({ code: 0, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(8000);
  socket.destroy();
});

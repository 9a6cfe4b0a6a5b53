import { describe, expect, it } from 'vitest';
import { systemRandom } from '../base/random.js';
import { Refusal } from '../model/refusal.js';
import { ClientHandshake, ServerHandshake, type Peer } from './handshake.js';

const ours = Buffer.from('the secret of today');
const older = Buffer.from('the secret of yesterday');
const gateway: Peer = { role: 'gateway', id: 'g', boot: 3, lane: 'small', process: 'p', openedAtMs: 12.5 };
const node = { role: 'datanode', id: 'n', boot: 9 };

function shake(options: { client?: Buffer[]; server?: Buffer[]; expect?: { role: string; id: string | null }; peer?: Peer } = {}): Peer {
  const {
    client: clientSecrets = [ours],
    server: serverSecrets = [ours],
    expect = { role: 'datanode', id: 'n' },
    peer = gateway,
  } = options;
  const client = new ClientHandshake(peer, { expect, secrets: () => clientSecrets }, systemRandom);
  const server = new ServerHandshake(client.hello(), node, () => serverSecrets, systemRandom);
  return server.verify(client.answer(server.challenge()));
}

describe('the handshake', () => {
  it('tells the server who the client is', () => {
    expect(shake()).toEqual(gateway);
  });

  it('lets a cluster change its secret one process at a time', () => {
    expect(shake({ client: [ours, older], server: [older, ours] })).toEqual(gateway);
  });

  it.each([
    ['a client with another secret', { client: [older], server: [ours] }],
    ['a server that accepts our secret but proves another', { client: [ours], server: [older, ours] }],
    ['a peer without any secret', { client: [] }],
    ['another node than expected', { expect: { role: 'datanode', id: 'another' } }],
    ['another role than expected', { expect: { role: 'master', id: null } }],
  ])('refuses %s', (_name, options) => {
    expect(() => shake(options)).toThrow(Refusal);
  });

  it('accepts any node of the expected role when no id is known yet', () => {
    expect(shake({ expect: { role: 'datanode', id: null } })).toEqual(gateway);
  });

  it('does not accept a recorded proof again', () => {
    const client = new ClientHandshake(gateway, { expect: node, secrets: () => [ours] }, systemRandom);
    const hello = client.hello();
    const first = new ServerHandshake(hello, node, () => [ours], systemRandom);
    const proof = client.answer(first.challenge());
    expect(first.verify(proof)).toEqual(gateway);
    const second = new ServerHandshake(hello, node, () => [ours], systemRandom);
    second.challenge();
    expect(() => second.verify(proof)).toThrow(Refusal);
  });

  it('does not accept its own proof reflected', () => {
    const client = new ClientHandshake(gateway, { expect: node, secrets: () => [ours] }, systemRandom);
    const server = new ServerHandshake(client.hello(), node, () => [ours], systemRandom);
    const { proof } = JSON.parse(server.challenge()) as { proof: string };
    expect(() => server.verify(JSON.stringify({ proof }))).toThrow(Refusal);
  });

  it.each(['role', 'id', 'boot', 'lane', 'openedAtMs', 'process'] as const)('covers the %s of the client', (field) => {
    const client = new ClientHandshake(gateway, { expect: node, secrets: () => [ours] }, systemRandom);
    const said = JSON.parse(client.hello()) as Record<string, unknown>;
    said[field] = { role: 'master', id: 'other', boot: 4, lane: 'bulk', openedAtMs: 1, process: 'q' }[field];
    const server = new ServerHandshake(JSON.stringify(said), node, () => [ours], systemRandom);
    expect(() => client.answer(server.challenge())).toThrow(Refusal);
  });

  it.each([
    ['no JSON', '{'],
    ['another shape', '{"role":1}'],
    ['a later version only', JSON.stringify({ ...gateway, version: 9, versionMin: 9, nonce: 'a'.repeat(64) })],
  ])('refuses a hello with %s', (_name, json) => {
    expect(() => new ServerHandshake(json, node, () => [ours], systemRandom)).toThrow(Refusal);
  });
});

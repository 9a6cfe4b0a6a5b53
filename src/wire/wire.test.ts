import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, connect as netConnect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BufferPool } from '../base/buffer-pool.js';
import { systemClock } from '../base/clock.js';
import { crc32c } from '../base/crc32c.js';
import { silentLog, type Log } from '../base/log.js';
import { systemRandom } from '../base/random.js';
import { Refusal } from '../model/refusal.js';
import { Unreachable, type Handlers, type IncomingBody, type OutgoingCall, type WireClient } from './api.js';
import { createWireClient, type WireClientOptions } from './client.js';
import { encodeFrame, frameKinds, type Frame } from './frames.js';
import { wireLimits } from './limits.js';
import { attachWire, type WireServer, type WireServerOptions } from './server.js';
import type { ResponseOf } from './verbs.js';

const parts = { clock: systemClock, random: systemRandom, log: silentLog };
const secret = Buffer.from('a secret of the cluster');
const serverId = '11111111-1111-4111-8111-111111111111';
const id = '22222222-2222-4222-8222-222222222222';
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const echo: Handlers<'datanode'> = {
  ping: () => Promise.resolve({ head: { nodeId: serverId } }),
  async putChunk({ head, body, trailer }) {
    let lengthBytes = 0;
    let crc = 0;
    for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) {
      lengthBytes += bytes.length;
      crc = crc32c(bytes, crc);
    }
    const said = trailer();
    if (said.lengthBytes !== lengthBytes) throw new Refusal('chunk-length-wrong');
    return { head: { id: head.id, lengthBytes, crc32c: crc, nodeId: serverId } };
  },
  getChunk: ({ head }) =>
    Promise.resolve({
      head: { id: head.id, lengthBytes: 3, crc32c: 0, blockCount: 0, bodyStartBytes: 0, bodyEndBytes: 3 },
      body: [Buffer.from('abc')],
    }),
};

interface Rig {
  http: Server;
  wire: WireServer;
  address: string;
}

async function serve(options: Partial<WireServerOptions<'datanode'>> = {}, log = silentLog, port = 0): Promise<Rig> {
  const http = createServer((_request, response) => response.end('plain'));
  const wire = attachWire(
    http,
    {
      role: 'datanode',
      id: serverId,
      boot: 1,
      secrets: () => [secret],
      handlers: echo,
      ...options,
      limits: { closeGraceMs: 50, ...options.limits },
    },
    { ...parts, log },
  );
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  const rig = { http, wire, address: addressOf(http) };
  cleanups.push(() => stop(rig));
  return rig;
}

async function stop({ http, wire }: Rig): Promise<void> {
  await wire.close();
  http.closeAllConnections();
  if (http.listening) await new Promise((resolve) => http.close(resolve));
}

function addressOf(http: Server): string {
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

const blank: Frame = { kind: frameKinds.hello, verb: 0, id: 0, last: true, json: '', bodyBytes: 0, stampEpoch: 0, stampN: 0 };

function chunkHead(chunkId: string, lengthBytes: number): ResponseOf<'getChunk'> {
  return { id: chunkId, lengthBytes, crc32c: 0, blockCount: 0, bodyStartBytes: 0, bodyEndBytes: lengthBytes };
}

async function* piecesOf(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
}

async function* breaksOff(): AsyncGenerator<Buffer> {
  yield await Promise.resolve(Buffer.from('first'));
  throw new Refusal('chunk-damaged');
}

/** One piece, then silence. */
async function* stalls(): AsyncGenerator<Buffer> {
  yield Buffer.from('first');
  await new Promise(() => undefined);
}

function connect(address: string, options: Partial<WireClientOptions> = {}): WireClient {
  const client = createWireClient(
    { address, role: 'gateway', id, boot: 1, expect: { role: 'datanode', id: serverId }, secrets: () => [secret], ...options },
    parts,
  );
  cleanups.push(() => client.close());
  return client;
}

const origin = { bucketId: 1, key: 'k', partNumber: null, index: 0 };
const putHead = { id, kind: 'chunk', generation: 0, origin } as const;
const soon = { timeoutMs: 5000 };

function put(client: WireClient, bytes: Buffer): OutgoingCall<'putChunk'> {
  const call = client.open('putChunk', putHead, soon);
  call.write(bytes);
  call.end({ lengthBytes: bytes.length, crc32c: crc32c(bytes) });
  return call;
}

/** A promise to be settled from outside, for tests that hold a handler at a point. */
function gate<T = void>(): { opened: Promise<T>; open: (value: T) => void } {
  let open!: (value: T) => void;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function readAll(body: IncomingBody): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) pieces.push(bytes);
  return Buffer.concat(pieces);
}

/** The raw bytes of an upgrade, and what follows them, from a socket that knows no secret. */
async function rawUpgrade(address: string, after: Buffer[]): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const { hostname, port } = new URL(address);
  const socket = netConnect({ host: hostname, port: Number(port) });
  const closed = once(socket, 'close');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.resume();
  socket.write('GET /wire HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: aether-wire/1\r\n\r\n');
  for (const bytes of after) socket.write(bytes);
  return { socket, closed };
}

describe('a call', () => {
  it('is answered', async () => {
    const { address } = await serve();
    const { head, body } = await connect(address).call('ping', {}, soon);
    expect(head).toEqual({ nodeId: serverId });
    expect(await body.read()).toBeNull();
  });

  it.each([0, 1, 4096, 256 * 1024, 256 * 1024 + 1, 5_000_000])('carries a request body of %i bytes with its trailer', async (size) => {
    const { address } = await serve();
    const bytes = systemRandom.bytes(size);
    const { head } = await put(connect(address), bytes).reply;
    expect(head).toEqual({ id, lengthBytes: size, crc32c: crc32c(bytes), nodeId: serverId });
  });

  it.each([0, 1, 256 * 1024, 256 * 1024 + 1, 5_000_000])('carries an answer of %i bytes', async (size) => {
    const bytes = systemRandom.bytes(size);
    for (const body of [[bytes], piecesOf(bytes, 70_000)]) {
      const { address } = await serve({
        handlers: { ...echo, getChunk: ({ head }) => Promise.resolve({ head: chunkHead(head.id, size), body }) },
      });
      const reply = await connect(address).call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
      expect((await readAll(reply.body)).equals(bytes)).toBe(true);
    }
  });

  it('has its whole body and trailer at hand when both came in one frame, and else reads it', async () => {
    const bodies: (number | null)[] = [];
    const handlers: Handlers<'datanode'> = {
      ...echo,
      putChunk(request) {
        const whole = request.body.takeWhole();
        bodies.push(whole?.reduce((sum, piece) => sum + piece.length, 0) ?? null);
        if (whole === null) return echo.putChunk(request);
        const { lengthBytes } = request.trailer();
        return Promise.resolve({ head: { id: request.head.id, lengthBytes, crc32c: crc32c(Buffer.concat(whole)), nodeId: serverId } });
      },
    };
    const client = connect((await serve({ handlers })).address);
    for (const sizeBytes of [0, 10, 100_000, 256 * 1024, 256 * 1024 + 1]) {
      const bytes = Buffer.alloc(sizeBytes, sizeBytes % 251);
      expect((await put(client, bytes).reply).head).toMatchObject({ lengthBytes: sizeBytes, crc32c: crc32c(bytes) });
    }
    expect(bodies).toEqual([0, 10, 100_000, 256 * 1024, null]);
  });

  it('is one of a thousand at once', async () => {
    const { address } = await serve();
    const client = connect(address);
    const bodies = Array.from({ length: 1000 }, (_, index) => Buffer.alloc(index * 7, index));
    const replies = await Promise.all(bodies.map((bytes) => put(client, bytes).reply));
    expect(replies.map(({ head }) => head.crc32c)).toEqual(bodies.map((bytes) => crc32c(bytes)));
  });

  it('gets the refusal of its handler with code and detail', async () => {
    const { address } = await serve({ handlers: { ...echo, ping: () => Promise.reject(new Refusal('node-closed', 'goes home')) } });
    const refused = await connect(address)
      .call('ping', {}, soon)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Refusal);
    expect(refused).toMatchObject({ code: 'node-closed', detail: 'goes home' });
  });

  it('learns nothing of an unexpected error but that it was one', async () => {
    const logged: unknown[] = [];
    const log = {
      ...silentLog,
      error: (fields: unknown) => logged.push(fields),
      warn: () => undefined,
      debug: () => undefined,
    } as unknown as Log;
    const { address } = await serve({ handlers: { ...echo, ping: () => Promise.reject(new TypeError('/secret/path')) } }, log);
    const refused = await connect(address)
      .call('ping', {}, soon)
      .catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'internal', detail: null });
    expect(logged).toMatchObject([{ verb: 'ping', call: 1, err: { message: '/secret/path' } }]);
  });

  it('is refused as malformed when its head has another shape, and so is an answer', async () => {
    const { address } = await serve({ handlers: { ...echo, ping: () => Promise.resolve({ head: {} as { nodeId: string } }) } });
    const client = connect(address);
    await expect(client.call('getChunk', { id: 'short', startBytes: 0, endBytes: null }, soon)).rejects.toMatchObject({
      code: 'wire-malformed',
    });
    await expect(client.call('ping', {}, soon)).rejects.toMatchObject({ code: 'wire-malformed' });
    // The connection has not suffered
    await expect(client.call('getChunk', { id, startBytes: 0, endBytes: null }, soon)).resolves.toBeDefined();
  });

  it('is refused for a verb of the other role', async () => {
    const { address } = await serve();
    await expect(connect(address).call('getView', {}, soon)).rejects.toMatchObject({ code: 'wire-malformed' });
  });

  it('fails mid-body with the refusal of an answer that breaks off', async () => {
    const { address } = await serve({
      handlers: { ...echo, getChunk: ({ head }) => Promise.resolve({ head: chunkHead(head.id, 9), body: breaksOff() }) },
    });
    const { body } = await connect(address).call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
    await expect(readAll(body)).rejects.toMatchObject({ code: 'chunk-damaged' });
  });

  it('carries the view number of a master to whoever listens, once per change', async () => {
    const seen: unknown[] = [];
    let n = 7;
    const { address } = await serve({ stamp: () => ({ epoch: 2, n }) });
    const client = connect(address, { onStamp: (stamp) => seen.push(stamp) });
    await client.call('ping', {}, soon);
    await client.call('ping', {}, soon);
    n = 2 ** 40;
    await client.call('ping', {}, soon);
    expect(seen).toEqual([
      { epoch: 2, n: 7 },
      { epoch: 2, n: 2 ** 40 },
    ]);
  });
});

describe('giving up', () => {
  it('aborts the handler and its body when the caller aborts', async () => {
    const ended = gate<unknown>();
    const begun = gate();
    const { address } = await serve({
      handlers: {
        ...echo,
        async putChunk({ body, signal }) {
          begun.open();
          await readAll(body).catch((error: unknown) => ended.open([signal.aborted, error instanceof Unreachable]));
          throw new Error('nobody hears this');
        },
      },
    });
    const call = connect(address).open('putChunk', putHead, soon);
    call.write(Buffer.alloc(10));
    await begun.opened;
    call.abort(new Error('enough'));
    expect(await ended.opened).toEqual([true, true]);
    await expect(call.reply).rejects.toThrow('enough');
  });

  it('follows the signal, before and while the call is under way', async () => {
    const begun = gate();
    const aborted = gate<unknown>();
    const { address } = await serve({
      handlers: {
        ...echo,
        ping: ({ signal }) =>
          new Promise((_resolve, reject) => {
            begun.open();
            signal.addEventListener('abort', () => {
              aborted.open(signal.reason);
              reject(new Error('aborted'));
            });
          }),
      },
    });
    const client = connect(address);
    await expect(client.call('ping', {}, { ...soon, signal: AbortSignal.abort(new Error('never begun')) })).rejects.toThrow('never begun');
    const controller = new AbortController();
    const call = client.call('ping', {}, { ...soon, signal: controller.signal });
    await begun.opened;
    controller.abort(new Error('stopped'));
    await expect(call).rejects.toThrow('stopped');
    expect(await aborted.opened).toBeInstanceOf(Unreachable);
  });

  it('ends with Unreachable when no answer comes in time, and tells the server', async () => {
    const aborted = gate();
    const { address } = await serve({
      handlers: { ...echo, ping: ({ signal }) => new Promise(() => signal.addEventListener('abort', () => aborted.open())) },
    });
    await expect(connect(address).call('ping', {}, { timeoutMs: 100 })).rejects.toThrow(Unreachable);
    await aborted.opened;
  });

  it('stops an answer that its reader discards, and lets the handler clean up', async () => {
    const cleaned = gate<number>();
    async function* endless(): AsyncGenerator<Buffer> {
      let count = 0;
      try {
        for (; ; count += 1) yield await Promise.resolve(Buffer.alloc(64 * 1024));
      } finally {
        cleaned.open(count);
      }
    }
    const { address } = await serve({
      handlers: { ...echo, getChunk: ({ head }) => Promise.resolve({ head: chunkHead(head.id, 9), body: endless() }) },
    });
    const client = connect(address);
    const { body } = await client.call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
    await body.read();
    body.discard();
    // It was never far ahead of its reader: the window and its own read-ahead
    expect(await cleaned.opened).toBeLessThan(40);
    await expect(client.call('getChunk', { id, startBytes: 0, endBytes: null }, soon)).resolves.toBeDefined();
  });

  it('lets a handler answer without reading the body', async () => {
    const { address } = await serve({ handlers: { ...echo, putChunk: () => Promise.reject(new Refusal('node-closed')) } });
    const client = connect(address);
    const call = client.open('putChunk', putHead, soon);
    for (let index = 0; index < 50; index += 1) call.write(Buffer.alloc(100_000));
    await expect(call.reply).rejects.toMatchObject({ code: 'node-closed' });
    await call.whenQueuedAtMost(0);
    expect(call.queuedBytes).toBe(0);
    await expect(client.call('ping', {}, soon)).resolves.toBeDefined();
  });

  it('rejects everything in flight with Unreachable when the connection is cut in mid-body', async () => {
    const begun = gate();
    const { address, http } = await serve({
      handlers: {
        ...echo,
        async putChunk({ body }) {
          begun.open();
          await readAll(body);
          throw new Error('the body has no end');
        },
        getChunk: ({ head }) => Promise.resolve({ head: chunkHead(head.id, 9), body: stalls() }),
      },
    });
    const sockets: Socket[] = [];
    http.on('connection', (socket: Socket) => sockets.push(socket));
    const client = connect(address);
    const { body } = await client.call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
    await body.read();
    const reading = body.read();
    const call = client.open('putChunk', putHead, soon);
    call.write(Buffer.alloc(100));
    await begun.opened;
    for (const socket of sockets) socket.destroy();
    await expect(call.reply).rejects.toThrow(Unreachable);
    await expect(reading).rejects.toThrow(Unreachable);
  });
});

describe('back-pressure', () => {
  it('keeps a slow reader from filling memory and from blocking others', async () => {
    const release = gate();
    let arrivedBytes = 0;
    const { address } = await serve({
      handlers: {
        ...echo,
        async putChunk({ body, head }) {
          if (head.generation === 1) {
            await body.read();
            await release.opened;
          }
          arrivedBytes += (await readAll(body)).length;
          return { head: { id, lengthBytes: arrivedBytes, crc32c: 0, nodeId: serverId } };
        },
      },
    });
    const client = connect(address);
    const slow = client.open('putChunk', { ...putHead, generation: 1 }, soon);
    const totalBytes = 16 * 1024 * 1024;
    for (let sent = 0; sent < totalBytes; sent += 1024 * 1024) slow.write(Buffer.alloc(1024 * 1024));
    slow.end({ lengthBytes: totalBytes, crc32c: 0 });
    // Others pass it on the same lane, and the small lane does not notice
    await put(client, Buffer.alloc(3_000_000)).reply;
    await client.call('ping', {}, soon);
    // What it does not read stays with the sender: all but one window
    expect(slow.queuedBytes).toBeGreaterThanOrEqual(totalBytes - 2 * 1024 * 1024);
    release.open();
    await slow.reply;
    expect(slow.queuedBytes).toBe(0);
  });

  it('tells the source of an answer which buffers the kernel has, so that they can be filled again', async () => {
    const pieceBytes = 300_000;
    const buffers = new BufferPool(pieceBytes, 4);
    const pieces = 20;
    const seen = new Set<ArrayBufferLike>();
    async function* reused(): AsyncGenerator<Buffer> {
      for (let piece = 0; piece < pieces; piece += 1) {
        const bytes = buffers.take().fill(piece);
        seen.add(bytes.buffer);
        yield await Promise.resolve(bytes);
      }
    }
    const onSent = (bytes: Buffer): void => {
      Buffer.from(bytes.buffer).fill(0xee);
      buffers.giveBack(bytes);
    };
    const getChunk: Handlers<'datanode'>['getChunk'] = ({ head }) =>
      Promise.resolve({ head: chunkHead(head.id, pieces * pieceBytes), body: reused(), onSent });
    const { address } = await serve({ handlers: { ...echo, getChunk } });
    const client = connect(address);
    // A caller that turns away after its first bytes, and one that is slow, beside another
    const torn = await client.call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
    await torn.body.read();
    torn.body.discard();
    const readers = [0, 2].map(async (delayMs) => {
      const { body } = await client.call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
      const whole: Buffer[] = [];
      for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) {
        whole.push(Buffer.from(bytes));
        if (delayMs > 0) await systemClock.sleep(delayMs);
      }
      return Buffer.concat(whole);
    });
    const expected = Buffer.concat(Array.from({ length: pieces }, (_, piece) => Buffer.alloc(pieceBytes, piece)));
    for (const bytes of await Promise.all(readers)) expect(bytes.equals(expected)).toBe(true);
    expect(seen.size).toBeLessThan(pieces);
  });

  it('says of no buffer that it was sent when the connection was cut before', async () => {
    let sentBytes = 0;
    let givenBytes = 0;
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        givenBytes += 300_000;
        yield await Promise.resolve(Buffer.alloc(300_000));
      }
    }
    const getChunk: Handlers<'datanode'>['getChunk'] = ({ head }) =>
      Promise.resolve({ head: chunkHead(head.id, 9), body: endless(), onSent: (bytes) => void (sentBytes += bytes.length) });
    const rig = await serve({ handlers: { ...echo, getChunk } });
    const { body } = await connect(rig.address).call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
    await body.read();
    await systemClock.sleep(50); // nobody reads: what the window holds has left, the rest waits
    rig.http.closeAllConnections();
    await stop(rig);
    await systemClock.sleep(20);
    expect(sentBytes).toBeLessThanOrEqual(wireLimits.windowBytes + 300_000);
    expect(sentBytes).toBeLessThan(givenBytes);
  });

  it('refuses a body that would queue more than is allowed', async () => {
    const { address } = await serve({ handlers: { ...echo, putChunk: () => new Promise(() => undefined) } });
    const client = connect(address, { limits: { queuedBodyBytes: 2_000_000 } });
    const call = client.open('putChunk', putHead, soon);
    for (let index = 0; index < 5; index += 1) call.write(Buffer.alloc(1_000_000));
    await expect(call.reply).rejects.toMatchObject({ code: 'slow-down' });
    expect(call.queuedBytes).toBe(0);
  });

  it('cuts off a peer that uses the id of a call under way again, and ends that call', async () => {
    let begun = 0;
    let aborted = 0;
    const ping: Handlers<'datanode'>['ping'] = ({ signal }) => {
      begun += 1;
      return new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          aborted += 1;
          reject(new Error('gone'));
        }),
      );
    };
    const { address } = await serve({ handlers: { ...echo, ping } });
    // Passes everything on, and remembers the request, which is what the client says last
    let said = Buffer.alloc(0);
    let up: Socket | null = null;
    const proxy = createTcpServer((down) => {
      up = netConnect({ host: '127.0.0.1', port: Number(new URL(address).port) });
      up.on('error', () => undefined).on('close', () => down.destroy());
      down.on('error', () => undefined).on('close', () => up?.destroy());
      up.pipe(down);
      down.on('data', (bytes) => {
        said = bytes;
        up?.write(bytes);
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => proxy.close(resolve)));
    const reply = connect(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`).call('ping', {}, soon);
    await expect.poll(() => begun).toBe(1);
    (up as Socket | null)?.write(said);
    await expect(reply).rejects.toThrow(Unreachable);
    await expect.poll(() => aborted).toBe(1);
    expect(begun).toBe(1);
  });

  it('refuses calls beyond the limit, on the client and on the server', async () => {
    const { address } = await serve({
      limits: { callsMax: 2 },
      handlers: {
        ...echo,
        ping: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('x')))),
      },
    });
    const atServer = connect(address);
    const calls = [1, 2, 3].map(() => atServer.call('ping', {}, { timeoutMs: 300 }).catch((error: unknown) => error));
    expect(await calls[2]).toMatchObject({ code: 'slow-down' });
    expect(await calls[0]).toBeInstanceOf(Unreachable);
    const atClient = connect(address, { id: '33333333-2222-4222-8222-222222222222', limits: { callsMax: 1 } });
    const first = atClient.call('ping', {}, { timeoutMs: 300 }).catch((error: unknown) => error);
    await expect(atClient.call('ping', {}, soon)).rejects.toMatchObject({ code: 'slow-down' });
    await first;
  });
});

describe('connections', () => {
  it('are refused to a client with another secret', async () => {
    const { address, wire } = await serve();
    const wrong = connect(address, { secrets: () => [Buffer.from('guessed')] });
    const error = await wrong.call('ping', {}, soon).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(Unreachable);
    expect(error).toMatchObject({ cause: { code: 'peer-unproven' } });
    expect(wire.connections()).toBe(0);
    expect(wrong.isAway).toBe(true);
  });

  it('are refused to another node that answers at the address', async () => {
    const { address } = await serve({ id: '99999999-1111-4111-8111-111111111111' });
    await expect(connect(address).call('ping', {}, soon)).rejects.toThrow(/was expected/);
  });

  it('reject with Unreachable where nobody listens, or somebody else does', async () => {
    await expect(connect('http://127.0.0.1:1').call('ping', {}, soon)).rejects.toThrow(Unreachable);
    const http = createServer((_request, response) => response.end('no wire here'));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => http.close(resolve)));
    await expect(connect(addressOf(http)).call('ping', {}, soon)).rejects.toThrow(Unreachable);
  });

  it('are dialled again after the server has restarted', async () => {
    const first = await serve();
    const client = connect(first.address);
    await client.call('ping', {}, soon);
    await stop(first);
    await expect(client.call('ping', {}, soon)).rejects.toThrow(Unreachable);
    await serve({}, silentLog, Number(new URL(first.address).port));
    // The backoff is part of the wait
    await expect(client.call('ping', {}, soon)).resolves.toBeDefined();
    expect(client.isAway).toBe(false);
  });

  it('give way to a later one of the same id before that one is told that it is ready', async () => {
    const order: string[] = [];
    const held = gate();
    const { address } = await serve({
      handlers: {
        ...echo,
        ping: ({ signal }) => {
          held.open();
          return new Promise((_, reject) =>
            signal.addEventListener('abort', () => {
              order.push('old call aborted');
              reject(new Error('aborted'));
            }),
          );
        },
        getChunk: ({ head }) => {
          order.push('new call');
          return Promise.resolve({ head: chunkHead(head.id, 0) });
        },
      },
    });
    const old = connect(address);
    const lost = old.call('ping', {}, soon).catch((error: unknown) => error);
    await held.opened;
    const next = connect(address);
    const racing = [1, 2].map(() => next.call('ping', {}, { timeoutMs: 100 }).catch((error: unknown) => error));
    await next.call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
    expect(await lost).toBeInstanceOf(Unreachable);
    await Promise.all(racing);
    expect(order[0]).toBe('old call aborted');
  });

  it('of one id that race leave exactly one open', async () => {
    const { address, wire } = await serve();
    const clients = Array.from({ length: 8 }, () => connect(address));
    const outcomes = await Promise.allSettled(clients.map((client) => client.call('ping', {}, soon)));
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(wire.connections()).toBe(1);
  });

  it('tell a peer that a later start of it is known', async () => {
    const { address } = await serve();
    await connect(address, { boot: 5 }).call('ping', {}, soon);
    await expect(connect(address, { boot: 4 }).call('ping', {}, soon)).rejects.toMatchObject({ code: 'boot-stale' });
  });

  it('tell both processes of a cloned volume', async () => {
    const { address } = await serve();
    const original = connect(address, { role: 'datanode', process: 'a' });
    await original.call('ping', {}, soon);
    const clone = connect(address, { role: 'datanode', process: 'b' });
    await expect(clone.call('ping', {}, soon)).rejects.toMatchObject({ code: 'boot-stale' });
    await expect(original.call('ping', {}, soon)).rejects.toBeInstanceOf(Error);
    await expect(original.call('ping', {}, soon)).rejects.toMatchObject({ code: 'boot-stale' });
  });

  it('prove themselves again and live on with a changed secret', async () => {
    let secrets = [secret];
    const limits = { reproofMs: 20, reproofLateMs: 2000 };
    let proofs = 0;
    const { address, wire } = await serve({
      limits,
      secrets: () => {
        proofs += 1;
        return secrets;
      },
    });
    const client = connect(address, { limits, secrets: () => secrets });
    await client.call('ping', {}, soon);
    secrets = [Buffer.from('the next one'), secret];
    const before = proofs;
    await expect.poll(() => proofs).toBeGreaterThan(before + 4);
    secrets = [Buffer.from('the next one')];
    await client.call('ping', {}, soon);
    expect(wire.connections()).toBe(1);
  });

  it('are closed when the peer does not prove itself again in time', async () => {
    const { address, wire } = await serve({ limits: { reproofLateMs: 50 } });
    await connect(address).call('ping', {}, soon);
    expect(wire.connections()).toBe(1);
    await expect.poll(() => wire.connections()).toBe(0);
  });

  it('notice by themselves that the peer is gone', async () => {
    const { address, http } = await serve();
    const client = connect(address, { limits: { lookEveryMs: 30, silentLooksMax: 2 } });
    http.on('connection', (socket: Socket) => setTimeout(() => socket.pause(), 100));
    const { body } = await client.call('getChunk', { id, startBytes: 0, endBytes: null }, soon);
    await body.read();
    await expect(client.open('putChunk', putHead, soon).reply).rejects.toThrow('silent');
  });

  it('stay open on pings alone', async () => {
    const { address, wire } = await serve();
    await connect(address, { limits: { lookEveryMs: 10, silentLooksMax: 2 } }).call('ping', {}, soon);
    await systemClock.sleep(200);
    expect(wire.connections()).toBe(1);
  });
});

describe('the door', () => {
  it.each([
    ['an oversized head', Buffer.concat([encodeFrame({ ...blank, json: 'x'.repeat(5000) })])],
    ['a body before any proof', encodeFrame({ ...blank, kind: frameKinds.request, id: 1, bodyBytes: 10 })],
    ['a call before any proof', encodeFrame({ ...blank, kind: frameKinds.request, id: 1 })],
    ['no frames at all', Buffer.alloc(100, 'x')],
  ])('closes on %s, though it came together with the upgrade', async (_name, bytes) => {
    const { address, wire } = await serve();
    const { closed } = await rawUpgrade(address, [bytes]);
    await closed;
    expect(wire.connections()).toBe(0);
  });

  it('closes on a peer that says nothing', async () => {
    const { address } = await serve({ limits: { handshakeMs: 50 } });
    const { closed } = await rawUpgrade(address, []);
    await closed;
  });

  it('holds only so many unproven sockets', async () => {
    const { address } = await serve({ limits: { unprovenSocketsMax: 2, handshakeMs: 400 } });
    const waiting = [await rawUpgrade(address, []), await rawUpgrade(address, [])];
    await systemClock.sleep(50);
    const third = await rawUpgrade(address, []);
    await third.closed;
    expect(waiting.map(({ socket }) => socket.destroyed)).toEqual([false, false]);
    await Promise.all(waiting.map(({ closed }) => closed));
  });

  it('serves every other request, also those that ask for another protocol', async () => {
    const seen: string[] = [];
    const { address, http } = await serve();
    http.removeAllListeners('request');
    http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      request.on('data', (bytes: Buffer) => seen.push(bytes.toString()));
      request.on('end', () => response.end(`${request.method} ${request.url} ${request.headers['upgrade'] ?? 'plain'}`));
    });
    const { hostname, port } = new URL(address);
    const socket = netConnect({ host: hostname, port: Number(port) });
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    const closed = once(socket, 'close');
    socket.write(
      'POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\nContent-Length: 6\r\n\r\nabc',
    );
    await expect.poll(() => seen.join('')).toBe('abc');
    socket.write('def');
    await expect.poll(() => answer).toContain('POST /a plain');
    socket.write('GET /wire HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
    await expect.poll(() => answer).toContain('GET /wire plain');
    socket.write('GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await closed;
    expect(seen.join('')).toBe('abcdef');
    expect(answer.match(/POST \/a plain|GET \/wire plain|GET \/c plain/g)).toEqual(['POST /a plain', 'GET /wire plain', 'GET /c plain']);
  });

  it('closes after the calls under way were answered', async () => {
    const held = gate();
    const begun = gate();
    const rig = await serve({
      handlers: {
        ...echo,
        async ping() {
          begun.open();
          await held.opened;
          return { head: { nodeId: serverId } };
        },
      },
    });
    const call = connect(rig.address).call('ping', {}, soon);
    await begun.opened;
    const closing = rig.wire.close();
    held.open();
    await expect(call).resolves.toBeDefined();
    await closing;
    expect(rig.wire.connections()).toBe(0);
  });
});

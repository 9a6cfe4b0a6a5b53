import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { unreachable } from '../base/assert.js';
import { systemClock, type Clock, type Timer } from '../base/clock.js';
import type { Draft, KubeObject, ResourceName, Resources } from '../controller/cluster-api.js';
import { fakeApiCertificate } from './fake-api-certificate.js';
import { FakeCluster, FakeRefusal, selects, type FakeChange } from './fake-cluster.js';

/** As RBAC calls them, beside the resource. */
type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

export type Fault = { status: number; reason: string; retryAfterSeconds?: number } | 'reset' | 'stall';

const groups: Record<ResourceName, string> = {
  pods: '',
  statefulsets: 'apps',
  persistentvolumeclaims: '',
  nodes: '',
  leases: 'coordination.k8s.io',
  events: '',
  secrets: '',
  poddisruptionbudgets: 'policy',
};

const bookmarkMs = 60_000;

interface Call {
  verb: Verb;
  resource: ResourceName;
  name: string;
  query: URLSearchParams;
}

/** A call as RBAC judges it. */
export interface AskedRight {
  verb: Verb;
  group: string;
  resource: ResourceName;
  /** Of the object; empty where the call names none: create, list, watch. */
  name: string;
}

/** An API server over real sockets, for one namespace, that fails as it is told to. */
export class FakeApiServer {
  readonly cluster = new FakeCluster();
  readonly namespace = 'store';
  /** What requests must bear. */
  token = 'first-token';
  /** How a watch from a version that is too old is answered: both happen. */
  goneAs: 'status' | 'event' = 'status';
  /** Connections are closed before they are used. */
  down = false;
  /** What the account may do: everything, unless a test says otherwise. */
  mayCall: (asked: AskedRight) => boolean = () => true;
  /** A watch has just begun. */
  onStream: (resource: ResourceName) => void = () => undefined;
  /** `verb resource.group` → how often. */
  readonly calls = new Map<string, number>();
  /** Status → how often. */
  readonly answers = new Map<number, number>();
  connectionsSeen = 0;
  readonly #clock: Clock;
  readonly #server: http.Server;
  readonly #scheme: 'http' | 'https';
  readonly #sockets = new Set<Socket>();
  readonly #streams = new Set<Stream>();
  readonly #faults: { call: string; fault: Fault; left: number }[] = [];
  #held: FakeChange[] | null = null;

  constructor(options: { tls?: boolean; clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#scheme = options.tls ? 'https' : 'http';
    this.#server = options.tls ? https.createServer(fakeApiCertificate) : http.createServer();
    this.#server.on('request', (request, response) => void this.#serve(request, response));
    this.#server.on('connection', (socket) => this.#onConnection(socket));
    this.cluster.onChange((change) => {
      if (this.#held) this.#held.push(change);
      else this.#send(change);
    });
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakAll();
    await closed;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get sockets(): number {
    return this.#sockets.size;
  }

  /** Watches that run now. */
  streams(resource: ResourceName): number {
    return this.#streamsOf(resource).length;
  }

  /** The next calls like `list pods` fail. */
  failNext(call: `${Verb} ${ResourceName}`, fault: Fault, times = 1): void {
    this.#faults.push({ call, fault, left: times });
  }

  /** Resets every connection. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Resets the connections of the running watches. */
  resetStreams(resource: ResourceName): void {
    for (const { response } of this.#streamsOf(resource)) response.socket?.resetAndDestroy();
  }

  /** Ends them as the server does when their time is over. */
  endStreams(resource: ResourceName): void {
    for (const stream of this.#streamsOf(resource)) this.#end(stream);
  }

  /** From now on the running watches say nothing, and stay open. */
  silenceStreams(resource: ResourceName): void {
    for (const stream of this.#streamsOf(resource)) stream.silent = true;
  }

  /** Writes into the running watches, whatever it is. */
  writeToStreams(resource: ResourceName, text: string): void {
    for (const { response } of this.#streamsOf(resource)) response.write(text);
  }

  /** Keeps changes from the running watches. */
  holdChanges(): void {
    this.#held = [];
  }

  /** Sends what was kept: in another order, some of it twice, or not at all. */
  sendHeld(arrange: (changes: FakeChange[]) => FakeChange[]): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const change of arrange(held)) this.#send(change);
  }

  #onConnection(socket: Socket): void {
    if (this.down) return void socket.resetAndDestroy();
    this.connectionsSeen += 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const call = this.#parse(request);
      const key = `${call.verb} ${call.resource}`;
      const counted = groups[call.resource] === '' ? key : `${key}.${groups[call.resource]}`;
      this.calls.set(counted, (this.calls.get(counted) ?? 0) + 1);
      const body = await bodyOf(request);
      const fault = this.#faults.find((one) => one.call === key && one.left > 0);
      if (fault) {
        fault.left -= 1;
        if (fault.fault === 'stall') return;
        if (fault.fault === 'reset') return void request.socket.resetAndDestroy();
        return this.#refuse(response, fault.fault, 'as the test wants it');
      }
      if (request.headers.authorization !== `Bearer ${this.token}`) throw new FakeRefusal(401, 'Unauthorized', 'Unauthorized');
      const { verb, resource, name } = call;
      if (!this.mayCall({ verb, group: groups[resource], resource, name })) {
        throw new FakeRefusal(403, 'Forbidden', `${resource} ${JSON.stringify(name)} is forbidden: the account cannot ${verb} it`);
      }
      if (verb === 'watch') this.#watch(call, response);
      else this.#answer(response, verb === 'create' ? 201 : 200, this.#act(call, request, body));
    } catch (error) {
      if (!(error instanceof FakeRefusal)) return void request.socket.resetAndDestroy();
      this.#refuse(response, error, error.message);
    }
  }

  #parse(request: IncomingMessage): Call {
    const url = new URL(request.url ?? '', this.url);
    const path = /^\/(?:api|apis\/([^/]+))\/v1(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?$/.exec(url.pathname);
    const [, group = '', namespace, resource = '', name = ''] = path ?? [];
    if (!path || groups[resource as ResourceName] !== group)
      throw new FakeRefusal(404, 'NotFound', 'the server could not find the requested resource');
    if (namespace !== (resource === 'nodes' ? undefined : this.namespace)) throw new FakeRefusal(403, 'Forbidden', 'in another namespace');
    const reading: Verb = name !== '' ? 'get' : url.searchParams.get('watch') === 'true' ? 'watch' : 'list';
    const verb = ({ GET: reading, POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' } as const)[request.method ?? ''];
    if (!verb) throw new FakeRefusal(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
    return { verb, resource: resource as ResourceName, name, query: url.searchParams };
  }

  #act(call: Call, request: IncomingMessage, body: string): object {
    const { verb, resource, name } = call;
    switch (verb) {
      case 'list':
        return this.#list(call);
      case 'get':
        return this.cluster.get(resource, name);
      case 'create':
        return this.cluster.create(resource, typed(body) as Draft<Resources[ResourceName]>);
      case 'update': {
        const object = typed(body);
        if (object.metadata?.name !== name) throw new FakeRefusal(400, 'BadRequest', 'the name of the object does not match the URL');
        if (object.metadata.resourceVersion === undefined)
          throw new FakeRefusal(422, 'Invalid', 'metadata.resourceVersion: must be specified for an update');
        return this.cluster.replace(resource, object as Resources[ResourceName]);
      }
      case 'patch':
        if (request.headers['content-type'] !== 'application/merge-patch+json') {
          throw new FakeRefusal(415, 'UnsupportedMediaType', 'the body of the request was in an unknown format');
        }
        return this.cluster.mergePatch(resource, name, parsed(body));
      case 'delete': {
        const { propagationPolicy, preconditions } = parsed(body) as DeleteOptions;
        if (propagationPolicy !== 'Orphan') throw new FakeRefusal(400, 'BadRequest', 'this server deletes without what is owned only');
        this.cluster.removeVersion(resource, name, preconditions ?? {});
        return { kind: 'Status', apiVersion: 'v1', status: 'Success' };
      }
      case 'watch':
        throw new FakeRefusal(500, 'InternalError', 'a watch is no plain answer');
      default:
        return unreachable(verb);
    }
  }

  /** In pages; the token of the next one is where it begins. */
  #list({ resource, query }: Call): object {
    const items = this.cluster.list(resource, selection(query));
    const start = Number(query.get('continue') ?? 0);
    const end = start + Number(query.get('limit') ?? items.length);
    const metadata = { resourceVersion: String(this.cluster.version), ...(end < items.length ? { continue: String(end) } : {}) };
    return { kind: 'List', apiVersion: 'v1', metadata, items: items.slice(start, end) };
  }

  #watch({ resource, query }: Call, response: ServerResponse): void {
    const version = query.get('resourceVersion');
    if (version === null) throw new FakeRefusal(400, 'BadRequest', 'a watch of ours names its version');
    const changes = this.cluster.changesAfter(resource, Number(version), selection(query));
    const gone = { status: 410, reason: 'Expired' };
    if (!changes && this.goneAs === 'status') return this.#refuse(response, gone, 'too old resource version');
    this.answers.set(200, (this.answers.get(200) ?? 0) + 1);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (!changes) return void response.end(`${JSON.stringify({ type: 'ERROR', object: statusOf(gone, 'too old resource version') })}\n`);
    const stream: Stream = { resource, labelSelector: selection(query).labelSelector, response, silent: false };
    for (const change of changes) response.write(lineOf(change));
    this.#streams.add(stream);
    const timers = [
      this.#clock.setTimer(Number(query.get('timeoutSeconds')) * 1000, () => stream.silent || this.#end(stream)),
      this.#bookmarks(stream),
    ];
    response.on('close', () => {
      this.#streams.delete(stream);
      for (const timer of timers) timer.cancel();
    });
    this.onStream(resource);
  }

  #end(stream: Stream): void {
    this.#streams.delete(stream);
    stream.response.end();
  }

  #bookmarks(stream: Stream): Timer {
    let timer = this.#clock.setTimer(bookmarkMs, () => {
      const metadata = { resourceVersion: String(this.cluster.version) };
      if (!stream.silent && this.#streams.has(stream))
        stream.response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`);
      timer = this.#bookmarks(stream);
    });
    return { cancel: () => timer.cancel() };
  }

  #send(change: FakeChange): void {
    for (const stream of this.#streamsOf(change.resource)) {
      if (!stream.silent && selects(stream.labelSelector, change.object)) stream.response.write(lineOf(change));
    }
  }

  #streamsOf(resource: ResourceName): Stream[] {
    return [...this.#streams].filter((stream) => stream.resource === resource);
  }

  #refuse(response: ServerResponse, refusal: { status: number; reason: string; retryAfterSeconds?: number }, message: string): void {
    if (refusal.retryAfterSeconds !== undefined) response.setHeader('retry-after', refusal.retryAfterSeconds);
    this.#answer(response, refusal.status, statusOf(refusal, message));
  }

  #answer(response: ServerResponse, status: number, body: object): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }
}

interface DeleteOptions {
  propagationPolicy?: string;
  preconditions?: { uid?: string; resourceVersion?: string };
}

interface Stream {
  resource: ResourceName;
  labelSelector: string | undefined;
  response: ServerResponse;
  silent: boolean;
}

function selection(query: URLSearchParams): { labelSelector?: string } {
  const labelSelector = query.get('labelSelector');
  return labelSelector === null ? {} : { labelSelector };
}

function lineOf({ type, object }: FakeChange): string {
  return `${JSON.stringify({ type, object })}\n`;
}

function statusOf({ status, reason }: { status: number; reason: string }, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code: status };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString('utf8');
}

/** The server wants to be told what it gets, and keeps it elsewhere. */
function typed(body: string): Partial<KubeObject> {
  const { apiVersion, kind, ...object } = parsed(body) as Partial<KubeObject> & { apiVersion?: string; kind?: string };
  if (apiVersion === undefined || kind === undefined) throw new FakeRefusal(400, 'BadRequest', "Object 'Kind' is missing");
  return object;
}

function parsed(body: string): Partial<KubeObject> {
  try {
    return JSON.parse(body) as Partial<KubeObject>;
  } catch {
    throw new FakeRefusal(400, 'BadRequest', 'the body is no JSON');
  }
}

import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Clock } from '../base/clock.js';
import type { ClusterApi, Draft, ListOptions, ObjectList, ResourceName, Resources, WatchEvent, WatchOptions } from './cluster-api.js';
import type { Credentials } from './credentials.js';
import { eventOfLine, linesOf, statusError } from './watch-stream.js';

const limits = {
  /** Watches hold one connection each, all the time. */
  connectionsMax: 16,
  /** From sending to the last byte of the answer; watches have a silence limit instead, of `WatchLoop`. */
  requestTimeoutMs: 15_000,
  /** Objects in one answer of a list; the rest comes with the next ones. */
  pageSize: 500,
  pagesMax: 200,
  answerBytesMax: 64 * 1024 * 1024,
};

/** Written into `managedFields` of what we change. */
const fieldManager = 'aetherstore-controller';

interface ResourceKind {
  /** Path of its group and version. */
  base: string;
  apiVersion: string;
  kind: string;
  namespaced: boolean;
}

const core = { base: '/api/v1', apiVersion: 'v1' };
const apps = { base: '/apis/apps/v1', apiVersion: 'apps/v1' };
const policy = { base: '/apis/policy/v1', apiVersion: 'policy/v1' };
const coordination = { base: '/apis/coordination.k8s.io/v1', apiVersion: 'coordination.k8s.io/v1' };

const kinds: Record<ResourceName, ResourceKind> = {
  pods: { ...core, kind: 'Pod', namespaced: true },
  statefulsets: { ...apps, kind: 'StatefulSet', namespaced: true },
  persistentvolumeclaims: { ...core, kind: 'PersistentVolumeClaim', namespaced: true },
  nodes: { ...core, kind: 'Node', namespaced: false },
  leases: { ...coordination, kind: 'Lease', namespaced: true },
  events: { ...core, kind: 'Event', namespaced: true },
  secrets: { ...core, kind: 'Secret', namespaced: true },
  poddisruptionbudgets: { ...policy, kind: 'PodDisruptionBudget', namespaced: true },
};

type Query = Record<string, string | number | boolean | undefined>;

interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  path: string;
  query?: Query;
  body?: object;
  /** Of the body; JSON when absent. */
  contentType?: string;
}

/** The API server as `ClusterApi`, over few connections that are kept. A call is never repeated here: who asks knows whether to. */
export class ApiClient implements ClusterApi {
  readonly #credentials: Credentials;
  readonly #namespace: string;
  readonly #clock: Clock;
  readonly #transport: typeof http | typeof https;
  readonly #agent: http.Agent;

  constructor(options: { credentials: Credentials; namespace: string }, parts: { clock: Clock }) {
    this.#credentials = options.credentials;
    this.#namespace = options.namespace;
    this.#clock = parts.clock;
    this.#transport = options.credentials.server.protocol === 'http:' ? http : https;
    this.#agent = new this.#transport.Agent({ keepAlive: true, maxSockets: limits.connectionsMax });
  }

  async list<R extends ResourceName>(resource: R, options: ListOptions, signal?: AbortSignal): Promise<ObjectList<Resources[R]>> {
    const items: Resources[R][] = [];
    let next: string | undefined;
    for (let page = 0; page < limits.pagesMax; page += 1) {
      const query = { ...options, limit: limits.pageSize, continue: next };
      const answer = await this.#ask({ method: 'GET', path: this.#path(resource), query }, signal);
      const { metadata } = answer as { metadata?: { resourceVersion?: string; continue?: string } };
      if (!Array.isArray(answer.items) || typeof metadata?.resourceVersion !== 'string') throw new Error(`the list of ${resource} is none`);
      items.push(...(answer.items as Resources[R][]));
      if (!metadata.continue) return { items, resourceVersion: metadata.resourceVersion };
      next = metadata.continue;
    }
    throw new Error(`the list of ${resource} is longer than ${limits.pagesMax * limits.pageSize} objects`);
  }

  async *watch<R extends ResourceName>(resource: R, options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent<Resources[R]>> {
    const query = { ...options, watch: true, allowWatchBookmarks: true };
    const exchange = await this.#open({ method: 'GET', path: this.#path(resource), query }, signal);
    try {
      const answer = await exchange.answer;
      if (answer.statusCode !== 200) throw statusError(answer.statusCode ?? 0, answer.headers['retry-after'], await bodyOf(answer));
      for await (const line of linesOf(answer)) yield eventOfLine<Resources[R]>(line);
    } finally {
      exchange.release();
    }
  }

  async get<R extends ResourceName>(resource: R, name: string, signal?: AbortSignal): Promise<Resources[R]> {
    return (await this.#ask({ method: 'GET', path: this.#path(resource, name) }, signal)) as unknown as Resources[R];
  }

  async create<R extends ResourceName>(resource: R, object: Draft<Resources[R]>, signal?: AbortSignal): Promise<Resources[R]> {
    const body = this.#typed(resource, object);
    return (await this.#ask(
      { method: 'POST', path: this.#path(resource), query: { fieldManager }, body },
      signal,
    )) as unknown as Resources[R];
  }

  async replace<R extends ResourceName>(resource: R, object: Resources[R], signal?: AbortSignal): Promise<Resources[R]> {
    const path = this.#path(resource, object.metadata.name);
    const body = this.#typed(resource, object);
    return (await this.#ask({ method: 'PUT', path, query: { fieldManager }, body }, signal)) as unknown as Resources[R];
  }

  async mergePatch<R extends ResourceName>(resource: R, name: string, patch: object, signal?: AbortSignal): Promise<Resources[R]> {
    const contentType = 'application/merge-patch+json';
    const call: Call = { method: 'PATCH', path: this.#path(resource, name), query: { fieldManager }, body: patch, contentType };
    return (await this.#ask(call, signal)) as unknown as Resources[R];
  }

  async deleteOrphaning(
    resource: ResourceName,
    name: string,
    preconditions: { uid: string; resourceVersion: string },
    signal?: AbortSignal,
  ): Promise<void> {
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Orphan', preconditions };
    await this.#ask({ method: 'DELETE', path: this.#path(resource, name), body }, signal);
  }

  /** Ends the connections that wait for use; those of calls under way end with them. */
  close(): void {
    this.#agent.destroy();
  }

  #path(resource: ResourceName, name?: string): string {
    const { base, namespaced } = kinds[resource];
    const namespace = namespaced ? `/namespaces/${encodeURIComponent(this.#namespace)}` : '';
    return `${base}${namespace}/${resource}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
  }

  #typed(resource: ResourceName, object: object): object {
    const { apiVersion, kind } = kinds[resource];
    return { apiVersion, kind, ...object };
  }

  /** One call with its whole answer, within the time limit. */
  async #ask(call: Call, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const exchange = await this.#open(call, signal);
    const timer = this.#clock.setTimer(limits.requestTimeoutMs, () =>
      exchange.cut(new Error(`no answer to ${call.method} ${call.path} within ${limits.requestTimeoutMs} ms`)),
    );
    try {
      const answer = await exchange.answer;
      const status = answer.statusCode ?? 0;
      const text = await bodyOf(answer);
      if (status < 200 || status > 299) throw statusError(status, answer.headers['retry-after'], text);
      return JSON.parse(text) as Record<string, unknown>;
    } finally {
      timer.cancel();
      exchange.release();
    }
  }

  /** Sends a call. Until released, `cut` and the signal end its connection, and with it the answer. */
  async #open(call: Call, signal?: AbortSignal): Promise<Exchange> {
    const { headers, ...options } = await this.#credentials.requestOptions();
    signal?.throwIfAborted();
    const body = call.body === undefined ? null : Buffer.from(JSON.stringify(call.body));
    const request = this.#transport.request(this.#url(call), {
      ...options,
      agent: this.#agent,
      method: call.method,
      headers: {
        ...(headers as http.OutgoingHttpHeaders | undefined),
        accept: 'application/json',
        'user-agent': fieldManager,
        ...(body ? { 'content-type': call.contentType ?? 'application/json', 'content-length': body.length } : {}),
      },
    });
    return new Exchange({ request, body, signal, onCut: () => this.#closeIdle() });
  }

  /** After a connection that said nothing: those that wait for use may be as dead, and the next call would have to find out. */
  #closeIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  #url(call: Call): URL {
    const { server } = this.#credentials;
    const url = new URL(server.pathname.replace(/\/$/, '') + call.path, server);
    for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) url.searchParams.set(name, String(value));
    return url;
  }
}

/** A request and its answer as one thing that can be cut. */
class Exchange {
  readonly answer: Promise<IncomingMessage>;
  readonly #request: ClientRequest;
  readonly #signal: AbortSignal | undefined;
  readonly #onCut: () => void;
  readonly #onAbort = (): void => this.cut(this.#signal?.reason as Error);
  #answer: IncomingMessage | null = null;

  constructor(parts: { request: ClientRequest; body: Buffer | null; signal: AbortSignal | undefined; onCut: () => void }) {
    const { request, body, signal } = parts;
    this.#request = request;
    this.#signal = signal;
    this.#onCut = parts.onCut;
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    // a connection that breaks after the answer's head tells so through the answer
    request.on('error', () => undefined);
    this.answer = once(request, 'response').then(([answer]) => (this.#answer = answer as IncomingMessage));
    request.end(body);
  }

  cut(reason: Error): void {
    (this.#answer ?? this.#request).destroy(reason);
    this.#onCut();
  }

  release(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}

async function bodyOf(answer: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  for await (const part of answer as AsyncIterable<Buffer>) {
    sizeBytes += part.length;
    if (sizeBytes > limits.answerBytesMax) throw new Error(`an answer is longer than ${limits.answerBytesMax} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

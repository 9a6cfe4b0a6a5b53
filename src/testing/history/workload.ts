import { must } from '../../base/must.js';
import type { S3TestAnswer, S3TestClient, S3TestRequest } from '../s3-test-client.js';
import type { SeededRandom } from '../seeded-random.js';
import type { Contents } from './contents.js';
import type { KeyState, Step } from './linearizability.js';
import type { Recorder } from './recorder.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const partSizeBytesMin = 5 * MiB;

export interface WorkloadOptions {
  bucket: string;
  keys: readonly string[];
  clients: readonly S3TestClient[];
  contents: Contents;
  recorder: Recorder;
  random: SeededRandom;
}

/** Sizes around every border of the store: nothing, one byte, a block, the largest packed chunk. */
function smallSize(random: SeededRandom): number {
  const kind = random.fraction();
  if (kind < 0.1) return random.pick([0, 1]);
  if (kind < 0.6) return random.between(2, 8 * KiB);
  if (kind < 0.85) return random.between(8 * KiB, 64 * KiB);
  if (kind < 0.92) return 64 * KiB + random.between(-1, 1);
  return 256 * KiB + random.between(-1, 1);
}

function largeSize(random: SeededRandom): number {
  return random.fraction() < 0.7 ? random.between(257 * KiB, 2 * MiB) : random.between(2 * MiB, 12 * MiB);
}

const mix: [operation: keyof Workload, weight: number][] = [
  ['put', 30],
  ['get', 28],
  ['remove', 10],
  ['create', 8],
  ['replace', 8],
  ['copy', 8],
  ['multipart', 8],
];
const weights = mix.reduce((sum, [, weight]) => sum + weight, 0);

/** What one of many clients does on keys that all of them want. Every answer becomes a step of its key's history. */
export class Workload {
  readonly #options: WorkloadOptions;

  constructor(options: WorkloadOptions) {
    this.#options = options;
  }

  /** One operation, drawn. */
  async step(): Promise<void> {
    let drawn = this.#options.random.fraction() * weights;
    const [operation] = must(
      mix.find(([, weight]) => (drawn -= weight) < 0),
      'an operation',
    );
    await this[operation as 'get']();
  }

  /** Answers whether it was acknowledged. */
  async put(sizeBytes = this.#size()): Promise<boolean> {
    const { etag, body } = this.#options.contents.whole(sizeBytes);
    const key = this.#key();
    const sent = await this.#send('put', { method: 'PUT', path: this.#path(key), body });
    this.#write(key, sent, 'put', { requires: null, becomes: etag });
    return sent.answer?.status === 200;
  }

  async get(key = this.#key()): Promise<void> {
    const sent = await this.#send('get', { method: 'GET', path: this.#path(key) });
    this.#read(key, sent, 'get');
  }

  async remove(): Promise<void> {
    const key = this.#key();
    const sent = await this.#send('delete', { method: 'DELETE', path: this.#path(key) });
    this.#write(key, sent, 'delete', { requires: null, becomes: null });
  }

  /** If-None-Match: * */
  async create(): Promise<void> {
    const { etag, body } = this.#options.contents.whole(this.#size());
    const key = this.#key();
    const sent = await this.#send('create', { method: 'PUT', path: this.#path(key), headers: { 'if-none-match': '*' }, body });
    this.#write(key, sent, 'create', { requires: { is: null }, becomes: etag });
  }

  /** If-Match of what was just seen. */
  async replace(): Promise<void> {
    const key = this.#key();
    const seen = await this.#seen(key);
    if (seen === null) return;
    const { etag, body } = this.#options.contents.whole(this.#size());
    const sent = await this.#send('replace', { method: 'PUT', path: this.#path(key), headers: { 'if-match': `"${seen}"` }, body });
    this.#write(key, sent, 'replace', { requires: { is: seen }, becomes: etag });
  }

  /** Copies exactly the content that was just seen, so that also an unknown outcome has a known value. */
  async copy(): Promise<void> {
    const source = this.#key();
    const target = this.#key();
    const seen = await this.#seen(source);
    if (seen === null || source === target) return;
    const headers = { 'x-amz-copy-source': this.#path(source), 'x-amz-copy-source-if-match': `"${seen}"` };
    const sent = await this.#send('copy', { method: 'PUT', path: this.#path(target), headers });
    if (sent.answer?.status === 412 || sent.answer?.status === 404) {
      this.#refused(source, sent, 'copy', { is: seen });
      return;
    }
    if (sent.answer?.status === 200) this.#step(source, sent, { name: 'copied from', requires: { is: seen } });
    this.#write(target, sent, 'copy', { requires: null, becomes: seen });
  }

  async multipart(sizesBytes = this.#partSizes()): Promise<void> {
    const { random, contents } = this.#options;
    const key = this.#key();
    const path = this.#path(key);
    const client = this.#client();
    const created = await this.#send('create upload', { method: 'POST', path, query: [['uploads', '']] }, client);
    const uploadId = /<UploadId>([^<]+)</.exec(created.answer?.body.toString() ?? '')?.[1];
    if (created.answer?.status !== 200 || uploadId === undefined) return;
    const { etag, bodies } = contents.parts(sizesBytes);
    const etags: string[] = [];
    for (const [index, body] of bodies.entries()) {
      const query: [string, string][] = [['partNumber', String(index + 1)], ['uploadId', uploadId]]; // prettier-ignore
      const sent = await this.#send('part', { method: 'PUT', path, query, body }, client);
      if (sent.answer?.status !== 200) return;
      etags.push(String(sent.answer.headers.etag));
    }
    if (random.fraction() < 0.1) {
      await this.#send('abort', { method: 'DELETE', path, query: [['uploadId', uploadId]] });
      return;
    }
    const parts = etags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`).join('');
    const body = Buffer.from(`<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`);
    const sent = await this.#send('complete', { method: 'POST', path, query: [['uploadId', uploadId]], body });
    // A long Complete may say 200 first and the error in the document.
    if (sent.answer?.status === 200 && !sent.answer.body.includes('<CompleteMultipartUploadResult')) sent.answer = null;
    this.#write(key, sent, 'multipart', { requires: null, becomes: etag });
  }

  // ---- how an answer becomes a step

  #write(key: string, sent: Sent, name: string, effect: Pick<Step, 'requires'> & { becomes: KeyState }): void {
    const { recorder } = this.#options;
    if (sent.never) return;
    const { answer } = sent;
    if (answer !== null && answer.status < 300) {
      const etag = answer.headers.etag?.replaceAll('"', '');
      if (etag !== undefined && etag !== effect.becomes)
        recorder.violations.push(`${name} ${key}: ETag ${etag} in place of ${effect.becomes}`);
      recorder.count('acknowledged', name);
      this.#step(key, sent, { name, ...effect });
    } else if (answer === null || answer.status >= 500) {
      recorder.count('unknown', name);
      recorder.add(key, { name: `${name} (${answer?.status ?? sent.failure})`, startMs: sent.startMs, endMs: null, ...effect });
    } else if ((answer.status === 412 || answer.status === 404) && effect.requires !== null && 'is' in effect.requires) {
      this.#refused(key, sent, name, effect.requires);
    } else if (answer.status === 409) {
      recorder.count('refused', `${name} 409`); // a conflicting operation was under way: nothing was done
    } else {
      recorder.violations.push(`${name} ${key}: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
    }
  }

  #refused(key: string, sent: Sent, name: string, required: { is: KeyState }): void {
    const { recorder } = this.#options;
    recorder.count('refused', name);
    const requires = sent.answer?.status === 404 ? { is: null } : { isNot: required.is };
    this.#step(key, sent, { name: `${name} refused`, requires });
  }

  /** What the read says the key holds; undefined when it says nothing. */
  #read(key: string, sent: Sent, name: string): KeyState | undefined {
    const { recorder, contents } = this.#options;
    const { answer } = sent;
    if (answer?.status === 404) {
      recorder.count('acknowledged', name);
      this.#step(key, sent, { name, requires: { is: null } });
      return null;
    }
    if (answer?.status !== 200) {
      if (answer !== null && answer.status < 500)
        recorder.violations.push(`${name} ${key}: ${answer.status} ${answer.body.toString().slice(0, 300)}`);
      recorder.unreadable += 1;
      return undefined;
    }
    const etag = String(answer.headers.etag).replaceAll('"', '');
    const problem = name === 'get' ? contents.problem(etag, answer.body) : null;
    if (problem !== null) recorder.violations.push(`${name} ${key}: ${problem}`);
    recorder.count('acknowledged', name);
    this.#step(key, sent, { name, requires: { is: etag } });
    return etag;
  }

  /** The ETag that the key has, by HEAD; null when there is none or no answer. */
  async #seen(key: string): Promise<string | null> {
    const sent = await this.#send('head', { method: 'HEAD', path: this.#path(key) });
    return this.#read(key, sent, 'head') ?? null;
  }

  #step(key: string, sent: Sent, step: Pick<Step, 'name' | 'requires' | 'becomes'>): void {
    this.#options.recorder.add(key, { ...step, startMs: sent.startMs, endMs: sent.endMs });
  }

  async #send(name: string, request: S3TestRequest, client = this.#client()): Promise<Sent> {
    const { recorder } = this.#options;
    const startMs = recorder.nowMs();
    try {
      const answer = await client.request(request);
      return { answer, never: false, failure: null, startMs, endMs: recorder.nowMs() };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Nobody listens while a process is down: nothing was sent. A moment's pause keeps the clients from spinning.
      const never = code === 'ECONNREFUSED';
      if (never) await new Promise((resolve) => setTimeout(resolve, 50));
      return { answer: null, never, failure: `${name}: ${code ?? String(error)}`, startMs, endMs: recorder.nowMs() };
    }
  }

  #client(): S3TestClient {
    return this.#options.random.pick(this.#options.clients);
  }

  #key(): string {
    return this.#options.random.pick(this.#options.keys);
  }

  #path(key: string): string {
    return `/${this.#options.bucket}/${key}`;
  }

  #size(): number {
    const { random } = this.#options;
    return random.fraction() < 0.98 ? smallSize(random) : largeSize(random);
  }

  #partSizes(): number[] {
    const { random } = this.#options;
    return random.fraction() < 0.9 ? [this.#size()] : [partSizeBytesMin + random.between(0, KiB), this.#size()];
  }
}

/** A request and what came of it. */
interface Sent {
  /** Null: no whole answer. */
  answer: S3TestAnswer | null;
  /** It certainly never reached anybody. */
  never: boolean;
  failure: string | null;
  startMs: number;
  endMs: number;
}

import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { must } from '../base/must.js';
import { Refusal } from '../model/refusal.js';
import { BodyHashers } from '../s3/body-hasher.js';
import { hashesFor, readBodyClaims, verifyBody } from '../s3/checksums.js';
import { errorDocument } from '../s3/error-document.js';
import { createPayloadDecoder, declaredLengthBytes } from '../s3/payload.js';
import { parseRequest, type ParsedRequest } from '../s3/raw-request.js';
import { SignatureVerifier } from '../s3/sigv4.js';
import { childText, readXml, requiredText } from '../s3/xml-read.js';
import { nameWriter, xml, xmlDocument } from '../s3/xml-write.js';

interface StoredObject {
  body: Buffer;
  etag: string;
  headers: Record<string, string>;
}

/** Misbehaviour that a test asks for. */
export interface Faults {
  /** The next so many GETs end, with a broken connection, after `afterBytes` of their body. */
  brokenGets: { times: number; afterBytes: number };
  /** The next so many requests get 503. */
  busy: number;
  /** Called with each request before it is answered. */
  onRequest: (line: string) => void;
}

/**
 * An S3 endpoint in memory that verifies signatures, payload hashes and checksums as the gateway does, but is no store:
 * for tests of clients, with faults on demand.
 */
export class SmallS3Server {
  readonly objects = new Map<string, StoredObject>();
  readonly uploads = new Map<string, { path: string; parts: Map<number, Buffer> }>();
  readonly buckets = new Set<string>();
  readonly faults: Faults = { brokenGets: { times: 0, afterBytes: 0 }, busy: 0, onRequest: () => undefined };
  readonly #server: Server;
  readonly #hashers: BodyHashers;
  readonly #verifier: SignatureVerifier;

  private constructor(server: Server, hashers: BodyHashers, credentials: { accessKeyId: string; secretAccessKey: string }) {
    this.#server = server;
    this.#hashers = hashers;
    const secretOf = (id: string): string | null => (id === credentials.accessKeyId ? credentials.secretAccessKey : null);
    this.#verifier = new SignatureVerifier({ region: 'us-east-1', secretOf });
  }

  static async start(credentials: { accessKeyId: string; secretAccessKey: string }): Promise<SmallS3Server> {
    const server = createServer();
    const small = new SmallS3Server(server, await BodyHashers.create(), credentials);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void small.#handle(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return small;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#hashers.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      this.faults.onRequest(`${request.method} ${request.url}`);
      const parsed = parseRequest({ method: request.method ?? '', rawTarget: request.url ?? '', rawHeaders: request.rawHeaders });
      const { payload } = this.#verifier.verify(parsed, Date.now());
      const claims = readBodyClaims(parsed.headers, payload, null);
      const decoder = createPayloadDecoder(payload, declaredLengthBytes(parsed.headers, payload));
      const pieces: Buffer[] = [];
      for await (const piece of request as AsyncIterable<Buffer>) pieces.push(...decoder.push(piece));
      decoder.end();
      const body = Buffer.concat(pieces);
      verifyBody(claims, this.#hashers.hash(hashesFor(claims), body), decoder.trailers);
      if (this.faults.busy > 0) {
        this.faults.busy -= 1;
        throw new Refusal('slow-down');
      }
      this.#answer(parsed, body, response);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        response.destroy();
        return;
      }
      const place = { resource: request.url ?? '', requestId: 'REQUEST1', hostId: 'h' };
      const document = request.method === 'HEAD' ? '' : errorDocument(error, place);
      response.writeHead(error.status, { 'x-amz-request-id': 'REQUEST1' }).end(document);
    }
  }

  #answer(request: ParsedRequest, body: Buffer, response: ServerResponse): void {
    const [, bucket = '', key = ''] = /^\/([^/]*)\/?(.*)$/s.exec(request.path) ?? [];
    if (bucket === '') return void response.end(this.#listBuckets());
    if (key === '' && request.method === 'PUT') {
      if (this.buckets.has(bucket)) throw new Refusal('bucket-exists');
      this.buckets.add(bucket);
      return void response.end();
    }
    if (!this.buckets.has(bucket)) throw new Refusal('no-such-bucket');
    if (key === '') return this.#answerBucket(request, { bucket, body }, response);
    const uploadId = request.query.get('uploadId');
    if (request.query.has('uploads') || uploadId !== null) return this.#answerUpload(request, { uploadId, body }, response);
    switch (request.method) {
      case 'PUT':
        if (request.headers.get('if-none-match') === '*' && this.objects.has(request.path)) throw new Refusal('precondition-failed');
        return void response.setHeader('etag', `"${this.#store(request.path, body, request)}"`).end();
      case 'DELETE':
        this.objects.delete(request.path);
        return void response.writeHead(204).end();
      default:
        return this.#read(request, response);
    }
  }

  #store(path: string, body: Buffer, request: ParsedRequest, etag = createHash('md5').update(body).digest('hex')): string {
    const headers: Record<string, string> = {};
    for (const [name, value] of request.headers.entries()) if (/^(?:x-amz-meta-|content-type$)/.test(name)) headers[name] = value;
    this.objects.set(path, { body, etag, headers });
    return etag;
  }

  #read(request: ParsedRequest, response: ServerResponse): void {
    const object = this.objects.get(request.path);
    if (object === undefined) throw new Refusal('no-such-key');
    const { body, etag, headers } = object;
    const wanted = request.headers.get('if-match');
    if (wanted !== null && wanted !== `"${etag}"`) throw new Refusal('precondition-failed');
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get('range') ?? '');
    const part = range === null ? body : body.subarray(Number(range[1]), Number(range[2]) + 1);
    response.writeHead(range === null ? 200 : 206, {
      ...headers,
      etag: `"${etag}"`,
      'content-length': part.length,
      'last-modified': 'Tue, 24 Nov 2026 22:50:44 GMT',
    });
    if (request.method === 'HEAD') return void response.end();
    const { brokenGets } = this.faults;
    if (brokenGets.times === 0) return void response.end(part);
    brokenGets.times -= 1;
    response.write(part.subarray(0, brokenGets.afterBytes), () => response.destroy());
  }

  #answerBucket(request: ParsedRequest, { bucket, body }: { bucket: string; body: Buffer }, response: ServerResponse): void {
    if (request.method === 'HEAD') return void response.end();
    if (request.method === 'DELETE') {
      if (this.#keysOf(bucket).length > 0) throw new Refusal('bucket-not-empty');
      this.buckets.delete(bucket);
      return void response.writeHead(204).end();
    }
    if (request.method === 'POST') return void response.end(this.#deleteKeys(bucket, body));
    response.end(this.#listObjects(bucket, request));
  }

  /** A key that contains `locked` cannot be deleted. */
  #deleteKeys(bucket: string, body: Buffer): Buffer {
    const keys = readXml(body)
      .children.filter((child) => child.name === 'Object')
      .map((object) => requiredText(object, 'Key'));
    const locked = keys.filter((key) => key.includes('locked'));
    for (const key of keys) if (!locked.includes(key)) this.objects.delete(`/${bucket}/${key}`);
    return xmlDocument(
      'DeleteResult',
      xml`${locked.map((key) => xml`<Error><Key>${key}</Key><Code>AccessDenied</Code><Message>It is locked.</Message></Error>`)}`,
    );
  }

  #keysOf(bucket: string): string[] {
    const start = `/${bucket}/`;
    return [...this.objects.keys()]
      .filter((path) => path.startsWith(start))
      .map((path) => path.slice(start.length))
      .sort();
  }

  #listBuckets(): Buffer {
    const rows = [...this.buckets]
      .sort()
      .map((name) => xml`<Bucket><Name>${name}</Name><CreationDate>2026-11-24T22:50:44.000Z</CreationDate></Bucket>`);
    return xmlDocument('ListAllMyBucketsResult', xml`<Buckets>${rows}</Buckets>`);
  }

  #listObjects(bucket: string, { query }: ParsedRequest): Buffer {
    const prefix = query.get('prefix') ?? '';
    const delimiter = query.get('delimiter') ?? '';
    const limit = Number(query.get('max-keys') ?? 1000);
    const after = query.get('continuation-token') ?? '';
    const write = nameWriter('url');
    const names = new Set<string>();
    for (const key of this.#keysOf(bucket)) {
      if (!key.startsWith(prefix)) continue;
      const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
      names.add(end === -1 ? key : key.slice(0, end + 1));
    }
    const left = [...names].filter((name) => name > after);
    const page = left.slice(0, limit);
    const rows = page.map((name) => {
      const object = this.objects.get(`/${bucket}/${name}`);
      if (object === undefined) return xml`<CommonPrefixes><Prefix>${write(name)}</Prefix></CommonPrefixes>`;
      return xml`<Contents><Key>${write(name)}</Key><LastModified>2026-11-24T22:50:44.000Z</LastModified><ETag>"${object.etag}"</ETag><Size>${object.body.length}</Size></Contents>`;
    });
    const next = left.length > page.length ? xml`<NextContinuationToken>${page.at(-1) ?? ''}</NextContinuationToken>` : null;
    return xmlDocument('ListBucketResult', xml`${rows}${next}`);
  }

  #answerUpload(request: ParsedRequest, { uploadId, body }: { uploadId: string | null; body: Buffer }, response: ServerResponse): void {
    if (uploadId === null) {
      const id = `upload-${this.uploads.size + 1}-${Date.now()}`;
      this.uploads.set(id, { path: request.path, parts: new Map() });
      return void response.end(xmlDocument('InitiateMultipartUploadResult', xml`<UploadId>${id}</UploadId>`));
    }
    const upload = this.uploads.get(uploadId);
    if (upload === undefined) throw new Refusal('no-such-upload');
    if (request.method === 'PUT') {
      upload.parts.set(Number(request.query.get('partNumber')), body);
      return void response.setHeader('etag', `"${createHash('md5').update(body).digest('hex')}"`).end();
    }
    this.uploads.delete(uploadId);
    if (request.method === 'DELETE') return void response.writeHead(204).end();
    const numbers = readXml(body).children.map((part) => Number(must(childText(part, 'PartNumber'), 'part number')));
    const whole = Buffer.concat(numbers.map((number) => must(upload.parts.get(number), 'part')));
    const etag = this.#store(upload.path, whole, request, `${createHash('md5').update(whole).digest('hex')}-${numbers.length}`);
    response.end(xmlDocument('CompleteMultipartUploadResult', xml`<ETag>"${etag}"</ETag>`));
  }
}

import { must } from '../base/must.js';
import type { WrittenChunk } from '../model/chunk.js';
import { packedSizeBytesMax } from '../model/limits.js';
import type { ChecksumAlgorithm, ObjectChecksum } from '../model/object.js';
import { Refusal } from '../model/refusal.js';
import { hashesFor, readBodyClaims, verifyBody, type BodyClaims } from '../s3/checksums.js';
import type { Digests, HashName } from '../s3/hash-stream.js';
import { createPayloadDecoder, declaredLengthBytes, type PayloadDecoder } from '../s3/payload.js';
import type { BodyOrigin } from './body-store.js';
import type { GatewayRequest, GatewayServices } from './operation.js';

/** What a larger body may hold in memory at once: what is on its way to the slowest of its nodes. */
const streamBytesMax = 8 * 1024 * 1024;

export interface ReceivedBody {
  sizeBytes: number;
  /** MD5, hexadecimal. */
  etag: string;
  /** What the client named and what was verified, or what the upload wants. */
  checksum: ObjectChecksum | null;
  /** Durable on W nodes; empty for no bytes. */
  chunks: WrittenChunk[];
}

export interface BodyWish {
  origin: BodyOrigin;
  /** Of the multipart upload: its parts have this checksum and no other. */
  uploadAlgorithm: ChecksumAlgorithm | null;
}

/**
 * Reads the body of a PUT, verifies all that the client said of it, and makes it durable. Nothing of it is visible:
 * a commit has to follow. A small body is verified before a byte is stored, a large one when its last byte has come.
 */
export async function receiveBody(request: GatewayRequest, services: GatewayServices, wish: BodyWish): Promise<ReceivedBody> {
  const { headers, payload } = request;
  const sizeBytes = declaredLengthBytes(headers, payload);
  const claims = readBodyClaims(headers, payload, wish.uploadAlgorithm);
  if (wish.uploadAlgorithm !== null && claims.checksum?.algorithm !== wish.uploadAlgorithm) {
    throw new Refusal(
      'request-invalid',
      `Checksum Type mismatch occurred, expected checksum Type: ${wish.uploadAlgorithm.toLowerCase()}, actual checksum Type: ${claims.checksum?.algorithm.toLowerCase()}`,
    );
  }
  const decoder = createPayloadDecoder(payload, sizeBytes);
  const heldBytes = Math.min(sizeBytes, streamBytesMax);
  const room = services.admission.reserve(heldBytes);
  if (room !== null) await room;
  try {
    const receive = sizeBytes <= packedSizeBytesMax ? receiveSmall : receiveLarge;
    const { digests, checksum, chunks } = await receive(request, services, { decoder, claims, sizeBytes, origin: wish.origin });
    return { sizeBytes, etag: must(digests.get('MD5'), 'MD5').toString('hex'), checksum, chunks };
  } finally {
    services.admission.giveBack(heldBytes);
  }
}

interface Plan {
  decoder: PayloadDecoder;
  claims: BodyClaims;
  sizeBytes: number;
  origin: BodyOrigin;
}

interface Stored {
  digests: Digests;
  checksum: ObjectChecksum | null;
  chunks: WrittenChunk[];
}

async function receiveSmall(request: GatewayRequest, services: GatewayServices, plan: Plan): Promise<Stored> {
  const pieces = await request.body.collect(plan.decoder);
  const names = hashesFor(plan.claims);
  const digests = await digestsOf(services, names, pieces);
  const checksum = verifyBody(plan.claims, digests, plan.decoder.trailers);
  const chunks = plan.sizeBytes === 0 ? [] : await services.chunks.write(pieces, plan.origin);
  return { digests, checksum, chunks };
}

function digestsOf(services: GatewayServices, names: HashName[], pieces: Buffer[]): Digests | Promise<Digests> {
  const [only] = pieces;
  return pieces.length === 1 ? services.hashers.hash(names, only!) : digestsOfPieces(services, names, pieces);
}

async function digestsOfPieces(services: GatewayServices, names: HashName[], pieces: Buffer[]): Promise<Digests> {
  const hasher = services.hashers.begin(names, 0);
  for (const piece of pieces) {
    const busy = hasher.update(piece);
    if (busy !== null) await busy;
  }
  return hasher.finish();
}

async function receiveLarge(request: GatewayRequest, services: GatewayServices, plan: Plan): Promise<Stored> {
  const hasher = services.hashers.begin(hashesFor(plan.claims), plan.sizeBytes);
  async function* hashed(): AsyncGenerator<Buffer, void, void> {
    for await (const bytes of request.body.stream(plan.decoder)) {
      const busy = hasher.update(bytes);
      yield bytes;
      if (busy !== null) await busy;
    }
  }
  try {
    const chunks = await services.chunks.write(hashed(), plan.origin);
    const digests = await hasher.finish();
    return { digests, checksum: verifyBody(plan.claims, digests, plan.decoder.trailers), chunks };
  } catch (error) {
    hasher.abort();
    throw error;
  }
}

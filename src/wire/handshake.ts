import { createHmac, timingSafeEqual } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import type { Random } from '../base/random.js';
import { Refusal } from '../model/refusal.js';
import { wireVersion, wireVersionMin } from './frames.js';
import { parseHead } from './heads.js';

/*
 * Both sides prove that they know the cluster secret without sending it:
 *
 *   client → hello      who I am, my nonce
 *   server → challenge  who I am, my nonce, HMAC over both with direction "server"
 *   client → proof      the same with direction "client"
 *   server → ready
 *
 * Nonces make a recorded handshake worthless, the direction a reflected one. Repeated hourly on the same connection.
 */

export type Lane = 'small' | 'bulk';

/** Who somebody says to be; part of what is proven. */
export interface Identity {
  role: string;
  id: string;
  /** Raised at every start of what stands behind the id. */
  boot: number;
}

/** A process that has proven itself to a server. */
export interface Peer extends Identity {
  lane: Lane;
  /** Tells processes apart that show the same id and boot: a cloned volume. */
  process: string;
  /** Orders the connections of one process. */
  openedAtMs: number;
}

const nonceBytes = 32;
const nonce = z.string().regex(/^[0-9a-f]{64}$/);
const mac = z.string().regex(/^[0-9a-f]{64}$/);
const identity = { role: z.string().min(1).max(32), id: z.string().min(1).max(128), boot: z.int().nonnegative() };
const versionNumber = z.int().min(1).max(255);

const helloSchema = z.object({
  ...identity,
  lane: z.enum(['small', 'bulk']),
  process: z.string().max(256),
  openedAtMs: z.number().nonnegative(),
  version: versionNumber,
  versionMin: versionNumber,
  nonce,
});
const challengeSchema = z.object({ ...identity, version: versionNumber, nonce, proof: mac });
const proofSchema = z.object({ proof: mac });
type Hello = z.infer<typeof helloSchema>;
type Challenge = Omit<z.infer<typeof challengeSchema>, 'proof'>;

/** Different for any two processes that run at the same time, also in containers that all have process id 1. */
export function processMark(): string {
  return `${hostname()}/${process.pid}/${performance.timeOrigin}`.slice(0, 256);
}

function macOf(secret: Buffer, direction: 'client' | 'server', hello: Hello, challenge: Challenge): Buffer {
  const { role, id, boot, lane, process, openedAtMs, version, versionMin, nonce } = hello;
  const said = [
    'aether-wire/1',
    direction,
    [role, challenge.role],
    [id, challenge.id],
    [boot, challenge.boot],
    [nonce, challenge.nonce],
    [lane, process, openedAtMs, version, versionMin, challenge.version],
  ];
  return createHmac('sha256', secret).update(JSON.stringify(said)).digest();
}

function ownMac(secrets: Buffer[], direction: 'client' | 'server', hello: Hello, challenge: Challenge): string {
  const [own] = secrets;
  if (own === undefined) throw new Refusal('peer-unproven', 'There is no cluster secret to prove.');
  return macOf(own, direction, hello, challenge).toString('hex');
}

/** Tries every accepted secret, so that a cluster can change its secret one process at a time. */
function checkMac(secrets: Buffer[], direction: 'client' | 'server', hello: Hello, challenge: Challenge, shown: string): void {
  const shownBytes = Buffer.from(shown, 'hex');
  let equal = false;
  for (const secret of secrets) if (timingSafeEqual(macOf(secret, direction, hello, challenge), shownBytes)) equal = true;
  if (!equal) throw new Refusal('peer-unproven');
}

function parse<T>(schema: z.ZodType<T>, json: string): T {
  const parsed = parseHead(schema, json);
  if (parsed === null) throw new Refusal('wire-malformed', 'The handshake does not have its shape.');
  return parsed;
}

/** The client's half. Its methods answer what is to be sent and throw `Refusal` when the server is not who it must be. */
export class ClientHandshake {
  readonly #hello: Hello;
  readonly #expect: { role: string; id: string | null };
  readonly #secrets: () => Buffer[];

  constructor(peer: Peer, options: { expect: { role: string; id: string | null }; secrets: () => Buffer[] }, random: Random) {
    const ownNonce = random.bytes(nonceBytes).toString('hex');
    this.#hello = { ...peer, version: wireVersion, versionMin: wireVersionMin, nonce: ownNonce };
    this.#expect = options.expect;
    this.#secrets = options.secrets;
  }

  hello(): string {
    return JSON.stringify(this.#hello);
  }

  answer(challengeJson: string): string {
    const { proof, ...challenge } = parse(challengeSchema, challengeJson);
    const secrets = this.#secrets();
    checkMac(secrets, 'server', this.#hello, challenge, proof);
    const { role, id } = this.#expect;
    if (challenge.role !== role || (id !== null && challenge.id !== id)) {
      throw new Refusal('peer-unproven', `${role} ${id ?? ''} was expected, ${challenge.role} ${challenge.id} answered.`);
    }
    if (challenge.version < wireVersionMin || challenge.version > wireVersion) {
      throw new Refusal('wire-malformed', `The peer chose wire version ${challenge.version}.`);
    }
    return JSON.stringify({ proof: ownMac(secrets, 'client', this.#hello, challenge) });
  }
}

/** The server's half. */
export class ServerHandshake {
  readonly #hello: Hello;
  readonly #challenge: Challenge;
  readonly #secrets: () => Buffer[];

  constructor(helloJson: string, self: Identity, secrets: () => Buffer[], random: Random) {
    const hello = parse(helloSchema, helloJson);
    const version = Math.min(hello.version, wireVersion);
    if (version < wireVersionMin || version < hello.versionMin) {
      throw new Refusal('wire-malformed', `No common wire version: ${wireVersionMin} to ${wireVersion} are spoken here.`);
    }
    this.#hello = hello;
    this.#challenge = { ...self, version, nonce: random.bytes(nonceBytes).toString('hex') };
    this.#secrets = secrets;
  }

  challenge(): string {
    const proof = ownMac(this.#secrets(), 'server', this.#hello, this.#challenge);
    return JSON.stringify({ ...this.#challenge, proof });
  }

  /** The peer, now proven. */
  verify(proofJson: string): Peer {
    const { proof } = parse(proofSchema, proofJson);
    checkMac(this.#secrets(), 'client', this.#hello, this.#challenge, proof);
    const { role, id, boot, lane, process, openedAtMs } = this.#hello;
    return { role, id, boot, lane, process, openedAtMs };
  }
}

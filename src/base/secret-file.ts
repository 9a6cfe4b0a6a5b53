import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './atomic-file.js';
import type { Clock } from './clock.js';
import type { Log } from './log.js';
import { StartRefused } from './start-refused.js';

/** A secret below this is guessed sooner than it is stolen. */
const secretLengthMin = 24;
const secretFileBytesMax = 64 * 1024;
const secretsMax = 16;
/** A changed file is noticed after at most this time. */
const lookAgainMs = 1000;
const distinctCharactersMin = 8;
const wayOut = '`aetherstore init` writes a good one';

/** Words of manuals and default configurations: a secret made of nothing else protects nothing. */
const wellKnownWord =
  /^(?:access|admin|aether|change|cluster|default|demo|example|garage|it|key|letmein|me|minio|password|please|qwerty|root|rustfs|seaweedfs|secret|store|test|token|user)+$/;

/** A secret that must not be used, or a file that cannot be read. The message never shows the secret. */
export class SecretRefused extends StartRefused {
  override readonly name = 'SecretRefused';
}

/** Why a secret is refused, or null. */
export function secretWeakness(secret: string): string | null {
  if (secret.length < secretLengthMin) return `is shorter than ${secretLengthMin} characters`;
  if (/[^\x21-\x7e]/.test(secret)) return 'has characters other than printable ASCII';
  if (new Set(secret).size < distinctCharactersMin) return `has fewer than ${distinctCharactersMin} different characters`;
  const letters = secret.toLowerCase().replaceAll(/[^a-z]/g, '');
  if (secret.includes('EXAMPLEKEY') || wellKnownWord.test(letters)) return 'is a well-known one';
  return null;
}

/** A new random secret: 256 bits in 43 characters. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

/**
 * Writes a secret file of mode 0600 unless there is one, durably, and never half. Several processes may race: one wins.
 * Answers whether this call wrote it.
 */
export async function writeSecretFileOnce(path: string, content: string): Promise<boolean> {
  if (existsSync(path)) return false; // nothing is written: the disk may be full
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.tmp-${process.pid}`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(temporary, path); // unlike rename, this refuses to replace
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await unlink(temporary);
  }
  await syncFolder(dirname(path));
  return true;
}

interface SecretContent {
  lines: string[];
  /** `# name: value` lines, for what belongs to the secret but is none. */
  notes: Map<string, string>;
}

function readSecretFile(path: string, setting: string, secretOf: (line: string) => string | null): SecretContent {
  let text: string;
  try {
    if (statSync(path).size > secretFileBytesMax) throw new SecretRefused(`${setting}: ${path} is larger than ${secretFileBytesMax} bytes`);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof SecretRefused) throw error;
    throw new SecretRefused(`${setting}: ${path} cannot be read (${(error as NodeJS.ErrnoException).code}); ${wayOut}`, { cause: error });
  }
  return readSecretText(text, { where: path, setting, secretOf });
}

/** The content of a secret file, wherever it came from. `where` is for messages. Throws `SecretRefused`. */
export function readSecretText(
  text: string,
  { where, setting, secretOf = (line) => line }: Pick<SecretFileOptions, 'setting' | 'secretOf'> & { where: string },
): SecretContent {
  const content: SecretContent = { lines: [], notes: new Map() };
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const note = /^#\s*([a-z-]+):\s*(\S+)$/.exec(line);
    if (note) content.notes.set(note[1]!, note[2]!);
    if (line !== '' && !line.startsWith('#')) content.lines.push(line);
  }
  if (content.lines.length === 0) throw new SecretRefused(`${setting}: ${where} is empty; ${wayOut}`);
  if (content.lines.length > secretsMax) throw new SecretRefused(`${setting}: ${where} has more than ${secretsMax} secrets`);
  for (const [index, line] of content.lines.entries()) {
    const secret = secretOf(line);
    const weakness = secret === null ? 'does not have the form that this file needs' : secretWeakness(secret);
    if (weakness) throw new SecretRefused(`${setting}: secret ${index + 1} of ${where} ${weakness}; ${wayOut}`);
  }
  return content;
}

export interface SecretFileOptions {
  path: string;
  /** The setting that names the file, for messages. */
  setting: string;
  /** The part of a line that must be hard to guess; null when the line has the wrong form. Default: all of it. */
  secretOf?: (line: string) => string | null;
}

/**
 * A file of secrets, one a line: the first is ours, all are accepted, so that one can be changed without a pause. Read
 * again when the file has changed; a change for the worse is logged and the old secrets stay.
 */
export class SecretFile {
  readonly #options: Required<SecretFileOptions>;
  readonly #parts: { clock: Clock; log: Log };
  #content: SecretContent;
  #state: string;
  #lookedAtMs: number;

  /** Throws `SecretRefused`. */
  constructor(options: SecretFileOptions, parts: { clock: Clock; log: Log }) {
    this.#options = { secretOf: (line) => line, ...options };
    this.#parts = parts;
    this.#content = readSecretFile(options.path, options.setting, this.#options.secretOf);
    this.#state = this.#fileState();
    this.#lookedAtMs = parts.clock.monotonicMs();
  }

  /** All accepted secrets, ours first. */
  lines(): readonly string[] {
    const nowMs = this.#parts.clock.monotonicMs();
    if (nowMs - this.#lookedAtMs >= lookAgainMs) {
      this.#lookedAtMs = nowMs;
      this.#lookAgain();
    }
    return this.#content.lines;
  }

  /** The same as bytes. */
  buffers(): Buffer[] {
    return this.lines().map((line) => Buffer.from(line));
  }

  note(name: string): string | null {
    return this.#content.notes.get(name) ?? null;
  }

  #fileState(): string {
    try {
      const { mtimeMs, ino, size } = statSync(this.#options.path);
      return `${mtimeMs} ${ino} ${size}`;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #lookAgain(): void {
    const state = this.#fileState();
    if (state === this.#state) return;
    this.#state = state;
    const { path, setting, secretOf } = this.#options;
    try {
      this.#content = readSecretFile(path, setting, secretOf);
      this.#parts.log.info({ path, secrets: this.#content.lines.length }, `${setting}: the changed file was read again`);
    } catch (error) {
      this.#parts.log.warn({ path, err: error }, `${setting}: the changed file is refused, the secrets read before stay in use`);
    }
  }
}

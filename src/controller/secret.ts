import { newSecrets } from '../base/new-secrets.js';
import type { Random } from '../base/random.js';
import { readSecretText, SecretRefused } from '../base/secret-file.js';
import { ApiError } from './api-error.js';
import type { ClusterApi, Secret } from './cluster-api.js';

/** On each claim of the store: the Secret that its data opens with. */
export const secretAnnotation = 'aetherstore.io/secret';

export interface StoreSecretOptions {
  name: string;
  /** Its key with the cluster secret. */
  clusterSecretKey: string;
  /** Make one where there is none. */
  create: boolean;
  labels: Record<string, string>;
}

/**
 * The Secret with the store's secrets. It is made once and belongs to nobody: neither an upgrade nor an uninstall takes
 * it away, since volumes are worth nothing to a store of another secret. What is there is never written, and what was
 * there is never made anew.
 */
export class StoreSecret {
  readonly #options: StoreSecretOptions;
  readonly #parts: { api: Pick<ClusterApi, 'get' | 'create'>; random: Random };
  #clusterSecrets: Buffer[] = [];

  constructor(options: StoreSecretOptions, parts: { api: Pick<ClusterApi, 'get' | 'create'>; random: Random }) {
    this.#options = options;
    this.#parts = parts;
  }

  get name(): string {
    return this.#options.name;
  }

  /** The cluster secrets as they were read last, ours first; none before that. */
  get clusterSecrets(): Buffer[] {
    return this.#clusterSecrets;
  }

  /**
   * Reads the Secret anew; `hasStore`: there is data that opens with one. Throws `ApiError`, and `SecretRefused` when what
   * is in it must not be used.
   */
  async read(signal: AbortSignal, hasStore: boolean): Promise<'read' | 'created' | 'absent' | 'lost'> {
    const { name, create } = this.#options;
    const found = await this.#find(signal);
    if (found !== null) {
      this.#take(found);
      return 'read';
    }
    if (!create) return 'absent';
    if (hasStore || this.#clusterSecrets.length > 0) return 'lost';
    try {
      await this.#parts.api.create('secrets', this.#draft(), signal);
    } catch (error) {
      // somebody else was faster: theirs counts
      if (!(error instanceof ApiError && error.status === 409)) throw error;
    }
    this.#take(await this.#parts.api.get('secrets', name, signal));
    return 'created';
  }

  async #find(signal: AbortSignal): Promise<Secret | null> {
    try {
      return await this.#parts.api.get('secrets', this.#options.name, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  #take(secret: Secret): void {
    const { name, clusterSecretKey: key } = this.#options;
    const data = secret.data?.[key];
    if (data === undefined) throw new SecretRefused(`AETHER_CLUSTER_SECRET_KEY: Secret ${name} has no key ${key}`);
    const text = Buffer.from(data, 'base64').toString();
    const where = `key ${key} of Secret ${name}`;
    this.#clusterSecrets = readSecretText(text, { where, setting: 'AETHER_SECRET_NAME' }).lines.map((line) => Buffer.from(line));
  }

  #draft() {
    const { name, labels } = this.#options;
    const data = Object.entries(newSecrets(this.#parts.random)).map(([key, content]) => [key, Buffer.from(content).toString('base64')]);
    return { metadata: { name, labels }, type: 'Opaque', data: Object.fromEntries(data) as Record<string, string> };
  }
}

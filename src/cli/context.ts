import type { Command } from 'commander';
import pc from 'picocolors';
import { askQuestions } from './ask.js';
import { usageError } from './cli-error.js';
import { RestClient } from './client/rest-client.js';
import { S3Client } from './client/s3-client.js';
import type { Environment } from './environment.js';
import { exitCode, type ExitCode } from './exit-code.js';
import { Output, parseOutputFormat } from './output.js';
import { startProgress, type Progress, type ProgressOptions } from './progress.js';
import { resolveSettings, type ClientSettings, type TargetFlags } from './settings/resolve-settings.js';

/** Options that every command takes. */
export interface GlobalOptions extends TargetFlags {
  output: string;
  headers: boolean;
  quiet?: boolean;
  debug?: boolean;
  color: boolean;
  /** Seconds, as given. */
  timeout: string;
}

/** What a command works with. Made once per run; closes what it opened. */
export class Context {
  readonly environment: Environment;
  readonly options: GlobalOptions;
  readonly output: Output;
  readonly colors: ReturnType<typeof pc.createColors>;
  /** Set by a command that has a result and yet wants to say something by its exit code. */
  exitCode: ExitCode = exitCode.ok;
  readonly #s3Clients = new Map<string | null, S3Client>();
  #restClient: RestClient | null = null;

  constructor(environment: Environment, options: GlobalOptions) {
    this.environment = environment;
    this.options = options;
    this.output = new Output(environment.output, { format: parseOutputFormat(options.output), noHeaders: !options.headers });
    const colorful = options.color && environment.variables['NO_COLOR'] === undefined && environment.outputIsTerminal;
    this.colors = pc.createColors(colorful);
  }

  get signal(): AbortSignal {
    return this.environment.interrupted;
  }

  settings(profileOfAddress: string | null = null): ClientSettings {
    const settings = resolveSettings(this.environment, this.options, profileOfAddress);
    for (const [name, sourced] of Object.entries(settings)) {
      const value = name === 'credentials' ? settings.credentials?.value.accessKeyId : name === 'restToken' ? '(hidden)' : sourced?.value;
      this.debug(`${name}: ${sourced === null ? 'not set' : `${String(value)} from ${sourced.source}`}`);
    }
    return settings;
  }

  /** The S3 endpoint of the profile that an address names, or of the settings. */
  s3(profileOfAddress: string | null = null): S3Client {
    let client = this.#s3Clients.get(profileOfAddress);
    if (client === undefined) {
      const { endpoint, region, credentials } = this.settings(profileOfAddress);
      if (endpoint === null)
        throw usageError(
          'No S3 endpoint is configured.',
          'start a store with `make run` or `aetherstore dev`, or: aether config profile add NAME',
        );
      if (credentials === null) throw usageError('No access key is configured.', 'aether config view --show-source');
      client = new S3Client(
        {
          endpoint: endpoint.value,
          region: region.value,
          credentials: credentials.value,
          timeoutMs: this.#timeoutMs(),
          debug: (line) => this.debug(line),
        },
        this.environment,
      );
      this.#s3Clients.set(profileOfAddress, client);
    }
    return client;
  }

  /** The REST API of the master. */
  master(): RestClient {
    if (this.#restClient === null) {
      const { masterAddress, restToken } = this.settings();
      if (masterAddress === null)
        throw usageError('No address of a master is configured.', 'set AETHER_MASTER_ADDRESS, or: --master-address http://HOST:42100');
      this.#restClient = new RestClient(
        {
          masterAddress: masterAddress.value,
          token: restToken?.value ?? null,
          timeoutMs: this.#timeoutMs(),
          debug: (line) => this.debug(line),
        },
        this.environment.clock,
      );
    }
    return this.#restClient;
  }

  progress(options: ProgressOptions): Progress {
    return startProgress(this.environment, this.options.quiet === true || this.output.isJson, options);
  }

  /** Something beside the result: on stderr, unless quiet. */
  note(text: string): void {
    if (this.options.quiet !== true) this.environment.errors.write(`${text}\n`);
  }

  debug(line: string): void {
    if (this.options.debug === true) this.environment.errors.write(`debug: ${line}\n`);
  }

  /** Asks before something is destroyed. Without a terminal only `--yes` says yes. */
  async confirm(what: string, yes: boolean): Promise<void> {
    if (yes) return;
    if (!this.environment.inputIsTerminal) throw usageError(`${what} Nobody can be asked here.`, 'add --yes');
    const [answer = ''] = await askQuestions(this.environment, [{ prompt: `${what} Type yes to go on: ` }]);
    if (answer.trim().toLowerCase() !== 'yes') throw usageError('Nothing was changed.');
  }

  close(): void {
    for (const client of this.#s3Clients.values()) client.close();
    this.#restClient?.close();
  }

  #timeoutMs(): number {
    const seconds = Number(this.options.timeout);
    if (!(seconds > 0 && seconds <= 86_400)) throw usageError(`--timeout ${this.options.timeout}: a number of seconds is wanted.`);
    return seconds * 1000;
  }
}

/** Begins the work of a command: its options are known, nothing was opened yet. */
export type Start = (command: Command) => Context;

import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a person's shell has and a test's has not: a terminal (curl shows progress elsewhere), the compose plugin. */
const preparation = `
docker() {
  if [ "$1" = compose ] && ! command docker compose version >/dev/null 2>&1; then shift; docker-compose "$@"; else command docker "$@"; fi
}
`;

/** A command of a document that takes longer hangs, unless it is known to be long. */
const commandMsMaxUsual = 150_000;

/** One shell that runs command after command, as somebody who copies lines from a document. */
export class Shell {
  readonly #process: ChildProcess;
  readonly #home = mkdtempSync(join(tmpdir(), 'aether-readme-'));
  #text = '';
  #wake: () => void = () => undefined;
  #count = 0;
  readonly #commandMsMax: number;

  constructor(cwd: string, environment: Record<string, string> = {}, commandMsMax = commandMsMaxUsual) {
    this.#commandMsMax = commandMsMax;
    writeFileSync(join(this.#home, '.curlrc'), 'silent\nshow-error\n');
    // the first version of the aws client signs links the old way unless told otherwise
    writeFileSync(join(this.#home, 'aws'), '[default]\ns3 =\n  signature_version = s3v4\n');
    const { PATH = '', HOME = '' } = process.env;
    const clients = {
      CURL_HOME: this.#home,
      AWS_CONFIG_FILE: join(this.#home, 'aws'),
      AWS_EC2_METADATA_DISABLED: 'true',
      RCLONE_CONFIG: '/dev/null',
    };
    this.#process = spawn('bash', ['--norc'], { cwd, env: { PATH, HOME, ...clients, ...environment } });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding('utf8').on('data', (piece: string) => {
        this.#text += piece;
        this.#wake();
      });
    }
    this.#process.on('exit', () => this.#wake());
    this.#process.stdin?.write(`exec 2>&1\n${preparation}`);
  }

  /** Everything the command printed, and its exit code. */
  async run(command: string): Promise<{ printed: string; code: number }> {
    this.#count += 1;
    const mark = new RegExp(`^([^]*)--- ${this.#count} (\\d+)\\n`);
    this.#process.stdin?.write(`{ ${command}\n} </dev/null\necho "--- ${this.#count} $?"\n`);
    const hangs = setTimeout(() => this.#process.kill('SIGKILL'), this.#commandMsMax);
    for (;;) {
      const found = mark.exec(this.#text);
      if (found) {
        clearTimeout(hangs);
        this.#text = this.#text.slice(found[0].length);
        return { printed: found[1]!, code: Number(found[2]) };
      }
      if (this.#process.exitCode !== null || this.#process.signalCode !== null)
        throw new Error(`the shell has ended, or hung for ${this.#commandMsMax} ms: ${this.#text}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  close(): void {
    this.#process.kill('SIGKILL');
    rmSync(this.#home, { recursive: true });
  }
}

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type FileSystemType = 'ext4' | 'xfs';

export interface LoopMountOptions {
  /** The image and the mount point are made here. */
  folder: string;
  name: string;
  type: FileSystemType;
  /** xfs wants at least 300 MiB. */
  sizeBytes: number;
  /** ext4 only: number of inodes. */
  inodes?: number;
}

/** Whether this process may mount: tests that need it are skipped with this reason, else null. */
export function whyNoMounts(): string | null {
  return process.getuid?.() === 0 ? null : 'loop mounts need root';
}

/** A real file system in a file, mounted by the kernel. */
export class LoopMount {
  readonly #options: LoopMountOptions;
  readonly #imagePath: string;
  /** The mount point. */
  readonly path: string;

  private constructor(options: LoopMountOptions) {
    this.#options = options;
    this.#imagePath = join(options.folder, `${options.name}.img`);
    this.path = join(options.folder, options.name);
  }

  static async create(options: LoopMountOptions): Promise<LoopMount> {
    const mounted = new LoopMount(options);
    await mkdir(mounted.path, { recursive: true });
    await writeFile(mounted.#imagePath, '');
    await truncate(mounted.#imagePath, options.sizeBytes);
    const inodes = options.inodes === undefined ? [] : ['-N', String(options.inodes)];
    if (options.type === 'ext4') await run('mkfs.ext4', ['-q', '-F', ...inodes, mounted.#imagePath]);
    else await run('mkfs.xfs', ['-q', '-f', mounted.#imagePath]);
    await mounted.mount();
    return mounted;
  }

  async mount(): Promise<void> {
    await run('mount', ['-o', 'loop', '-t', this.#options.type, this.#imagePath, this.path]);
  }

  async unmount(): Promise<void> {
    await run('umount', [this.path]);
  }

  /** Unmounts, mounts again: the journal is replayed, everything that was only in memory is gone after a power cut. */
  async remount(): Promise<void> {
    await this.unmount();
    await this.mount();
  }

  /** Unmounts whatever still uses it and removes the image. */
  async destroy(): Promise<void> {
    await run('umount', ['-l', this.path]).catch(() => undefined);
    await rm(this.#imagePath, { force: true });
  }
}

/** Opens the mount points first, so that nothing but the ioctls lies between the word and the cut. */
const switchProgram = `
import fcntl, os, struct, sys
SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2
opened = [os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in sys.argv[1:]]
print("armed", flush=True)
if sys.stdin.readline():
    for descriptor in opened:
        fcntl.ioctl(descriptor, SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    print("cut", flush=True)
`;

/**
 * Cuts the power of file systems: FS_IOC_SHUTDOWN without a flush of the log, so that what was not synced is lost as it
 * would be with the machine.
 */
export class PowerSwitch {
  readonly #child;
  readonly #lines: AsyncIterator<string>;

  private constructor(paths: readonly string[]) {
    this.#child = spawn('python3', ['-c', switchProgram, ...paths], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Ready to cut all of them at once, within microseconds. */
  static async arm(mounts: readonly LoopMount[]): Promise<PowerSwitch> {
    const made = new PowerSwitch(mounts.map((mount) => mount.path));
    await made.#expect('armed');
    return made;
  }

  /** Sends the word in this turn; resolves when all are dead. */
  async cut(): Promise<void> {
    this.#child.stdin.write('cut\n');
    await this.#expect('cut');
    await this.release();
  }

  /** Lets go of the mount points without a cut. */
  async release(): Promise<void> {
    this.#child.stdin.end();
    if (this.#child.exitCode === null) await once(this.#child, 'exit');
  }

  async #expect(word: string): Promise<void> {
    const { value } = await this.#lines.next();
    if (value !== word) throw new Error(`the power switch said ${String(value)} in place of ${word}`);
  }
}

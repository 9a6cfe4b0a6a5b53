import { execFile } from 'node:child_process';
import { timeoutMs, type Event } from './timeouts.js';

const outputBytesMax = 64 * 1024 * 1024;

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end, whatever its exit code; kills it when the event takes too long. */
export function tryCommand(program: string, args: readonly string[], event: Event = 'command', input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { timeout: timeoutMs(event), maxBuffer: outputBytesMax, killSignal: 'SIGKILL' as const };
    const child = execFile(program, args, options, (error, stdout, stderr) => {
      const killed = child.killed ? `\nkilled after ${timeoutMs(event)} ms (${event})` : '';
      resolve({ code: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr: `${stderr}${killed}` });
    });
    child.stdin?.on('error', () => undefined).end(input);
  });
}

/** The same for what must succeed; answers what it printed. */
export async function command(program: string, args: readonly string[], event: Event = 'command', input = ''): Promise<string> {
  const ran = await tryCommand(program, args, event, input);
  if (ran.code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${ran.code}\n${ran.stdout}${ran.stderr}`);
  return ran.stdout.trimEnd();
}

import { pino, type Logger } from 'pino';
import { readableLine } from './log-line.js';
import { turnLines } from './turn-lines.js';

/** What is passed in wherever something is logged; never imported as an instance. */
export type Log = Pick<Logger, 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & { child(bindings: object): Log };

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** JSON lines, or lines for a person at a terminal. */
  format: 'json' | 'pretty';
  /** Goes into every line. */
  role: string;
}

/** The process's log, on stdout. Secrets never get here: what is logged is chosen by name, not whole objects. */
export function createLog(options: LogOptions): Log {
  const common = { level: options.level, base: { role: options.role }, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  if (options.format === 'json') {
    const stdout = pino.destination({ dest: 1, sync: true });
    const lines = turnLines((text) => stdout.write(text));
    process.on('exit', lines.flush);
    return pino(common, lines);
  }
  return pino(common, { write: (line: string) => process.stdout.write(`${readableLine(options.role, line.trimEnd())}\n`) });
}

export const silentLog: Log = pino({ level: 'silent' });

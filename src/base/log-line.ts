const levelNames: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
const leftOut = new Set(['level', 'time', 'role', 'msg', 'pid', 'hostname', 'err', 'error']);

/** A line of a log for a person: `12:01:02 node-2 warn  what happened (path=/x)`. Lines that are not JSON stay as they are. */
export function readableLine(name: string, line: string): string {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return `${name}: ${line}`;
  }
  if (typeof entry !== 'object' || entry === null || typeof entry['msg'] !== 'string') return `${name}: ${line}`;
  const time = typeof entry['time'] === 'string' ? `${entry['time'].slice(11, 19)} ` : '';
  const level = levelNames[Number(entry['level'])] ?? '';
  const error = (entry['err'] ?? entry['error']) as { message?: unknown } | undefined;
  const facts = Object.entries(entry)
    .filter(([key]) => !leftOut.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  if (typeof error?.message === 'string') facts.push(error.message);
  return `${time}${name} ${level.padEnd(5)} ${entry['msg']}${facts.length > 0 ? ` (${facts.join(' ')})` : ''}`;
}

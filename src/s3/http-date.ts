/** The three forms of RFC 9110, 5.6.7; all are in GMT. */
const DATE_PATTERN =
  /^(?:\w{3}, \d{2} \w{3} \d{4} \d{2}:\d{2}:\d{2} GMT|\w{6,9}, \d{2}-\w{3}-\d{2} \d{2}:\d{2}:\d{2} GMT|\w{3} \w{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

/** Milliseconds since 1970, or null for what is not an HTTP date: RFC 9110 has such conditions ignored. */
export function parseHttpDate(text: string): number | null {
  if (!DATE_PATTERN.test(text)) return null;
  const timeMs = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(timeMs) ? null : timeMs;
}

/** `Tue, 24 Nov 2026 22:50:44 GMT`, as Last-Modified shows it. */
export function formatHttpDate(timeMs: number): string {
  return new Date(timeMs).toUTCString();
}

/** `2026-11-24T22:50:44.000Z`, as XML answers show it. */
export function formatXmlDate(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

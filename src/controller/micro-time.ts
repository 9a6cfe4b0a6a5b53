/** A wall time as Leases and Events want it: the API server refuses the three digits that a `Date` writes. */
export function microTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}

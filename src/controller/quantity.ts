const factors: Readonly<Record<string, number>> = {
  '': 1,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** Bytes of a Kubernetes quantity (`20Gi`, `1.5T`, `1e9`), rounded up as Kubernetes does; null: it is none. */
export function quantityBytes(quantity: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,9})?)(?:([eE]\d{1,2})|([A-Za-z]{0,2}))$/.exec(quantity);
  if (match === null) return null;
  const [, digits, exponent = '', suffix = ''] = match;
  const factor = factors[suffix];
  return factor === undefined ? null : Math.ceil(Number(`${digits}${exponent}`) * factor);
}

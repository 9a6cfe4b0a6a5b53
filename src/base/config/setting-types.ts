/** How the text of a setting becomes its value. */
export interface SettingType<T> {
  /** The value, or undefined when the text is not accepted. */
  parse(text: string): T | undefined;
  /** What is accepted, to follow "accepted is". */
  accepts: string;
  /** Without a value it means true. Only flags of this kind may stand alone. */
  standsAlone?: true;
}

const durationUnitsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizeUnitsBytes: Record<string, number> = { '': 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

function whole(text: string, min: number, max: number): number | undefined {
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

export function text(accepts: string, pattern = /^.+$/): SettingType<string> {
  return { accepts, parse: (given) => (pattern.test(given) ? given : undefined) };
}

export function count(min: number, max: number): SettingType<number> {
  return { accepts: `a whole number from ${min} to ${max}`, parse: (given) => whole(given, min, max) };
}

/** A port to listen on; 0 takes any free one. */
export const port: SettingType<number> = {
  accepts: 'a port number from 0 to 65535 (0: any free one)',
  parse: (given) => whole(given, 0, 65_535),
};

export const fraction: SettingType<number> = {
  accepts: 'a number between 0 and 1',
  parse: (given) => (/^0?\.\d+$/.test(given) ? Number(given) : undefined),
};

/** Milliseconds, or a number with a unit. */
export function duration(minMs: number, maxMs: number): SettingType<number> {
  return {
    accepts: `a duration from ${durationText(minMs)} to ${durationText(maxMs)}, in milliseconds or with ms, s, m, h, d`,
    parse(given) {
      const match = /^(\d{1,12})(ms|s|m|h|d)?$/.exec(given);
      const valueMs = match ? Number(match[1]) * durationUnitsMs[match[2] ?? 'ms']! : -1;
      return valueMs >= minMs && valueMs <= maxMs ? valueMs : undefined;
    },
  };
}

function durationText(ms: number): string {
  const [unit, unitMs] = Object.entries(durationUnitsMs).findLast(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}

/** Bytes, or a number with KiB, MiB, GiB, TiB. */
export function size(minBytes: number, maxBytes: number): SettingType<number> {
  return {
    accepts: `a size from ${minBytes} to ${maxBytes} bytes, in bytes or with KiB, MiB, GiB, TiB`,
    parse(given) {
      const match = /^(\d{1,16})(|KiB|MiB|GiB|TiB)$/.exec(given);
      const value = match ? Number(match[1]) * sizeUnitsBytes[match[2]!]! : -1;
      return value >= minBytes && value <= maxBytes ? value : undefined;
    },
  };
}

export function choice<const T extends string>(...values: T[]): SettingType<T> {
  return { accepts: values.join(' or '), parse: (given) => values.find((value) => value === given) };
}

export const yesNo: SettingType<boolean> = {
  accepts: 'true or false',
  standsAlone: true,
  parse: (given) => ({ true: true, false: false })[given],
};

/** `http://host:port`, without a path: how one process reaches another. */
export const address: SettingType<string> = {
  accepts: 'an address of the form http://HOST:PORT',
  parse(given) {
    const match = /^(http:\/\/(?:[A-Za-z0-9._-]+|\[[0-9a-fA-F:]+\]):(\d{1,5}))\/?$/.exec(given);
    return match && whole(match[2]!, 1, 65_535) !== undefined ? match[1] : undefined;
  },
};

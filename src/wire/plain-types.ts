import { z } from 'zod';

interface PlainDefinition<T> extends z.core.$ZodTypeDef {
  type: 'custom';
  isValid: (value: unknown) => value is T;
  expected: string;
}

interface PlainType<T> extends z.ZodType<T, T> {
  _zod: z.core.$ZodTypeInternals<T, T> & { def: PlainDefinition<T> };
}

/**
 * A type that one comparison decides. Heads are checked with every call, and zod's own `z.int().nonnegative()` walks a
 * list of checks for each value: 200 ns against 20, and 1.5 us against 0.3 for the head of a chunk.
 */
const PlainType = z.core.$constructor('PlainType', (inst: PlainType<unknown>, definition: PlainDefinition<unknown>) => {
  z.ZodType.init(inst, definition);
  inst._zod.parse = (payload) => {
    if (!definition.isValid(payload.value))
      payload.issues.push({ code: 'custom', message: `expected ${definition.expected}`, input: payload.value, inst });
    return payload;
  };
});

function plainType<T>(expected: string, isValid: (value: unknown) => value is T): z.ZodType<T, T> {
  return new PlainType({ type: 'custom', expected, isValid }) as unknown as z.ZodType<T, T>;
}

/** An integer from 0 to `max`. */
export function integerUpTo(max: number): z.ZodType<number, number> {
  return plainType(
    `an integer from 0 to ${max}`,
    (value): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max,
  );
}

/** A text of `min` to `max` UTF-16 units. */
export function textOf(min: number, max: number): z.ZodType<string, string> {
  return plainType(
    `a text of ${min} to ${max} characters`,
    (value): value is string => typeof value === 'string' && value.length >= min && value.length <= max,
  );
}

/** Texts by name. Any name is one, `__proto__` too, which zod's own record leaves out. */
export function textByName(): z.ZodType<Record<string, string>, Record<string, string>> {
  return plainType('an object of texts', (value): value is Record<string, string> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
    for (const name in value) if (typeof (value as Record<string, unknown>)[name] !== 'string') return false;
    return true;
  });
}

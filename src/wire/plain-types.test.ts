import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { integerUpTo, textByName, textOf } from './plain-types.js';

/** All that JSON can hold, and the numbers around the limits. */
const value = fc.oneof(
  fc.jsonValue(),
  fc.integer({ min: -2, max: 12 }),
  fc.string({ maxLength: 8 }),
  fc.array(fc.string({ maxLength: 6 }), { maxLength: 4 }),
  fc.constantFrom(2 ** 53, 1.5, -0, undefined),
);

/** The type where heads have it. */
const around = (type: z.ZodType) => ({ alone: type, nullable: type.nullable(), inside: z.object({ field: type, list: z.array(type) }) });

describe('plain types', () => {
  it('take and refuse what the same type made of the parts of zod does, alone and inside of others', () => {
    const pairs = [
      [integerUpTo(10), z.int().min(0).max(10)],
      [integerUpTo(Number.MAX_SAFE_INTEGER), z.int().nonnegative()],
      [textOf(2, 5), z.string().min(2).max(5)],
      [textOf(3, 3), z.string().length(3)],
      [textByName(), z.record(z.string(), z.string())],
    ] as const;
    for (const [plain, reference] of pairs.map(([one, other]) => [around(one), around(other)] as const)) {
      fc.assert(
        fc.property(value, (input) => {
          expect(plain.alone.safeParse(input).success).toBe(reference.alone.safeParse(input).success);
          expect(plain.nullable.safeParse(input).success).toBe(reference.nullable.safeParse(input).success);
          const object = { field: input, list: [input] };
          const { success, data } = plain.inside.safeParse(object);
          expect(success).toBe(reference.inside.safeParse(object).success);
          if (success) expect(data).toEqual(object);
        }),
      );
    }
    expect(z.object({ field: integerUpTo(10) }).safeParse({}).success).toBe(false);
  });

  it('keeps a text under any name', () => {
    const texts = JSON.parse('{"__proto__":"a","constructor":"b","":"c"}') as unknown;
    expect(JSON.stringify(textByName().parse(texts))).toBe('{"__proto__":"a","constructor":"b","":"c"}');
  });
});

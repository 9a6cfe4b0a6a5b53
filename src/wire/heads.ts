import { z } from 'zod';
import { isRefusalCode, Refusal } from '../model/refusal.js';

/** The JSON as the schema knows it, or null when it has another shape. */
export function parseHead<T>(schema: z.ZodType<T>, json: string): T | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : null;
}

const refusalSchema = z.object({ code: z.string(), detail: z.string().nullable() });

/** How a refusal travels. */
export function refusalJson(refusal: Refusal, detailCharsMax: number): string {
  return JSON.stringify({ code: refusal.code, detail: refusal.detail?.slice(0, detailCharsMax) ?? null });
}

/** A code of a later version is kept as text: the reason is not lost, only its status. */
export function parseRefusal(json: string): Refusal {
  const said = parseHead(refusalSchema, json);
  if (said === null) return new Refusal('wire-malformed', 'The refusal does not have its shape.');
  return isRefusalCode(said.code) ? new Refusal(said.code, said.detail) : new Refusal('internal', `The peer refused: ${said.code}`);
}

const creditSchema = z.int().positive();

/** The bytes that a credit frame gives; nothing when it is not a number. */
export function parseCredit(json: string): number {
  return parseHead(creditSchema, json) ?? 0;
}

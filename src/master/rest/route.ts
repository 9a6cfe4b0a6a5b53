import type { z } from 'zod';
import type { ObjectReadHeaders } from '../../model/object-read.js';

/** Bytes of a JSON body that a route accepts. */
export const jsonBodyBytesMax = 16 * 1024;

/** What a route answers: JSON, or bytes as they come. */
export type RestAnswer =
  | { status: number; json: unknown; headers?: Record<string, string> }
  | { status: number; body: AsyncIterable<Buffer> | null; headers: Record<string, string> };

/** Bytes of a request, for routes that take an object. */
export interface RawBody {
  /** What Content-Length says, null without it. */
  lengthBytes: number | null;
  bytes: AsyncIterable<Buffer>;
}

type Shape = z.ZodObject;

interface RouteShape {
  /** A GET route answers HEAD too. */
  method: 'GET' | 'POST' | 'DELETE';
  /** OpenAPI form: `/api/objects/{id}`. */
  path: string;
  summary: string;
  /** Whether it is answered without a token. */
  open?: true;
  params?: Shape;
  query?: Shape;
  /** A JSON body of this shape, or the bytes of an object. */
  body?: Shape | 'bytes';
  answers: Record<number, { description: string; schema?: z.ZodType; bytes?: true }>;
}

type Parsed<S> = S extends z.ZodType ? z.output<S> : Record<string, never>;

export interface RouteInput<R extends RouteShape> {
  params: Parsed<R['params']>;
  query: Parsed<R['query']>;
  body: R['body'] extends 'bytes' ? RawBody : Parsed<R['body']>;
  conditions: ObjectReadHeaders;
  /** Aborted when the client went away. */
  signal: AbortSignal;
}

/** One row of the table of routes, its input already the right type for whoever runs it. */
export interface Route extends RouteShape {
  run(input: { params: unknown; query: unknown; body: unknown; conditions: ObjectReadHeaders; signal: AbortSignal }): Promise<RestAnswer>;
}

/** Ties the schemas of a route to the input of its function. The caller has validated what it passes to `run`. */
export function route<R extends RouteShape>(shape: R, run: (input: RouteInput<R>) => Promise<RestAnswer>): Route {
  return { ...shape, run: (input) => run(input as RouteInput<R>) };
}

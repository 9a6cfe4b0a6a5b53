import { z } from 'zod';

/*
 * What the command line reads of the master's answers. Unknown fields pass, so that an older `aether` understands a newer
 * master.
 */

export const restErrorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

export const statusSchema = z.looseObject({
  verdict: z.string(),
  words: z.array(z.string()),
  clusterId: z.string(),
  replicationFactor: z.number(),
  writeQuorum: z.number(),
  writesSurviveNodes: z.number(),
  counts: z.record(z.string(), z.number()),
  census: z
    .looseObject({ chunks: z.number(), short: z.number(), atRisk: z.number(), none: z.number(), takenAtWallMs: z.number() })
    .nullable(),
  copiesUnderWay: z.number(),
});
export type Status = z.output<typeof statusSchema>;

export const nodesSchema = z.object({
  nodes: z.array(
    z.looseObject({
      id: z.string(),
      address: z.string(),
      host: z.string(),
      zone: z.string(),
      state: z.string(),
      stateReason: z.string().nullable(),
      condition: z.string(),
      writable: z.boolean(),
      boot: z.number(),
      capacityBytes: z.number(),
      freeBytes: z.number(),
      usedBytes: z.number(),
      chunks: z.number(),
      heardMsAgo: z.number(),
      sight: z.string().nullish(),
    }),
  ),
});
export type Node = z.output<typeof nodesSchema>['nodes'][number];

export const explanationSchema = z.looseObject({
  object: z.record(z.string(), z.unknown()).nullable(),
  words: z.string(),
  truncated: z.boolean(),
  chunks: z.array(
    z.looseObject({
      id: z.string(),
      lengthBytes: z.number(),
      words: z.string(),
      copies: z.array(z.looseObject({ nodeId: z.string(), address: z.string(), host: z.string(), zone: z.string(), state: z.string() })),
    }),
  ),
});

export const okSchema = z.object({ status: z.literal('OK') });

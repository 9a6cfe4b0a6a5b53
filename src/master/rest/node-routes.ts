import { z } from 'zod';
import { seenWords } from '../cluster-sights.js';
import type { RestContext } from './context.js';
import { route, type Route } from './route.js';

const ok = z.object({ status: z.literal('OK') });
const nodeId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'up to 128 visible ASCII characters')
  .meta({ description: 'Name of the node; nodes that run by themselves have UUIDs.' });
const address = z
  .string()
  .max(2048)
  .refine(isBaseAddress, 'http://HOST:PORT is wanted')
  .meta({ description: 'Base address, http://HOST:PORT.' });

/** Scheme, host and port, nothing else: no user, path or query can hide in it. */
function isBaseAddress(text: string): boolean {
  if (!/^https?:\/\/[^/?#@\\\s]+\/?$/.test(text)) return false;
  return URL.canParse(text);
}

const nodeShape = z
  .object({
    id: z.string(),
    address: z.string(),
    host: z.string(),
    zone: z.string(),
    state: z.string(),
    stateSince: z.string().meta({ format: 'date-time' }),
    stateReason: z.string().nullable(),
    condition: z.string().meta({ description: 'What its volume says of itself.' }),
    writable: z.boolean(),
    clearing: z.boolean().meta({ description: 'Its quarantine was cleared, its volume is being checked.' }),
    boot: z.int(),
    capacityBytes: z.int(),
    freeBytes: z.int(),
    usedBytes: z.int(),
    chunks: z.int(),
    heardMsAgo: z.int(),
    sight: z.string().nullable().meta({ description: 'What the Kubernetes controller sees there now, and why; null: nobody looks.' }),
  })
  .meta({ id: 'Node' });

export function nodeRoutes({ store, registry, liveness, forgetting, sights, clock }: RestContext): Route[] {
  const register = route(
    {
      method: 'POST',
      path: '/api/node/register',
      summary: 'Notes a node by hand; it takes part only once its own heartbeats have proven its volume',
      body: z.object({ id: nodeId, address }),
      answers: { 200: { description: 'Noted', schema: ok } },
    },
    async ({ body }) => {
      await liveness.note(body.id, body.address.replace(/\/$/, ''));
      return { status: 200, json: { status: 'OK' } };
    },
  );

  const list = route(
    {
      method: 'GET',
      path: '/api/nodes',
      summary: 'All nodes with their states',
      answers: { 200: { description: 'The nodes', schema: z.object({ nodes: z.array(nodeShape) }) } },
    },
    () => {
      const view = registry.view();
      const nodes = store.read('listNodes', {}).nodes.flatMap((row) => {
        const node = registry.get(row.nodeId);
        if (!node) return [];
        const seen = sights.of(node.address);
        return {
          id: node.nodeId,
          address: node.address,
          host: node.host,
          zone: node.zone,
          state: node.state,
          stateSince: new Date(row.stateSinceMs).toISOString(),
          stateReason: row.stateReason,
          condition: node.condition,
          writable: view.nodes.find((each) => each.nodeId === node.nodeId)?.writable ?? false,
          clearing: node.cleared,
          boot: node.boot,
          capacityBytes: node.capacityBytes,
          freeBytes: node.freeBytes,
          usedBytes: node.usedBytes,
          chunks: node.chunkCount,
          heardMsAgo: Math.round(clock.monotonicMs() - node.heardAtMs),
          sight: seen && seenWords(seen),
        };
      });
      return Promise.resolve({ status: 200, json: { nodes } });
    },
  );

  const clear = route(
    {
      method: 'POST',
      path: '/api/nodes/{id}/clear',
      summary: 'Ends the quarantine of a node: its volume is scrubbed, its copies are checked, then it is live',
      params: z.object({ id: z.string() }),
      answers: { 200: { description: 'Begun', schema: ok } },
    },
    async ({ params }) => {
      await liveness.clear(params.id);
      return { status: 200, json: { status: 'OK' } };
    },
  );

  const forget = route(
    {
      method: 'DELETE',
      path: '/api/nodes/{id}',
      summary: 'Forgets a node that is lost for good, once its copies are made anew elsewhere; its volume is refused from then on',
      params: z.object({ id: z.string() }),
      answers: { 200: { description: 'Forgotten', schema: ok } },
    },
    async ({ params, signal }) => {
      await forgetting.forget(params.id, signal);
      return { status: 200, json: { status: 'OK' } };
    },
  );
  return [register, list, clear, forget];
}

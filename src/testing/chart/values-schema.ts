import type { DescribedValue, Schema } from './described-values.js';

/** Shapes that several values have. */
const definitions: Readonly<Record<string, Schema>> = {
  stringMap: { type: 'object', additionalProperties: { type: 'string' } },
  strings: { type: 'array', items: { type: 'string', minLength: 1 } },
  object: { type: 'object' },
  objects: { type: 'array', items: { type: 'object' } },
  names: {
    type: 'array',
    items: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'], additionalProperties: false },
  },
  port: { type: 'integer', minimum: 1, maximum: 65_535 },
  secretKey: { type: 'string', pattern: '^[-._a-zA-Z0-9]+$' },
  size: { type: 'string', pattern: '^[1-9][0-9]*(Mi|Gi|Ti|Pi|M|G|T|P)$' },
  resources: {
    type: 'object',
    properties: {
      requests: { $ref: '#/definitions/quantities' },
      limits: { $ref: '#/definitions/quantities' },
      claims: { $ref: '#/definitions/objects' },
    },
    additionalProperties: false,
  },
  quantities: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
};

interface MapSchema {
  type: 'object';
  description?: string;
  additionalProperties: false;
  properties: Record<string, unknown>;
}

/** `values.schema.json`: nothing is accepted that `values.yaml` does not have. */
export function valuesSchema(described: readonly DescribedValue[]): string {
  const root: MapSchema = { type: 'object', additionalProperties: false, properties: {} };
  const maps = new Map<string, MapSchema>([['', root]]);
  for (const { path, prose, schema } of described) {
    const parent = maps.get(path.slice(0, -1).join('.'))!;
    const description = prose === '' ? {} : { description: prose };
    const key = path.at(-1)!;
    if (schema === null) {
      const map: MapSchema = { type: 'object', ...description, additionalProperties: false, properties: {} };
      maps.set(path.join('.'), map);
      parent.properties[key] = map;
    } else {
      // beside a reference nothing else is read, in the oldest dialect that Helm knows
      parent.properties[key] = '$ref' in schema ? { allOf: [schema], ...description } : { ...schema, ...description };
    }
  }
  // what a chart that contains this one says to all of its parts
  root.properties['global'] = { type: 'object' };
  return `${JSON.stringify({ $schema: 'http://json-schema.org/draft-07/schema#', ...root, definitions }, null, 2)}\n`;
}

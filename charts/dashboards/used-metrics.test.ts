import { describe, expect, it } from 'vitest';
import { readExposition } from './exposition.js';
import { metricsDocument } from './metrics-document.js';
import { unknownIn } from './used-metrics.js';

const text = `# HELP aetherstore_a_requests_total Requests.
# TYPE aetherstore_a_requests_total counter
aetherstore_a_requests_total{role="a",status="200",path="a \\"b\\" {c"} 3

# HELP aetherstore_a_duration_seconds How long.
# TYPE aetherstore_a_duration_seconds histogram
aetherstore_a_duration_seconds_bucket{le="1",role="a",operation="x"} 0
aetherstore_a_duration_seconds_sum{role="a",operation="x"} 1.5e-7
aetherstore_a_duration_seconds_count{role="a",operation="x"} 2
# HELP aetherstore_a_silent_total Never counted.
# TYPE aetherstore_a_silent_total counter
# HELP nodejs_version_info The version.
# TYPE nodejs_version_info gauge
nodejs_version_info{role="a",version="v20"} 1
`;
const families = readExposition(text);
const unknown = (query: string, recorded: string[] = []) => unknownIn([{ where: 'here', query }], families, new Set(recorded));

describe('a /metrics page', () => {
  it('is read with names, kinds, helps, labels and the number of values', () => {
    expect(families.map(({ name, type, labels, samples }) => ({ name, type, labels, samples }))).toEqual([
      { name: 'aetherstore_a_requests_total', type: 'counter', labels: ['status', 'path'], samples: 1 },
      { name: 'aetherstore_a_duration_seconds', type: 'histogram', labels: ['operation'], samples: 3 },
      { name: 'aetherstore_a_silent_total', type: 'counter', labels: [], samples: 0 },
      { name: 'nodejs_version_info', type: 'gauge', labels: ['version'], samples: 1 },
    ]);
    expect(families[0]!.help).toBe('Requests.');
  });

  it('becomes a table of the metrics that are ours', () => {
    const document = metricsDocument(new Map([['a', families]]));
    expect(document).toContain('## A\n\n| metric |');
    expect(document).toContain('| `aetherstore_a_requests_total` | counter | `status`, `path` | Requests. |\n');
    expect(document).not.toContain('`nodejs_version_info`');
  });
});

describe('what queries use', () => {
  it('is all known where series, labels and targets are', () => {
    expect(unknown('sum by (operation, le) (rate(aetherstore_a_duration_seconds_bucket{role="a", job="b"}[5m]))')).toEqual([]);
    expect(unknown('sum by (status) (rate(aetherstore_a_requests_total{status="200"}[5m])) > on (namespace) up', ['up'])).toEqual([]);
  });

  it('is told where nobody shows it', () => {
    expect(unknown('aetherstore_a_request_total')).toEqual(['here: nothing shows aetherstore_a_request_total']);
    expect(unknown('aetherstore_a_duration_seconds')).toEqual(['here: nothing shows aetherstore_a_duration_seconds']);
    expect(unknown('aetherstore_a_requests_total{state="x"}')).toEqual(['here: aetherstore_a_requests_total has no label state']);
    expect(unknown('sum by (operation) (aetherstore_a_requests_total)')).toEqual(['here: nothing in the query has the label operation']);
  });
});

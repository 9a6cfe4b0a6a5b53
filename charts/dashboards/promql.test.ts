import { describe, expect, it } from 'vitest';
import { readQuery, withMatchers } from './promql.js';

describe('reading a PromQL query', () => {
  it('finds each selector with its matchers, its range and the function around it', () => {
    const { selectors, labels } = readQuery(
      `sum by (operation, le) (rate(a_bucket{status=~"5..", x!='}'}[$__rate_interval])) / on (job) group_left sum(b) > bool 0.5`,
    );
    expect(selectors.map(({ metric, range, inside, matchers }) => ({ metric, range, inside, matchers }))).toEqual([
      {
        metric: 'a_bucket',
        range: '$__rate_interval',
        inside: 'rate',
        matchers: [
          { label: 'status', operator: '=~', value: '5..' },
          { label: 'x', operator: '!=', value: '}' },
        ],
      },
      { metric: 'b', range: null, inside: 'sum', matchers: [] },
    ]);
    expect(labels).toEqual(['operation', 'le', 'job']);
  });

  it('takes neither functions nor operators nor aggregations for metrics', () => {
    const query = 'sum by (a) (up) unless on() group(time() - x offset 5m) or absent(y) and topk(3, max_over_time(z[1h:5m]))';
    expect(readQuery(query).selectors.map(({ metric }) => metric)).toEqual(['up', 'x', 'y', 'z']);
  });

  it('knows the range of recording rules with colons in their names', () => {
    expect(readQuery('avg_over_time(job:errors:ratio_rate5m[1h]) # and a comment {').selectors[0]).toMatchObject({
      metric: 'job:errors:ratio_rate5m',
      range: '1h',
      inside: 'avg_over_time',
    });
  });

  it('puts matchers into each selector', () => {
    expect(withMatchers('rate(a[5m]) / b{c="d"}', 'job=~"$job"')).toBe('rate(a{job=~"$job"}[5m]) / b{job=~"$job", c="d"}');
  });

  it.each([
    ['', 'empty'],
    ['sum(a', 'missing'],
    ['a)', 'closes nothing'],
    ['a{b}', 'matchers'],
    ['a{}', 'empty braces'],
    ['{job="x"}', 'without the name'],
    ['a ? b', 'at "?'],
  ])('refuses "%s"', (query, reason) => {
    expect(() => readQuery(query)).toThrow(reason);
  });
});

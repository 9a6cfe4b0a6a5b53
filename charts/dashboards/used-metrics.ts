import type { Family } from './exposition.js';
import { readQuery } from './promql.js';

/** A query, and where it stands. */
export interface UsedQuery {
  where: string;
  query: string;
}

/** Labels that Prometheus puts on what it scrapes, and those of every process. */
const labelsOfTargets = ['namespace', 'job', 'release', 'instance', 'role', 'le'];

/** What the queries use that no process shows; `recorded`: series that rules make, with whatever labels. */
export function unknownIn(queries: readonly UsedQuery[], families: readonly Family[], recorded: ReadonlySet<string>): string[] {
  const bySeries = new Map(families.flatMap((family) => family.series.map((series) => [series, family] as const)));
  const unknown: string[] = [];
  for (const { where, query } of queries) {
    const { selectors, labels: grouped } = readQuery(query);
    const known = new Set(labelsOfTargets);
    for (const { metric, matchers } of selectors) {
      const family = bySeries.get(metric);
      if (!family && !recorded.has(metric)) unknown.push(`${where}: nothing shows ${metric}`);
      for (const label of family?.labels ?? []) known.add(label);
      for (const { label } of matchers) {
        if (family && !labelsOfTargets.includes(label) && !family.labels.includes(label))
          unknown.push(`${where}: ${metric} has no label ${label}`);
      }
    }
    for (const label of grouped) if (!known.has(label)) unknown.push(`${where}: nothing in the query has the label ${label}`);
  }
  return unknown;
}

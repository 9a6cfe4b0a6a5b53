import type { Family } from './exposition.js';

const introduction = `# Metrics

This page is made from what a running store shows, by \`make metrics-docs\`; \`npm run check:metrics\` keeps them equal.

Every process shows its own numbers on \`/metrics\` of its admin port (9464; 9465 for the gateway inside the master's pod), in
Prometheus' text format. Names begin with \`aetherstore_\` and the role; sizes are in bytes, times in seconds. Every series also has
the label \`role\`. Metrics whose names begin with \`nodejs_\` and \`process_\` come from Node, the same for all roles: memory, CPU, event
loop, garbage collection, open files.

Dashboards and alerts take **(namespace, job, release) for one store**: the processes of one store have these labels in common, and no two
stores have the same. The chart's PodMonitor and ServiceMonitor see to it. In a configuration of your own one \`job_name\` for all
targets of a store does; the other two labels may be missing.
`;

/** The page of all metrics of ours, by role. */
export function metricsDocument(byRole: ReadonlyMap<string, readonly Family[]>): string {
  const sections = [...byRole].map(([role, families]) => {
    const rows = families
      .filter(isOurs)
      .map(({ name, type, labels, help }) => `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`);
    return [
      `## ${role[0]!.toUpperCase()}${role.slice(1)}`,
      '',
      '| metric | type | labels | what it says |',
      '| --- | --- | --- | --- |',
      ...rows.sort(),
      '',
    ].join('\n');
  });
  return [introduction, ...sections].join('\n');
}

export const isOurs = ({ name }: Family): boolean => name.startsWith('aetherstore_');

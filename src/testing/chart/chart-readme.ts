import { valueAt, type DescribedValue } from './described-values.js';

/** What the table of values says below the text of `files/readme.md`. */
export function chartReadme(text: string, described: readonly DescribedValue[]): string {
  const sections = new Map<string, DescribedValue[]>();
  for (const entry of described) sections.set(entry.section, [...(sections.get(entry.section) ?? []), entry]);
  const tables = [...sections].map(
    ([section, entries]) => `### ${section}\n\n| value | default | what |\n| --- | --- | --- |\n${entries.flatMap(row).join('\n')}\n`,
  );
  return `${text.trimEnd()}\n\n## Values\n\nMade from \`values.yaml\` by \`make chart-docs\`. A value that is not here is refused.\n\n${tables.join('\n')}`;
}

function row({ path, prose, schema, value }: DescribedValue): string[] {
  if (schema === null && prose === '') return [];
  const shown = schema === null ? '' : `\`${JSON.stringify(value)}\``;
  return [`| \`${path.join('.')}\` | ${cell(shown)} | ${cell(prose || (sharedProse.get(path.at(-1)!) ?? ''))}${accepted(schema)} |`];
}

/** Values that each kind of pod has and that mean what Kubernetes says. */
const sharedProse = new Map([
  ['resources', 'CPU and memory.'],
  ['podAnnotations', 'Annotations of its pods.'],
  ['podLabels', 'More labels of its pods.'],
  ['nodeSelector', 'Labels that its machines must have.'],
  ['tolerations', 'Taints of machines that it bears.'],
  ['affinity', 'More affinity.'],
  ['priorityClassName', 'Its priority class.'],
  ['extraEnv', 'More environment, as in a container.'],
  ['annotations', 'Annotations.'],
  ['labels', 'More labels, where your Prometheus selects by them.'],
  ['interval', 'Between two scrapes.'],
  ['enabled', 'Whether it is made.'],
  ['hostnames', 'Host names.'],
  ['className', 'Its class.'],
  ['type', 'How it is reached.'],
  ['port', 'Its port.'],
  ['nodePort', 'Its port on machines.'],
  ['minReplicas', 'At least.'],
  ['maxReplicas', 'At most.'],
  ['runAsGroup', 'As `runAsUser`.'],
  ['fsGroup', 'As `runAsUser`; owns the volumes.'],
]);

function accepted(schema: DescribedValue['schema']): string {
  const choices: unknown = valueAt(schema, ['enum']);
  return Array.isArray(choices) ? ` One of ${choices.map((choice) => `\`${String(choice)}\``).join(', ')}.` : '';
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

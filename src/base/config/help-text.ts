import { settingsOf } from './load-settings.js';
import { defaultText, describedSettings, roles, type DescribedSetting, type Role } from './settings.js';

const widthMax = 100;

const roleProse: Record<Role, string> = {
  master: 'metadata, node registry, liveness, repair; REST and wire on port 42100. With --gateway also S3',
  datanode: 'stores, serves and copies chunks on one disk; REST and wire on port 42101',
  gateway: 'S3 on port 9000; any number of them',
  controller: 'Kubernetes only: tells the master what becomes of pods, machines and claims',
  dev: 'a whole store on this machine, for trying and developing',
  init: 'writes secrets into a folder, where they are missing',
  health: 'asks the process on this machine whether it is ready: exit code 0 or 1',
};

/** `aetherstore help`. */
export function overviewText(): string {
  const lines = roles.map((role) => `  ${role.padEnd(10)} ${roleProse[role]}`);
  return `aetherstore ROLE [--setting VALUE …]

${lines.join('\n')}
  help       this text; "help ROLE" lists the settings of a role
  version    the version of this program

Try "aetherstore dev". The command line for what is in the store is "aether".
`;
}

/** `aetherstore help ROLE`: every setting of the role, from the table. */
export function roleText(role: Role): string {
  const entries = settingsOf(role).map((setting) => {
    const name = setting.type.standsAlone ? setting.flag : `${setting.flag} VALUE`;
    const given = defaultText(setting, role);
    const facts = [
      setting.flagOnly ? null : setting.environmentName,
      `accepts ${setting.type.accepts}`,
      given === null || given === '' ? null : `default ${given}`,
    ];
    return `  ${name}\n${wrap(setting.prose, 6)}\n${wrap(`[${facts.filter((fact) => fact !== null).join('; ')}]`, 6)}`;
  });
  return `aetherstore ${role}: ${roleProse[role]}

Flags win over the environment, that over the file that --config names, that over the default.

${entries.join('\n')}
`;
}

function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = ' '.repeat(indent - 1);
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > widthMax && line.trim() !== '') {
      lines.push(line);
      line = ' '.repeat(indent - 1);
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}

/** The page docs/configuration.md. */
export function configurationPage(): string {
  const rows = describedSettings.map(
    (setting) =>
      `| ${[nameCell(setting), defaultCell(setting), setting.roles.join(', '), `${setting.prose} Accepted: ${setting.type.accepts}.`].join(' | ')} |`,
  );
  return `# Configuration

This page is made from the table in \`src/base/config/settings.ts\`; a test keeps them equal. \`aetherstore help ROLE\` says the same.

Flags win over the environment, that over the file that \`--config\` (or \`AETHER_CONFIG\`) names, that over the default. The file has
lines \`AETHER_NAME=VALUE\`. An unknown flag, an unknown \`AETHER_\` name and a value that is not accepted end the program at once, with
exit code 2 and one line that names the setting, where it came from, and what is accepted. Durations and sizes may have a unit (\`5m\`, \`64MiB\`).
In Kubernetes set \`enableServiceLinks: false\`: a Service called \`aether\` would otherwise put variables of its own under that name.

| setting | default | roles | what it does |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function nameCell(setting: DescribedSetting): string {
  return setting.flagOnly ? `\`${setting.flag}\`` : `\`${setting.flag}\`<br>\`${setting.environmentName}\``;
}

function defaultCell(setting: DescribedSetting): string {
  const byText = new Map<string, Role[]>();
  for (const role of setting.roles) {
    const given = defaultText(setting, role);
    if (given !== null && given !== '') byText.set(given, [...(byText.get(given) ?? []), role]);
  }
  if (byText.size === 0) return '–';
  if (byText.size === 1) return `\`${[...byText.keys()][0]}\``;
  return [...byText].map(([given, holders]) => `\`${given}\` (${holders.join(', ')})`).join('<br>');
}

import { Argument, type Command } from 'commander';
import type { Start } from '../context.js';
import { askQuestions } from '../ask.js';
import { usageError } from '../cli-error.js';
import { exportFormats, exportSettings, type ExportFormat } from '../settings/export-settings.js';
import { profileNamePattern, profilePath, readProfiles, writeProfiles, type Profile } from '../settings/profiles.js';
import type { Sourced } from '../settings/resolve-settings.js';

export function addConfig(program: Command, start: Start): void {
  const config = program.command('config').summary('where the store is and who asks: profiles, view, export');
  addProfile(config, start);

  config
    .command('view')
    .summary('show the settings in force')
    .option('--show-source', 'and where each comes from')
    .action(async (options: { showSource?: true }, command: Command) => {
      const context = start(command);
      const { endpoint, region, credentials, masterAddress, restToken } = context.settings();
      const shown: [string, Sourced<unknown> | null, string][] = [
        ['endpoint', endpoint, endpoint?.value ?? ''],
        ['region', region, region.value],
        ['accessKeyId', credentials, credentials?.value.accessKeyId ?? ''],
        ['secretAccessKey', credentials, credentials === null ? '' : '(hidden)'],
        ['masterAddress', masterAddress, masterAddress?.value ?? ''],
        ['restToken', restToken, restToken === null ? '' : '(hidden)'],
      ];
      const rows = shown.map(([name, sourced, value]) => ({ name, value, source: sourced?.source ?? 'not set' }));
      await context.output.list([rows], {
        columns: [
          { head: 'SETTING', text: ({ name }) => name },
          { head: 'VALUE', text: ({ value }) => value },
          ...(options.showSource ? [{ head: 'SOURCE', text: ({ source }: { source: string }) => source }] : []),
        ],
        name: ({ name }) => name,
      });
    });

  config
    .command('export')
    .summary('write the settings in force, secrets included, for another client')
    .addArgument(new Argument('<client>').choices(exportFormats))
    .action(async (format: ExportFormat, _options: object, command: Command) => {
      const context = start(command);
      await context.output.write(exportSettings(format, context.settings()));
    });
}

function addProfile(config: Command, start: Start): void {
  const profile = config.command('profile').summary('stores by name, in a file of mode 0600');

  profile
    .command('add')
    .summary('add a profile, or replace it')
    .description(
      'Add a profile with --endpoint-url, --region and --master-address. Secrets are asked for, or read from the lines of stdin.',
    )
    .argument('<name>')
    .option('--access-key-id <id>', 'asked for when it is not given')
    .option('--use', 'make it the current one')
    .action(async (name: string, options: { accessKeyId?: string; use?: true }, command: Command) => {
      const context = start(command);
      const { endpointUrl, region, masterAddress } = context.options;
      if (!profileNamePattern.test(name) || name === 's3')
        throw usageError(`${JSON.stringify(name)} is no name for a profile.`, 'letters, digits, _ and -');
      if (endpointUrl === undefined)
        throw usageError('A profile needs an endpoint.', `aether config profile add ${name} --endpoint-url http://HOST:9000`);
      const answers = await askQuestions(context.environment, [
        ...(options.accessKeyId === undefined ? [{ prompt: 'Access key id: ' }] : []),
        { prompt: 'Secret access key: ', hidden: true },
        ...(masterAddress === undefined ? [] : [{ prompt: 'REST token of the master (may be empty): ', hidden: true as const }]),
      ]);
      const accessKeyId = options.accessKeyId ?? answers.shift() ?? '';
      const [secretAccessKey = '', restToken = ''] = answers;
      if (accessKeyId === '' || secretAccessKey === '') throw usageError('Access key id and secret access key are needed.');
      const added: Profile = {
        endpoint: endpointUrl,
        accessKeyId,
        secretAccessKey,
        ...(region !== undefined && { region }),
        ...(masterAddress !== undefined && { masterAddress }),
        ...(restToken !== '' && { restToken }),
      };
      const file = readProfiles(context.environment);
      const current = options.use === true || file.current === null ? name : file.current;
      await writeProfiles(context.environment, { current, profiles: { ...file.profiles, [name]: added } });
      await context.output.result(
        { profile: name, current },
        `${name} is in ${profilePath(context.environment)}; the current profile is ${current}`,
        name,
      );
    });

  profile
    .command('use')
    .summary('make a profile the current one')
    .argument('<name>')
    .action(async (name: string, _options: object, command: Command) => {
      const context = start(command);
      const file = readProfiles(context.environment);
      if (!Object.hasOwn(file.profiles, name)) throw usageError(`There is no profile ${JSON.stringify(name)}.`, 'aether config profile ls');
      await writeProfiles(context.environment, { ...file, current: name });
      await context.output.result({ profile: name }, `${name} is the current profile`, name);
      const source = context.settings().endpoint?.source ?? '';
      if (!source.startsWith(`profile ${name} `))
        context.note(`The endpoint still comes from ${source}, which wins: unset it, or say --profile ${name}.`);
    });

  profile
    .command('ls')
    .summary('list the profiles')
    .action(async (_options: object, command: Command) => {
      const context = start(command);
      const { current, profiles } = readProfiles(context.environment);
      const rows = Object.entries(profiles).map(([name, { endpoint, region }]) => ({
        name,
        current: name === current,
        endpoint,
        region: region ?? null,
      }));
      await context.output.list([rows], {
        columns: [
          { head: 'CURRENT', text: (row) => (row.current ? '*' : '') },
          { head: 'PROFILE', text: (row) => row.name },
          { head: 'ENDPOINT', text: (row) => row.endpoint },
          { head: 'REGION', text: (row) => row.region ?? '' },
        ],
        name: (row) => row.name,
      });
    });
}

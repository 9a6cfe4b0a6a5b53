import { Argument, type Command } from 'commander';
import { formatAddress, parseAddress } from '../address.js';
import { listBuckets, listObjects } from '../client/objects.js';
import type { Context, Start } from '../context.js';

/** Longer than this nobody waits for the tab key. */
const answerWithinMs = 250;
const candidatesMax = 100;

const scripts = {
  bash: `_aether() {
  local line="\${COMP_LINE:0:COMP_POINT}" current start candidate
  local -a words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  current="\${words[-1]}"
  start=""
  [[ $current == *:* && $COMP_WORDBREAKS == *:* ]] && start="\${current%"\${current##*:}"}"
  COMPREPLY=()
  while IFS= read -r candidate; do COMPREPLY+=("\${candidate#"$start"}"); done < <(aether __complete -- "\${words[@]:1}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F _aether aether
`,
  zsh: `#compdef aether
_aether() {
  local -a candidates
  candidates=("\${(@f)$(aether __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n $candidates[1] ]]; then compadd -Q -- $candidates; else _files; fi
}
compdef _aether aether
`,
  fish: `complete -c aether -a '(aether __complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
`,
} as const;

type Shell = keyof typeof scripts;

export function addCompletion(program: Command, start: Start): void {
  program
    .command('completion')
    .summary('write the completion script of a shell')
    .description('Write a completion script: `source <(aether completion bash)`, the same with zsh, `aether completion fish | source`.')
    .addArgument(new Argument('<shell>').choices(Object.keys(scripts)))
    .action(async (shell: Shell, _options: object, command: Command) => {
      await start(command).output.write(scripts[shell]);
    });

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .action(async (words: string[], _options: object, command: Command) => {
      const context = start(command);
      const candidates = await candidatesFor(context, program, words);
      await context.output.write(
        candidates
          .slice(0, candidatesMax)
          .map((candidate) => `${candidate}\n`)
          .join(''),
      );
    });
}

/** What the last of the words may become. */
async function candidatesFor(context: Context, program: Command, words: readonly string[]): Promise<string[]> {
  const current = words.at(-1) ?? '';
  let command = program;
  for (const word of words.slice(0, -1)) command = command.commands.find((sub) => sub.name() === word) ?? command;
  if (current.startsWith('-')) {
    const options = [...command.options, ...(command === program ? [] : program.options)].filter((option) => !option.hidden);
    return options.map((option) => option.long ?? '').filter((flag) => flag !== '' && flag.startsWith(current));
  }
  if (command.commands.length > 0) {
    return command.commands.map((sub) => sub.name()).filter((name) => name.startsWith(current) && !name.startsWith('__'));
  }
  const choices = command.registeredArguments[0]?.argChoices ?? [];
  if (choices.length > 0) return choices.filter((choice) => choice.startsWith(current));
  return addressesFor(context, current);
}

async function addressesFor(context: Context, current: string): Promise<string[]> {
  if (current !== '' && !'s3://'.startsWith(current) && !current.startsWith('s3://')) return [];
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(answerWithinMs)]);
  try {
    const slash = current.indexOf('/', 's3://'.length);
    if (slash === -1) {
      const buckets = await listBuckets(context.s3(), signal);
      return buckets.map(({ name }) => `s3://${name}/`).filter((address) => address.startsWith(current));
    }
    const { bucket, key } = parseAddress(current);
    const page = await listObjects(context.s3(), { bucket, prefix: key, delimiter: '/', token: null, limit: candidatesMax }, signal);
    return [...page.prefixes, ...page.objects.map((object) => object.key)].map((name) => formatAddress({ bucket, key: name }));
  } catch {
    return []; // a tab key is no place for errors
  }
}

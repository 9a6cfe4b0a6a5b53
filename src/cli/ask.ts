import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { interruptedError } from './cli-error.js';
import type { Environment } from './environment.js';

const lineCharsMax = 4096;

export interface Question {
  prompt: string;
  /** Not shown while it is typed. */
  hidden?: true;
}

/** One answer per question, from the terminal or from the lines of stdin; '' where input ends early. */
export async function askQuestions(environment: Environment, questions: readonly Question[]): Promise<string[]> {
  const { input, inputIsTerminal, errors, interrupted } = environment;
  // With `terminal` readline does the echo itself, into a stream that can be silent for a secret.
  let silent = false;
  const echo = new Writable({
    write(piece: Buffer, _encoding, done) {
      if (!silent) errors.write(piece);
      done();
    },
  });
  const reader = createInterface({ input, terminal: inputIsTerminal, ...(inputIsTerminal && { output: echo }), signal: interrupted });
  const lines = reader[Symbol.asyncIterator]();
  try {
    const answers: string[] = [];
    for (const { prompt, hidden } of questions) {
      if (inputIsTerminal) errors.write(prompt);
      silent = hidden === true;
      const line = await lines.next();
      if (interrupted.aborted) throw interruptedError();
      if (silent && inputIsTerminal) errors.write('\n');
      answers.push(line.done === true ? '' : line.value.slice(0, lineCharsMax));
    }
    return answers;
  } finally {
    reader.close();
  }
}

/**
 * A role does not start: its configuration, a secret or its volume must not be used as it is. The message is one line for
 * a person, with the way out. Exit code 2; starting again changes nothing.
 */
export class StartRefused extends Error {
  override readonly name: string = 'StartRefused';
}

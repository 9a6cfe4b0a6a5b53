/** Wrong configuration. The message is one line: the setting, where it comes from, what is accepted. Exit code 2. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

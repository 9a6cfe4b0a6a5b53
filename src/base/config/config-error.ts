import { StartRefused } from '../start-refused.js';

/** Wrong configuration. The message is one line: the setting, where it comes from, what is accepted. */
export class ConfigError extends StartRefused {
  override readonly name = 'ConfigError';
}

import packageJson from '../../package.json' with { type: 'json' };

/** Of this program; part of the built files, so that it stays true wherever they are copied. */
export const version: string = packageJson.version;

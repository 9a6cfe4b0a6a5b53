import { usageError } from './cli-error.js';

/** `s3://bucket/key`, or `work:bucket/key` for a profile. */
export interface Address {
  profile: string | null;
  bucket: string;
  /** Or a prefix, where a command takes many; '' for the bucket itself. */
  key: string;
}

/** Whether a word is meant as an address and not as a path on this machine. */
export function isAddress(text: string): boolean {
  return /^(?:s3:\/\/|[A-Za-z0-9][\w-]*:(?!\/))/.test(text);
}

export function parseAddress(text: string): Address {
  const match = /^(?:s3:\/\/|([A-Za-z0-9][\w-]*):)([^/]+)(?:\/(.*))?$/s.exec(text);
  if (match === null || !isAddress(text))
    throw usageError(`${JSON.stringify(text)} is no address.`, 'write s3://BUCKET/KEY or PROFILE:BUCKET/KEY');
  return { profile: match[1] ?? null, bucket: match[2]!, key: match[3] ?? '' };
}

/** An address that names one object. */
export function parseObjectAddress(text: string): Address {
  const address = parseAddress(text);
  if (address.key === '') throw usageError(`${text} names a bucket, not an object.`, `aether ls ${text}`);
  return address;
}

export function formatAddress({ bucket, key }: Pick<Address, 'bucket' | 'key'>): string {
  return `s3://${bucket}/${key}`;
}

const NAME_PATTERN = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const ADDRESS_PATTERN = /^\d+\.\d+\.\d+\.\d+$/;
/** Amazon keeps these for names with another meaning; a store that gave them out could not be moved there. */
const RESERVED_PATTERN = /^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/;

/** Whether a bucket may be made under this name (Amazon S3 User Guide, bucket naming rules). */
export function isBucketName(text: string): boolean {
  return NAME_PATTERN.test(text) && !text.includes('..') && !ADDRESS_PATTERN.test(text) && !RESERVED_PATTERN.test(text);
}

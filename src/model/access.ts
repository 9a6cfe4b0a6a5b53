/** Who sent a request, as its signature proved. */
export interface Principal {
  accessKeyId: string;
  /** The credential that the store was set up with: may do everything. */
  isRoot: boolean;
}

/** What a principal wants to do, in the words of S3 policies. */
export interface AccessQuestion {
  /** Such as `s3:GetObject`. */
  action: string;
  /** Null asks about the store as a whole. */
  bucket: string | null;
  /** Null asks about the bucket. */
  key: string | null;
}

/** Nothing is allowed but what a rule allows. The one rule so far: the root credential may do all. */
export function isAllowed(principal: Principal, _question: AccessQuestion): boolean {
  return principal.isRoot;
}

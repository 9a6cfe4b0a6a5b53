import { Refusal, type RefusalCode } from '../model/refusal.js';
import type { bucketSettings, objectSettings } from './operations.js';
import { xml, xmlDocument, type XmlText } from './xml-write.js';

/** Who owns everything here: S3 shows owners, and clients want to see one. */
export const owner = { id: 'aetherstore', displayName: 'aetherstore' } as const;

export const ownerElement = xml`<Owner><ID>${owner.id}</ID><DisplayName>${owner.displayName}</DisplayName></Owner>`;

/** A setting's one state: a document, or S3's own way to say that nothing is set. */
type State = { root: string; content: XmlText } | RefusalCode;

const nothing = xml``;
const privateAcl: State = {
  root: 'AccessControlPolicy',
  content: xml`${ownerElement}<AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>${owner.id}</ID><DisplayName>${owner.displayName}</DisplayName></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList>`,
};

/**
 * Settings that clients look up as a matter of course (Terraform, s3cmd info, rclone). None can be changed here, so the
 * answer is the true state of a bucket that nobody ever configured; changing one is refused as not implemented.
 */
const bucketStates: Record<(typeof bucketSettings)[number], State> = {
  accelerate: { root: 'AccelerateConfiguration', content: nothing },
  acl: privateAcl,
  cors: 'no-such-cors',
  encryption: 'no-such-encryption',
  lifecycle: 'no-such-lifecycle',
  logging: { root: 'BucketLoggingStatus', content: nothing },
  notification: { root: 'NotificationConfiguration', content: nothing },
  'object-lock': 'no-such-object-lock',
  ownershipControls: {
    root: 'OwnershipControls',
    content: xml`<Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule>`,
  },
  policy: 'no-such-policy',
  policyStatus: 'no-such-policy',
  publicAccessBlock: 'no-such-public-access-block',
  replication: 'no-such-replication',
  requestPayment: { root: 'RequestPaymentConfiguration', content: xml`<Payer>BucketOwner</Payer>` },
  tagging: 'no-such-tags',
  versioning: { root: 'VersioningConfiguration', content: nothing },
  website: 'no-such-website',
};

const objectStates: Record<(typeof objectSettings)[number], State> = {
  acl: privateAcl,
  'legal-hold': 'no-such-object-lock',
  retention: 'no-such-object-lock',
  tagging: { root: 'Tagging', content: xml`<TagSet></TagSet>` },
};

function told(state: State): Buffer {
  if (typeof state === 'string') throw new Refusal(state);
  return xmlDocument(state.root, state.content);
}

export function bucketSetting(name: (typeof bucketSettings)[number]): Buffer {
  return told(bucketStates[name]);
}

export function objectSetting(name: (typeof objectSettings)[number]): Buffer {
  return told(objectStates[name]);
}

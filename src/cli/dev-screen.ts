import type { Access } from './dev-access.js';

export interface DevFacts extends Access {
  nodeAddresses: readonly string[];
  /** Datanodes that do not start. */
  nodesRefused: number;
  bucket: string;
  dir: string;
  credentialsPath: string;
  replicationFactor: number;
  writeQuorum: number;
  /** From the command to here. */
  startedInMs: number;
}

/** What `aetherstore dev` shows once everything is up: where it is, who may come in, lines to copy. */
export function devScreen(facts: DevFacts): string {
  const { endpoint, bucket } = facts;
  return `
AetherStore is up (${(facts.startedInMs / 1000).toFixed(1)} s): a master, a gateway, ${facts.nodeAddresses.length} datanodes

  S3 endpoint   ${endpoint}        bucket ${bucket}, region ${facts.region}
  access key    ${facts.accessKeyId}
  secret key    ${facts.secretAccessKey}
  REST          ${facts.masterAddress}  token ${facts.restToken}
  datanodes     ${facts.nodeAddresses.join('  ')}
  data          ${facts.dir}
  all of it     ${facts.credentialsPath}  (mode 0600, for your shell: the first line below)

Lines to copy:

  set -a; . ${facts.credentialsPath}; set +a
  aws --endpoint-url $AWS_ENDPOINT_URL s3 cp README.md s3://${bucket}/
  rclone ls aether:${bucket}
  curl --aws-sigv4 "aws:amz:${facts.region}:s3" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \\
    -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" $AWS_ENDPOINT_URL/${bucket}
  curl -H "Authorization: Bearer $AETHER_REST_TOKEN" $AETHER_MASTER_ADDRESS/api/status

${copiesLine(facts)}
Ctrl-C stops everything; the data stays.
`;
}

function copiesLine(facts: DevFacts): string {
  const { replicationFactor: copies, writeQuorum: synced, nodeAddresses, nodesRefused } = facts;
  const made = Math.min(copies, nodeAddresses.length);
  const wanted = made === copies ? '' : nodesRefused > 0 ? ` of ${copies}` : ` (${copies} are wanted: --nodes ${copies} gives them)`;
  return `Each object has ${made} ${made === 1 ? 'copy' : 'copies'}${wanted}, ${synced} synced to disk before a write is acknowledged. All of them are on this one host:
a killed process loses nothing, a lost machine loses everything.`;
}

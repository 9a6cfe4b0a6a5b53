import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DevProcess } from '../dev-process.js';
import { Shell } from '../readme/shell.js';

/* The clients that people have, as Debian ships them, against `aetherstore dev`: what they print is theirs, so it is judged by bytes and exit codes. */

const largeBytes = 200 * 1024 * 1024;
const folder = mkdtempSync(join(tmpdir(), 'aether-clients-'));
let store: DevProcess;
let shell: Shell;

beforeAll(async () => {
  writeFileSync(join(folder, 'large'), randomFillSync(Buffer.alloc(largeBytes)));
  writeFileSync(join(folder, 'odd name ü+%&.txt'), 'odd\n');
  shell = new Shell(folder);
  store = await DevProcess.startUp(folder);
  await shell.run('set -a; . ./aether-data/credentials.env; set +a');
});

afterAll(async () => {
  shell.close();
  await store.stop();
  rmSync(folder, { recursive: true });
});

const aws = 'aws --endpoint-url $AWS_ENDPOINT_URL';
const s3cmd =
  's3cmd --host=${AWS_ENDPOINT_URL#http://} --host-bucket= --no-ssl --access_key=$AWS_ACCESS_KEY_ID --secret_key=$AWS_SECRET_ACCESS_KEY --no-progress';
const curl =
  'curl --fail --aws-sigv4 "aws:amz:us-east-1:s3" --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" -H "x-amz-content-sha256: UNSIGNED-PAYLOAD"';

/** Each line must end with exit code 0. */
const clients: Record<string, string[]> = {
  aws: [
    `${aws} s3 mb s3://of-aws`,
    `${aws} s3 cp --no-progress large s3://of-aws/large`,
    `${aws} s3 cp --no-progress s3://of-aws/large back && cmp large back`,
    `${aws} s3 cp "odd name ü+%&.txt" "s3://of-aws/odd name ü+%&.txt" && ${aws} s3 ls "s3://of-aws/odd name" | grep -F "odd name ü+%&.txt"`,
    `${aws} s3 cp s3://of-aws/large s3://of-aws/copy --no-progress && ${aws} s3 cp --no-progress s3://of-aws/copy back && cmp large back`,
    `${aws} s3api put-object --bucket of-aws --key sum --body "odd name ü+%&.txt" --checksum-algorithm SHA256 | grep ChecksumSHA256`,
    `curl --fail "$(${aws} s3 presign s3://of-aws/sum)" | cmp - "odd name ü+%&.txt"`,
    `${aws} s3 rb --force s3://of-aws`,
  ],
  rclone: [
    'rclone mkdir aether:of-rclone',
    'rclone copy large aether:of-rclone/dir && rclone copyto aether:of-rclone/dir/large back && cmp large back',
    'rclone sync --include "odd*" . aether:of-rclone/sync && rclone check --include "odd*" . aether:of-rclone/sync',
    'rclone lsl aether:of-rclone | grep -F "209715200"',
    'rclone purge aether:of-rclone',
  ],
  s3cmd: [
    `${s3cmd} mb s3://of-s3cmd`,
    `${s3cmd} put large s3://of-s3cmd/large`,
    `${s3cmd} get --force s3://of-s3cmd/large back && cmp large back`,
    `${s3cmd} cp s3://of-s3cmd/large s3://of-s3cmd/copy && ${s3cmd} ls s3://of-s3cmd/ | grep -c . | grep -x 2`,
    `${s3cmd} rb --recursive --force s3://of-s3cmd`,
  ],
  curl: [
    `${curl} -X PUT $AWS_ENDPOINT_URL/of-curl`,
    `${curl} -T large $AWS_ENDPOINT_URL/of-curl/large`,
    `${curl} $AWS_ENDPOINT_URL/of-curl/large | cmp - large`,
    `${curl} -r 1000000-1999999 $AWS_ENDPOINT_URL/of-curl/large | cmp - <(tail -c +1000001 large | head -c 1000000)`,
    `${curl} -X DELETE $AWS_ENDPOINT_URL/of-curl/large && ${curl} -X DELETE $AWS_ENDPOINT_URL/of-curl`,
  ],
};

describe.each(Object.entries(clients))('%s', (program, commands) => {
  const missing = spawnSync(program, ['--version']).error !== undefined;
  test.skipIf(missing).each(commands.map((command) => [command]))('%s', async (command) => {
    const { printed, code } = await shell.run(command);
    expect(code, printed).toBe(0);
  });
});

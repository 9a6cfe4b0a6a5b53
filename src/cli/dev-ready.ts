import type { Clock } from '../base/clock.js';
import { RequestSigner } from '../s3/sign.js';
import type { Access } from './dev-access.js';
import { requestSmall } from './http-request.js';

const askAgainMs = 50;
const answerWithinMs = 5000;

interface Waiting {
  clock: Clock;
  signal: AbortSignal;
}

/** Resolves when so many datanodes are live; the number may change meanwhile. */
export async function untilNodesLive(access: Access, count: () => number, { clock, signal }: Waiting): Promise<void> {
  for (;;) {
    const live = await liveNodes(access).catch(() => 0);
    if (live >= count()) return;
    await clock.sleep(askAgainMs, signal);
  }
}

async function liveNodes(access: Access): Promise<number> {
  const answer = await requestSmall({
    method: 'GET',
    url: `${access.masterAddress}/api/nodes`,
    headers: { authorization: `Bearer ${access.restToken}` },
    timeoutMs: answerWithinMs,
  });
  if (answer.status !== 200) return 0;
  const { nodes } = JSON.parse(answer.text) as { nodes: { state: string }[] };
  return nodes.filter((node) => node.state === 'live').length;
}

/** Makes a bucket through S3, unless it is there: also the proof that the gateway serves. */
export async function makeBucket(access: Access, bucket: string, { clock, signal }: Waiting): Promise<void> {
  const signer = new RequestSigner(access, access.region);
  const { host } = new URL(access.endpoint);
  for (;;) {
    const headers = signer.sign({ method: 'PUT', path: `/${bucket}`, query: [], headers: { host } }, 'UNSIGNED-PAYLOAD', clock.wallMs());
    const answer = await requestSmall({ method: 'PUT', url: `${access.endpoint}/${bucket}`, headers, timeoutMs: answerWithinMs }).catch(
      () => null,
    );
    if (answer?.status === 200 || answer?.status === 409) return;
    await clock.sleep(askAgainMs, signal);
  }
}

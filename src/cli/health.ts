import { requestSmall } from './http-request.js';

const answerWithinMs = 3000;

/** Whether the process on this machine with this admin port says that it is ready; else what it said. */
export async function checkHealth(adminPort: number): Promise<true | string> {
  try {
    const answer = await requestSmall({ method: 'GET', url: `http://127.0.0.1:${adminPort}/readyz`, timeoutMs: answerWithinMs });
    return answer.status === 200 || answer.text.trim();
  } catch (error) {
    const { message } = error as Error;
    return `nothing serves the admin port ${adminPort} (${message}): is it the --admin-port of a role that runs on this machine?`;
  }
}

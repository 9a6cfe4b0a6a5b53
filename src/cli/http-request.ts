import { request as httpRequest } from 'node:http';

const answerBytesMax = 1024 * 1024;

export interface SmallRequest {
  method: string;
  url: string;
  headers?: Readonly<Record<string, string>>;
  timeoutMs: number;
}

/** One request without a body, one small answer. Rejects when there is none in time. */
export function requestSmall(given: SmallRequest): Promise<{ status: number; text: string }> {
  const { method, url, headers = {}, timeoutMs } = given;
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false, timeout: timeoutMs }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
        if (text.length > answerBytesMax) request.destroy(new Error('the answer is too large'));
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    request.on('error', reject);
    request.end();
  });
}

import { get } from 'node:http';

const answerWithinMs = 3000;

/** Whether the process on this machine with this admin port says that it is ready; else what it said. */
export function checkHealth(adminPort: number): Promise<true | string> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port: adminPort, path: '/readyz', timeout: answerWithinMs, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(response.statusCode === 200 || text.trim()));
      response.on('error', (error) => resolve(error.message));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${answerWithinMs} ms`)));
    request.on('error', (error) => resolve(error.message));
  });
}

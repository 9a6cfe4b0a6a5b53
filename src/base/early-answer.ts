import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from './clock.js';

/** After an answer that came before the end of its request, so long may the client take to notice. */
const lingerMs = 2000;

/**
 * To be called before an answer is given to a request whose body is not read to its end. The connection ends with the
 * answer, but by a half-close: Node would destroy the socket at once, and a client that still sends would meet a reset,
 * which can cost it the answer, and ends a `kubectl port-forward` as a whole (kubernetes #74551).
 */
export function answerEarly(request: IncomingMessage, response: ServerResponse, clock: Clock): void {
  const { socket } = request;
  response.setHeader('connection', 'close');
  socket.destroySoon = () => void socket.end();
  response.once('finish', () => {
    // what still comes is read and dropped by Node, for as long as it comes
    const timer = clock.setTimer(lingerMs, () => socket.destroy());
    socket.once('close', () => timer.cancel());
  });
}

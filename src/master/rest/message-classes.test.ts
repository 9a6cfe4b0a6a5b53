import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { expect, it } from 'vitest';
import { systemClock } from '../../base/clock.js';
import { silentLog } from '../../base/log.js';
import { must } from '../../base/must.js';
import { systemRandom } from '../../base/random.js';
import { createRestApp, messageClasses } from './rest-app.js';

it('Express finds messages that have its prototypes already', () => {
  const parts = { clock: systemClock, random: systemRandom, log: silentLog };
  const app = createRestApp({ routes: [], tokens: null, countRequest: () => undefined }, parts);
  const classes = messageClasses(app);
  const request = new (must(classes.IncomingMessage, 'a class'))(new Socket());
  const response = new (must(classes.ServerResponse, 'a class'))(request);
  expect(request).toBeInstanceOf(IncomingMessage);
  expect(response).toBeInstanceOf(ServerResponse);
  expect(Object.getPrototypeOf(request)).toBe(app.request);
  expect(Object.getPrototypeOf(response)).toBe(app.response);
});

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { messageClasses } from './message-classes.js';
import { must } from './must.js';

it('Express finds messages that have its prototypes already', () => {
  const app = express();
  const classes = messageClasses(app);
  const request = new (must(classes.IncomingMessage, 'a class'))(new Socket());
  const response = new (must(classes.ServerResponse, 'a class'))(request);
  expect(request).toBeInstanceOf(IncomingMessage);
  expect(response).toBeInstanceOf(ServerResponse);
  expect(Object.getPrototypeOf(request)).toBe(app.request);
  expect(Object.getPrototypeOf(response)).toBe(app.response);
});

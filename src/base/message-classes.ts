import { IncomingMessage, ServerResponse, type ServerOptions } from 'node:http';

/**
 * Classes of messages that already have the prototypes Express wants. It sets them on every request, which is by far
 * its largest cost when they differ.
 */
export function messageClasses(app: { request: object; response: object }): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  return {
    IncomingMessage: withPrototype(IncomingMessage, app.request),
    ServerResponse: withPrototype(ServerResponse, app.response),
  };
}

function withPrototype<Class extends typeof IncomingMessage | typeof ServerResponse>(base: Class, prototype: object): Class {
  function Message(...args: unknown[]): object {
    return Reflect.construct(base, args, Message) as object;
  }
  Message.prototype = prototype;
  return Message as unknown as Class;
}

import test from 'ava';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { ApiError } from './api-error.ts';
import { readBody } from './request-body.ts';

test('a client that goes away in the middle of its body is the one who broke off, not the store', async (t) => {
  const read = Promise.withResolvers<Buffer>();
  const server = createServer((request: IncomingMessage) => void readBody(request).then(read.resolve, read.reject));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf');
  await once(server, 'request');
  socket.destroy();
  const error = await t.throwsAsync(read.promise, { instanceOf: ApiError });
  t.is(error?.code, 'SerializationException');
  server.close();
});

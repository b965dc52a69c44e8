import type { FastifyRequest } from 'fastify';
import type { SignedRequest } from './sigv4.ts';

/** What of a request its signature covers. */
export const signedRequestOf = (request: FastifyRequest): SignedRequest => ({
  method: request.method,
  url: request.raw.url ?? '/',
  headers: request.headers,
  body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
});

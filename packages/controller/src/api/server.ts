/**
 * The HTTP server of the API: `POST /` for AWS JSON 1.1, `/-/…` for what ECS has no operation for. Every answer carries a request
 * id, every error is an AWS error.
 */
import type { ArnScope } from '@mini-ecs/shared';
import Fastify from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { SecureContextOptions, Server as TlsServer } from 'node:tls';
import type { Authority } from '../identity/authority.ts';
import type { KeyAndCertificate } from '../identity/certificates.ts';
import type { ServerIdentity } from '../identity/server-identity.ts';
import { ApiError } from './api-error.ts';
import { ecsService } from './aws-json-service.ts';
import type { CredentialStore } from './credentials.ts';
import { addCertificateRoutes } from './certificates-route.ts';
import { addTokenRoutes } from './tokens-route.ts';
import { apiErrorOf } from './faults.ts';
import { answerCall } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { addHealthRoute } from './health-route.ts';
import { addLogsRoute } from './logs-route.ts';
import type { ApiContext, LogSource } from './operation.ts';
import { ecsOperations } from './operations/index.ts';
import { readBody } from './request-body.ts';
import { signedRequestOf } from './signed-request.ts';

export interface ApiServerOptions {
  context: ApiContext;
  host: string;
  /** 0: any free one */
  port: number;
  credentials: CredentialStore;
  /** Without it `/-/logs` answers that there is none to read. */
  logs?: LogSource;
  /** What join tokens name it by. */
  authority: Pick<Authority, 'fingerprint'>;
  /** With it the API speaks TLS only. */
  server?: ServerIdentity;
  config: ArnScope;
}

export interface ApiServer {
  url: string;
  port: number;
  /** Ends log streams, answers what is under way (7 s at most), and closes. */
  close(): Promise<void>;
}

/** RunTask may wait for 5 s. */
const closeGraceMs = 7_000;

const contentType = 'application/x-amz-json-1.1';

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { context, host, port, credentials, logs, authority, server: identity, config } = options;
  const door: FrontDoor = { services: [ecsService(ecsOperations)], context, credentials, config };
  const server = createServer(context, identity);
  const closing = new AbortController();

  server.post('/', async (request, reply) => {
    checkContentType(request);
    const body = await answerCall(door, signedRequestOf(request), request.id);
    return sendJson(reply, body);
  });
  addHealthRoute(server, context.store);
  addLogsRoute(server, door, logs, closing.signal);
  addTokenRoutes(server, door, authority);
  addCertificateRoutes(server, door);

  await server.listen({ host, port });
  const bound = (server.server.address() as AddressInfo).port;
  return {
    url: `${identity ? 'https' : 'http'}://${reachable(host)}:${bound}`,
    port: bound,
    async close() {
      closing.abort();
      await closeConnections(server);
    },
  };
}

/** How a client on this machine names it. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Node closes the connections that are idle when closing begins; one whose last answer was under way then would stay open until
 * its client lets go. So they are looked at again, and after the grace of the longest operation cut.
 */
async function closeConnections(server: FastifyInstance): Promise<void> {
  const closed = server.close();
  const sweep = setInterval(() => server.server.closeIdleConnections(), 50);
  const cut = setTimeout(() => server.server.closeAllConnections(), closeGraceMs);
  try {
    await closed;
  } finally {
    clearInterval(sweep);
    clearTimeout(cut);
  }
}

function createServer(context: ApiContext, identity: ServerIdentity | undefined): FastifyInstance {
  const server = Fastify({
    https: identity ? tlsOf(identity.own) : null,
    genReqId: context.newUuid,
    forceCloseConnections: 'idle',
    requestTimeout: 30_000,
    // Longer than clients keep an idle connection, so that it is they who close it.
    keepAliveTimeout: 75_000,
    frameworkErrors: (error, request, reply) => void sendError(context, error, request, reply),
    clientErrorHandler: (error, socket) => answerBrokenRequest(context, error, socket),
  });
  identity?.onRenewed((own) => (server.server as unknown as TlsServer).setSecureContext(tlsOf(own)));
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request: FastifyRequest, payload: IncomingMessage) => readBody(payload));
  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-amzn-RequestId', request.id);
  });
  server.setErrorHandler((error, request, reply) => sendError(context, error, request, reply));
  server.setNotFoundHandler((request, reply) => {
    const error = new ApiError(
      'UnknownOperationException',
      `Nothing answers ${request.method} ${request.url.slice(0, 200)}. This is the API of mini-ecs: calls are POST / with an X-Amz-Target header, as AWS SDKs and the AWS CLI send them.`,
    );
    return sendError(context, error, request, reply);
  });
  return server;
}

const tlsOf = ({ key, certificate }: KeyAndCertificate): SecureContextOptions => ({
  key,
  cert: certificate,
  minVersion: 'TLSv1.2',
});

function checkContentType({ headers }: FastifyRequest): void {
  const given = headers['content-type'];
  if (given === undefined || /^application\/(x-amz-json-1\.[01]|json)\s*(;|$)/i.test(given)) return;
  throw new ApiError(
    'SerializationException',
    `The content type ${JSON.stringify(given.slice(0, 100))} is not supported; send ${contentType}.`,
  );
}

/** As bytes: to a string fastify would add a charset, which AWS's answers do not have. */
const sendJson = (reply: FastifyReply, body: string): FastifyReply => reply.type(contentType).send(Buffer.from(body));

// ── errors ──

const retryAfterSeconds = 1;

function sendError(context: ApiContext, fault: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = isFastifyClientError(fault) ? new ApiError('SerializationException', fault.message) : apiErrorOf(fault);
  const { code, status, message, members } = error;
  const seen = { requestId: request.id, operation: request.headers['x-amz-target'] ?? request.url.slice(0, 200), code };
  if (status >= 500) context.log.error({ ...seen, err: fault }, 'a call failed');
  else context.log.debug({ ...seen, message }, 'a call was refused');
  if (status === 413) reply.header('connection', 'close');
  if (status === 503) reply.header('retry-after', retryAfterSeconds);
  reply.code(status).header('x-amzn-RequestId', request.id).header('x-amzn-errortype', code);
  return sendJson(reply, JSON.stringify({ __type: code, message, ...members }));
}

/** What fastify itself refuses: a malformed URL or content type. */
function isFastifyClientError(fault: unknown): fault is FastifyError {
  const { code, statusCode } = fault as FastifyError;
  return typeof code === 'string' && code.startsWith('FST_ERR_') && statusCode !== undefined && statusCode < 500;
}

/** Bytes that are no HTTP, headers too large, a request that never ends: answered on the bare socket. */
function answerBrokenRequest(context: ApiContext, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = context.newUuid();
  const timedOut = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const message = timedOut ? 'The request was not received in time.' : `The request is not valid HTTP: ${error.message}`;
  const body = JSON.stringify({ __type: 'SerializationException', message });
  socket.end(
    [
      timedOut ? 'HTTP/1.1 408 Request Timeout' : 'HTTP/1.1 400 Bad Request',
      `content-type: ${contentType}`,
      `content-length: ${Buffer.byteLength(body)}`,
      `x-amzn-RequestId: ${requestId}`,
      'x-amzn-errortype: SerializationException',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}

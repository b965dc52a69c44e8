/**
 * Join tokens, signed like any call (service name ecs):
 *   POST   /-/tokens            {cluster?, ttlSeconds?, uses?, attributes?, instance?} → the token, whose secret is told this once
 *   GET    /-/tokens?cluster=   those of a cluster, without their secrets
 *   DELETE /-/tokens/<id>?cluster=
 */
import { formatJoinToken, newJoinToken, sha256, type JoinToken } from '@mini-ecs/shared';
import type { FastifyInstance } from 'fastify';
import { joinTokenStatus, type JoinTokenRecord } from '../domain/join-token.ts';
import type { Authority } from '../identity/authority.ts';
import { encodeJoinToken } from '../store/records.ts';
import { ApiError } from './api-error.ts';
import { openCall } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import type { Call } from './operation.ts';
import { queryParameter } from './query-parameter.ts';
import { activeCluster, activeClusterView, containerInstanceIdOf, quote } from './references.ts';
import { signedRequestOf } from './signed-request.ts';

const mostUses = 100_000;
const mostTtlSeconds = 365 * 86_400;
const mostAttributes = 50;
/** How long a token that no longer serves can still be seen in the list. */
const keptMs = 7 * 86_400_000;
const attributeName = /^[a-zA-Z0-9\-_/\\.]{1,128}$/;
const attributeValue = /^(?! )[a-zA-Z0-9\-_.@/\\: ]{0,128}(?<! )$/;

interface TokenRequest {
  cluster?: string;
  ttlSeconds?: number;
  uses?: number;
  attributes?: Record<string, string>;
  instance?: string;
}

const invalid = (message: string): ApiError => new ApiError('InvalidParameterException', message);

export function addTokenRoutes(server: FastifyInstance, door: FrontDoor, authority: Pick<Authority, 'fingerprint'>): void {
  server.post('/-/tokens', async (request) => {
    const signed = signedRequestOf(request);
    const call = await openCall(door, signed, request.id, 'ecs');
    return createToken(readTokenRequest(signed.body), call, authority);
  });
  server.get('/-/tokens', async (request) => {
    const call = await openCall(door, signedRequestOf(request), request.id, 'ecs');
    const { joinTokens } = await activeClusterView(call, queryParameter(request.query, 'cluster'));
    const tokens = [...joinTokens.values()].sort((a, b) => a.createdAt - b.createdAt);
    return { tokens: tokens.map((token) => render(token, call.clock.now())) };
  });
  server.delete<{ Params: { id: string } }>('/-/tokens/:id', async (request) => {
    const call = await openCall(door, signedRequestOf(request), request.id, 'ecs');
    const { joinTokens, name } = await activeClusterView(call, queryParameter(request.query, 'cluster'));
    const { id } = request.params;
    const token = joinTokens.get(id);
    if (!token) throw new ApiError('ResourceNotFoundException', `There is no join token ${quote(id)} in cluster ${name}.`);
    await call.store.remove({ partition: name, kind: 'join-token', id, expect: 'any' });
    return render(token, call.clock.now());
  });
}

async function createToken(
  { cluster: reference, ttlSeconds = 3600, uses = 1, attributes = {}, instance }: TokenRequest,
  call: Call,
  { fingerprint }: Pick<Authority, 'fingerprint'>,
): Promise<object> {
  const cluster = await activeCluster(call, reference);
  const now = call.clock.now();
  const token: JoinToken = newJoinToken(fingerprint);
  const record: JoinTokenRecord = {
    id: token.id,
    cluster,
    uses,
    usesLeft: uses,
    createdAt: now,
    expiresAt: now + ttlSeconds * 1000,
    instance: instance === undefined ? undefined : containerInstanceIdOf(instance, cluster),
    attributes,
  };
  const set = encodeJoinToken(record, sha256(token.secret));
  await call.store.put({ partition: cluster, kind: 'join-token', id: token.id, expect: 'absent', set });
  await forgetOldTokens(cluster, call);
  return { ...render(record, now), token: formatJoinToken(token) };
}

/** Nobody else does; what is made here is what there is to tidy. */
async function forgetOldTokens(cluster: string, { store, projections, clock }: Call): Promise<void> {
  const { joinTokens } = await projections.current(cluster);
  const old = [...joinTokens.values()].filter(({ expiresAt }) => expiresAt + keptMs < clock.now());
  for (const { id } of old) await store.remove({ partition: cluster, kind: 'join-token', id, expect: 'any' });
}

/** Times are ISO 8601. */
const render = (token: JoinTokenRecord, now: number): object => ({
  ...token,
  status: joinTokenStatus(token, now),
  createdAt: new Date(token.createdAt).toISOString(),
  expiresAt: new Date(token.expiresAt).toISOString(),
});

// ── reading ──

function readTokenRequest(body: Uint8Array): TokenRequest {
  const request = parseObject(body);
  const { cluster, instance, ttlSeconds, uses, attributes } = request;
  if (cluster !== undefined && typeof cluster !== 'string') throw invalid('cluster must be the name or ARN of a cluster.');
  if (instance !== undefined && typeof instance !== 'string') throw invalid('instance must be the id of a container instance.');
  if (!isWholeNumber(ttlSeconds, 1, mostTtlSeconds)) throw invalid(`ttlSeconds must be a whole number up to ${mostTtlSeconds}.`);
  if (!isWholeNumber(uses, 1, mostUses)) throw invalid(`uses must be a whole number from 1 to ${mostUses}.`);
  if (!areAttributes(attributes)) {
    throw invalid(`attributes must be an object of at most ${mostAttributes} names and values such as PutAttributes takes.`);
  }
  return request;
}

function parseObject(body: Uint8Array): Record<string, unknown> {
  try {
    const parsed: unknown = body.length === 0 ? {} : JSON.parse(Buffer.from(body).toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new ApiError('SerializationException', 'The body must be a JSON object.');
}

const isWholeNumber = (value: unknown, least: number, most: number): boolean =>
  value === undefined || (Number.isInteger(value) && Number(value) >= least && Number(value) <= most);

function areAttributes(value: unknown): boolean {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value as Record<string, unknown>);
  return (
    entries.length <= mostAttributes &&
    entries.every(([name, text]) => attributeName.test(name) && typeof text === 'string' && attributeValue.test(text))
  );
}

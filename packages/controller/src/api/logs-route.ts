/**
 * `GET /-/logs?cluster=&task=&container=&follow=&tail=`, signed like any call (service name ecs): a container's log as text/plain,
 * read through its agent's session. `container` may be left out for a task of one; `tail` is a number of lines;
 * 0 or none means all. A refusal is an AWS error; what goes wrong once the log flows breaks the connection off.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeTask } from '../store/records.ts';
import { ApiError } from './api-error.ts';
import { openCall } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import type { Call, LogSource } from './operation.ts';
import { queryParameter } from './query-parameter.ts';
import { clusterNameOf, quote, taskIdOf } from './references.ts';
import { signedRequestOf } from './signed-request.ts';

/** How long an answer waits for the first piece, in which a refusal can still be told. */
const firstPieceMs = 500;

type LogRequest = Parameters<LogSource['open']>[0];

export function addLogsRoute(server: FastifyInstance, door: FrontDoor, logs: LogSource | undefined, closing: AbortSignal): void {
  server.get('/-/logs', async (request, reply) => {
    const call = await openCall(door, signedRequestOf(request), request.id, 'ecs');
    if (!logs) throw new ApiError('UnsupportedFeatureException', 'This controller reads no container logs.');
    const wanted = await readLogRequest(call, request.query);
    return streamLog(logs, wanted, reply, closing);
  });
}

async function readLogRequest(call: Call, query: unknown): Promise<LogRequest> {
  const parameter = (name: string): string | undefined => queryParameter(query, name);
  const task = parameter('task');
  if (!task) throw new ApiError('InvalidParameterException', 'task is missing: the id or ARN of the task to read the log of.');
  const cluster = clusterNameOf(parameter('cluster'));
  const taskId = taskIdOf(task, cluster);
  return {
    cluster,
    taskId,
    container: await chooseContainer(call, cluster, taskId, parameter('container')),
    follow: ['1', 'true', 'yes'].includes(parameter('follow') ?? ''),
    tail: readTail(parameter('tail')),
  };
}

function readTail(text: string | undefined): number {
  if (text === undefined || text === 'all') return 0;
  if (!/^\d{1,9}$/.test(text))
    throw new ApiError('InvalidParameterException', `tail must be a number of lines or all, but is ${quote(text)}.`);
  return Number(text);
}

async function chooseContainer(call: Call, cluster: string, taskId: string, wanted: string | undefined): Promise<string> {
  const [fields] = await call.store.read(cluster, 'task', [taskId]);
  if (!fields) throw new ApiError('ResourceNotFoundException', `There is no task ${taskId} in cluster ${cluster}.`);
  const names = decodeTask(cluster, taskId, fields).spec.containers.map(({ name }) => name);
  const [first] = names;
  if (wanted !== undefined && names.includes(wanted)) return wanted;
  if (wanted === undefined && names.length === 1 && first !== undefined) return first;
  const problem =
    wanted === undefined ? 'The task has several containers; name one' : `The task has no container ${quote(wanted)}`;
  throw new ApiError('InvalidParameterException', `${problem}: ${names.join(', ')}.`);
}

async function streamLog(logs: LogSource, wanted: LogRequest, reply: FastifyReply, closing: AbortSignal): Promise<FastifyReply> {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, closing]);
  const pieces = logs.open(wanted, signal)[Symbol.asyncIterator]();
  const first = pieces.next();
  // A refusal comes with the first piece; a container that is merely silent must not keep the headers back.
  await Promise.race([first, delay(firstPieceMs, undefined, { ref: false })]);
  reply.type('text/plain; charset=utf-8').send(Readable.from(remaining(first, pieces, signal)));
  // Otherwise they would go out with the first piece only.
  reply.raw.flushHeaders();
  return reply;
}

async function* remaining(
  first: Promise<IteratorResult<Uint8Array>>,
  pieces: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  try {
    for (let piece = await first; !piece.done; piece = await pieces.next()) yield piece.value;
  } catch (error) {
    // The reader has gone or the server closes: the end that was asked for.
    if (!signal.aborted) throw error;
  } finally {
    await pieces.return?.();
  }
}

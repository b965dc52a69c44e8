import { newId } from '@mini-ecs/shared';
import test from 'ava';
import { cluster, startDispatchFixture, type DispatchFixture } from '../support/dispatch-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
let fixture: DispatchFixture;

test.before(async () => {
  redis = await startTestRedis();
  fixture = await startDispatchFixture({ redisUrl: redis.url });
});
test.after.always(async () => {
  await fixture?.close();
  await redis?.stop();
});

function open(taskId: string, options: { container?: string; signal?: AbortSignal } = {}): AsyncIterator<Uint8Array> {
  const { container = '', signal = new AbortController().signal } = options;
  const log = fixture.dispatch.logs.open({ cluster, taskId, container, follow: true, tail: 10 }, signal);
  return log[Symbol.asyncIterator]();
}

const text = ({ value, done }: IteratorResult<Uint8Array>): string | undefined =>
  done ? undefined : Buffer.from(value).toString();

test("a container's log is read through its agent's session to its end", async (t) => {
  const agent = await fixture.enrolled();
  const taskId = await fixture.placeTask(agent.instanceId);
  const log = open(taskId, { container: 'web' });
  const first = log.next();
  const request = await agent.first('logRequest');
  t.like(request, { taskId, container: 'web', follow: true, tail: 10 });
  const { requestId } = request;
  agent.send({ logChunk: { requestId, data: Buffer.from('one\n') } });
  t.is(text(await first), 'one\n');
  agent.send({ logChunk: { requestId, data: Buffer.from('two\n') } });
  agent.send({ logChunk: { requestId, data: Buffer.from('three\n'), end: true } });
  t.is(text(await log.next()), 'two\n');
  t.is(text(await log.next()), 'three\n');
  t.true((await log.next()).done);
  t.deepEqual(agent.all('logCancel'), []);
});

test('a reader that leaves, or is aborted, cancels the request at the agent', async (t) => {
  const agent = await fixture.enrolled();
  const taskId = await fixture.placeTask(agent.instanceId);
  const aborting = new AbortController();
  const aborted = open(taskId, { signal: aborting.signal });
  const waiting = aborted.next();
  const { requestId } = await agent.first('logRequest');
  aborting.abort();
  t.true((await waiting).done);
  t.is((await agent.first('logCancel')).requestId, requestId);

  const left = open(taskId);
  const piece = left.next();
  const second = await eventually(() => agent.all('logRequest')[1]);
  agent.send({ logChunk: { requestId: second.requestId, data: Buffer.from('one\n') } });
  await piece;
  await left.return?.();
  await eventually(() => agent.all('logCancel').some((cancel) => cancel.requestId === second.requestId));
  t.pass();
});

test('what the agent cannot read is told in its words', async (t) => {
  const agent = await fixture.enrolled();
  const log = open(await fixture.placeTask(agent.instanceId));
  const first = log.next();
  const { requestId } = await agent.first('logRequest');
  agent.send({ logChunk: { requestId, end: true, error: 'the container was removed' } });
  await t.throwsAsync(first, { message: 'the container was removed', name: 'ApiError' });
});

test('a log ends with an error when the session of its agent ends', async (t) => {
  const agent = await fixture.enrolled();
  const log = open(await fixture.placeTask(agent.instanceId));
  const first = log.next();
  await agent.first('logRequest');
  agent.close();
  await t.throwsAsync(first, { code: 'ServiceUnavailableException' });
});

test('a log that is read too slowly is cut off and cancelled, and the rest of the session goes on', async (t) => {
  const agent = await fixture.enrolled();
  const taskId = await fixture.placeTask(agent.instanceId);
  const log = open(taskId);
  const first = log.next();
  const { requestId } = await agent.first('logRequest');
  const data = Buffer.alloc(4 * 1024 * 1024, 'x');
  agent.send({ logChunk: { requestId, data } });
  await first;
  for (let i = 0; i < 9; i += 1) agent.send({ logChunk: { requestId, data } });
  t.is((await agent.first('logCancel')).requestId, requestId);
  const drain = async (): Promise<void> => {
    while (!(await log.next()).done);
  };
  await t.throwsAsync(drain(), { code: 'LimitExceededException' });
  await agent.acknowledged(agent.report({ taskId, lastStatus: 'RUNNING' }));
});

test('a log of a task or container that does not exist, was not placed, or whose agent is elsewhere is refused', async (t) => {
  const agent = await fixture.enrolled();
  const taskId = await fixture.placeTask(agent.instanceId);
  await t.throwsAsync(open(newId()).next(), { code: 'ResourceNotFoundException' });
  await t.throwsAsync(open(taskId, { container: 'db' }).next(), { code: 'InvalidParameterException', message: /it has web/ });
  agent.close();
  // Aborted before it starts: it ends at once while there still is a session.
  const attempt = () => open(taskId, { signal: AbortSignal.abort() }).next();
  const refused = eventually(async () => !(await attempt()).done);
  await t.throwsAsync(refused, { code: 'ServiceUnavailableException', message: /has no session with this controller/ });
});

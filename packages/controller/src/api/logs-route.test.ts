import test from 'ava';
import { ApiServerFixture, type RawAnswer } from '../../../../test/support/api-server.ts';
import { aTask } from '../../../../test/support/stored-records.ts';
import { eventually } from '../../../../test/support/eventually.ts';
import { ApiError } from './api-error.ts';
import type { LogSource } from './operation.ts';

type LogRequest = Parameters<LogSource['open']>[0];

/** What was asked for, and whether its reader went away. */
const asked: { request: LogRequest; signal: AbortSignal }[] = [];

const logs: LogSource = {
  async *open(request, signal) {
    asked.push({ request, signal });
    if (request.container === 'silent') {
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return;
    }
    if (request.container === 'gone') throw new ApiError('ResourceNotFoundException', 'Its log is gone.');
    yield Buffer.from('first\n');
    if (request.follow) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    yield Buffer.from('second\n');
  },
};

let api: ApiServerFixture;
let task: string;
test.before(async () => {
  api = await ApiServerFixture.start({ logs });
  await api.call('CreateCluster', {});
  task = await aTask(api.store, 'default', { containers: ['app', 'silent', 'gone'] });
});
test.after.always(() => api?.close());

const get = (query: string) => ({ method: 'GET', path: `/-/logs?${query}` });
const refusal = ({ status, body }: RawAnswer): string => `${status} ${String(body['__type'])}: ${String(body['message'])}`;

test('a log is streamed as text', async (t) => {
  const response = await api.fetch(get(`task=${task}&container=app&tail=5`));
  t.is(response.status, 200);
  t.is(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  t.is(await response.text(), 'first\nsecond\n');
  const request = asked.find(({ request }) => request.tail === 5)?.request;
  t.deepEqual(request, { cluster: 'default', taskId: task, container: 'app', follow: false, tail: 5 });
});

test('the only container of a task need not be named', async (t) => {
  const single = await aTask(api.store, 'default', { containers: ['app'] });
  const response = await api.fetch(get(`task=arn:aws:ecs:us-east-1:000000000000:task/default/${single}`));
  t.is(await response.text(), 'first\nsecond\n');
});

test('a reader that goes away ends the reading', async (t) => {
  const response = await api.fetch(get(`task=${task}&container=app&follow=true`));
  const reader = response.body?.getReader();
  t.is(Buffer.from((await reader?.read())?.value ?? []).toString(), 'first\n');
  await reader?.cancel();
  await eventually(() => asked.find(({ request }) => request.follow && request.container === 'app')?.signal.aborted, {
    describe: () => 'the log is still read',
  });
  t.pass();
});

test('a silent container gets its headers, and the end of the server ends its log', async (t) => {
  const own = await ApiServerFixture.start({ logs });
  await own.call('CreateCluster', {});
  const silent = await aTask(own.store, 'default', { containers: ['silent'] });
  const response = await own.fetch(get(`task=${silent}&follow=1`));
  t.is(response.status, 200);
  t.is(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  const rest = response.text();
  await own.close();
  t.is(await rest, '');
});

test('what has no log is told', async (t) => {
  t.regex(refusal(await api.raw(get(''))), /^400 InvalidParameterException: task is missing/);
  t.regex(
    refusal(await api.raw(get('task=nobody'))),
    /^400 ResourceNotFoundException: There is no task nobody in cluster default/,
  );
  t.regex(refusal(await api.raw(get(`task=${task}`))), /has several containers; name one: app, silent, gone\./);
  t.regex(refusal(await api.raw(get(`task=${task}&container=x`))), /has no container "x": app, silent, gone\./);
  t.regex(refusal(await api.raw(get(`task=${task}&task=x`))), /^400 InvalidParameterException: task must be given once/);
  t.regex(refusal(await api.raw(get(`task=${task}&cluster=x&cluster=y`))), /cluster must be given once in the query\./);
  t.regex(refusal(await api.raw(get(`task=${task}&container=app&tail=few`))), /tail must be a number of lines/);
  t.is(refusal(await api.raw(get(`task=${task}&container=gone`))), '400 ResourceNotFoundException: Its log is gone.');
});

test('an unsigned reader is refused', async (t) => {
  const response = await fetch(`${api.server.url}/-/logs?task=${task}`);
  t.is(response.status, 400);
  t.is(((await response.json()) as { __type: string }).__type, 'MissingAuthenticationTokenException');
});

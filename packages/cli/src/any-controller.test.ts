import test from 'ava';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { endpointsOf, withAnyController } from './any-controller.ts';
import { signedCall } from './api-client.ts';

async function aController(t: { teardown(fn: () => void): void }, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering =
  (status: number, body: string): RequestListener =>
  (request, response) =>
    void response.writeHead(request.url === '/-/health' ? 200 : status).end(body);

/** Nobody listens there: a port that was free a moment ago. */
const dead = 'http://127.0.0.1:1';

function ask(t: { teardown(fn: () => void): void }, endpoints: string[]): Promise<string> {
  const settings = { MINI_ECS_ENDPOINTS: endpoints.join(','), AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };
  Object.assign(process.env, settings);
  t.teardown(() => Object.keys(settings).forEach((name) => delete process.env[name]));
  return withAnyController('/nowhere', async (each) =>
    (await signedCall(each, { method: 'GET', route: '/-/logs', query: {} })).text(),
  );
}

test.serial('the first controller that can answer does: one that is away or cannot serve the call is passed over', async (t) => {
  const elsewhere = await aController(t, answering(503, '{"message":"no session"}'));
  const good = await aController(t, answering(200, 'a log'));
  t.is(await ask(t, [dead, elsewhere, good]), 'a log');
});

test.serial('a controller that hangs is passed over', async (t) => {
  const hung = await aController(t, () => undefined);
  const good = await aController(t, answering(200, 'a log'));
  t.is(await ask(t, [hung, good]), 'a log');
});

test.serial('a refusal is an answer: no other controller is asked', async (t) => {
  const refusing = await aController(t, answering(400, '{"message":"There is no task x."}'));
  const other = await aController(t, () => t.fail('was asked'));
  await t.throwsAsync(ask(t, [refusing, other]), { message: 'There is no task x.' });
});

test.serial('when none can answer, each says why', async (t) => {
  const elsewhere = await aController(t, answering(503, '{"message":"no session"}'));
  const { message } = await t.throwsAsync(ask(t, [dead, elsewhere]));
  t.regex(message, /No controller could answer/);
  t.regex(message, /127\.0\.0\.1:1: .*ECONNREFUSED|bad port/);
  t.true(message.includes(`${elsewhere}: no session`), message);
});

test('a list of endpoints is addresses with commas; what is none is named', (t) => {
  t.deepEqual(endpointsOf(undefined), []);
  t.deepEqual(endpointsOf(' http://10.0.0.5:7070, https://10.0.0.6:7070 '), ['http://10.0.0.5:7070', 'https://10.0.0.6:7070']);
  t.throws(() => endpointsOf('http://10.0.0.5:7070,10.0.0.6:7070'), { message: /"10\.0\.0\.6:7070".*such as/ });
});

import test from 'ava';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TestIdentity } from '../../../test/support/test-identity.ts';
import { endpointsOf, withAnyController } from './any-controller.ts';
import { signedCall } from './api-client.ts';
import type { ClientSettings } from './client-settings.ts';

interface Test {
  teardown(fn: () => void): void;
}

async function aController(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  t.teardown(() => server.closeAllConnections());
  return `http://${await listening(t, server)}`;
}

async function aTlsController(t: Test, { server: identity }: TestIdentity, answer: RequestListener): Promise<string> {
  const { key, certificate } = identity.own;
  const server = createTlsServer({ key, cert: certificate }, answer);
  t.teardown(() => server.closeAllConnections());
  return `https://${await listening(t, server)}`;
}

async function listening(t: Test, server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const answering =
  (status: number, body: string): RequestListener =>
  (request, response) =>
    void response.writeHead(request.url === '/-/health' ? 200 : status).end(body);

/** Nobody listens there: a port that was free a moment ago. */
const dead = 'http://127.0.0.1:1';
const deadTls = 'https://127.0.0.1:1';

const accessKey = { AWS_ACCESS_KEY_ID: 'AKID', AWS_SECRET_ACCESS_KEY: 'secret' };

interface Asking {
  settings?: Record<string, string>;
  dataDir?: string;
  patienceMs?: number;
}

function ask(
  t: Test,
  endpoints: string[],
  { settings = accessKey, dataDir = '/nowhere', patienceMs = 30_000 }: Asking = {},
): Promise<string> {
  const environment: Record<string, string> = { ...settings, MINI_ECS_ENDPOINTS: endpoints.join(',') };
  Object.assign(process.env, environment);
  t.teardown(() => Object.keys(environment).forEach((name) => delete process.env[name]));
  const readLog = async (each: ClientSettings): Promise<string> =>
    (await signedCall(each, { method: 'GET', route: '/-/logs', query: {} })).text();
  return withAnyController(dataDir, readLog, patienceMs);
}

/** Of a controller that has stopped, or of one on loopback (`endpoint`), whose neighbours speak TLS. */
async function aDataDir(t: Test, identity: TestIdentity, endpoint?: string): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'mini-ecs-any-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(path.join(folder, 'ca.pem'), identity.authority.certificate);
  writeFileSync(path.join(folder, 'credentials.json'), JSON.stringify({ accessKeyId: 'AKID', secretAccessKey: 'secret' }));
  if (endpoint) writeFileSync(path.join(folder, 'endpoint.json'), JSON.stringify({ endpoint, region: 'eu-west-1' }));
  return folder;
}

/** Each with an authority of its own: what this process trusts, it trusts from then on. */
async function anIdentity(t: Test): Promise<TestIdentity> {
  const identity = await TestIdentity.start();
  t.teardown(() => identity.stop());
  return identity;
}

test.serial('the first controller that can answer does: one that is away or cannot serve the call is passed over', async (t) => {
  const elsewhere = await aController(t, answering(503, '{"message":"no session"}'));
  const good = await aController(t, answering(200, 'a log'));
  t.is(await ask(t, [dead, elsewhere, good]), 'a log');
});

test.serial('a controller that hangs is passed over', async (t) => {
  const hung = await aController(t, () => undefined);
  const good = await aController(t, answering(200, 'a log'));
  t.is(await ask(t, [hung, good], { patienceMs: 2_000 }), 'a log');
});

test.serial('a refusal is an answer: no other controller is asked', async (t) => {
  const refusing = await aController(t, answering(400, '{"message":"There is no task x."}'));
  const other = await aController(t, () => t.fail('was asked'));
  await t.throwsAsync(ask(t, [refusing, other]), { message: 'There is no task x.' });
});

test.serial('by TLS the authority that the environment names is trusted, whoever is asked first', async (t) => {
  const identity = await anIdentity(t);
  const good = await aTlsController(t, identity, answering(200, 'a log'));
  const bundle = path.join(await aDataDir(t, identity), 'ca.pem');
  t.is(await ask(t, [deadTls, good], { settings: { ...accessKey, AWS_CA_BUNDLE: bundle } }), 'a log');
});

test.serial(
  'by TLS the authority of the data directory is trusted, also when its own controller is gone or speaks none',
  async (t) => {
    for (const endpoint of [undefined, 'http://127.0.0.1:7070']) {
      const identity = await anIdentity(t);
      const good = await aTlsController(t, identity, answering(200, 'a log'));
      t.is(await ask(t, [deadTls, good], { settings: {}, dataDir: await aDataDir(t, identity, endpoint) }), 'a log', endpoint);
    }
    const identity = await anIdentity(t);
    const good = await aTlsController(t, identity, answering(200, 'a log'));
    t.is(await ask(t, [deadTls, good], { dataDir: await aDataDir(t, identity) }), 'a log', 'with the key of the environment');
  },
);

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

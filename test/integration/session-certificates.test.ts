/** Who may open a session, over real TLS: only an agent with a certificate of its own instance that was not revoked. */
import { status, type StatusObject } from '@grpc/grpc-js';
import { agentProtocol, agentProtocolVersion, controllerServerName, newId } from '@mini-ecs/shared';
import test, { type ExecutionContext } from 'ava';
import { once } from 'node:events';
import http2 from 'node:http2';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { StoreUnavailableError, type Store } from '../../packages/controller/src/store/store.ts';
import { cluster, startDispatchFixture, type DispatchFixture } from '../support/dispatch-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolAgent } from '../support/protocol-agent.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { credentialsWith, hourMs, TestIdentity, type TestCertificate } from '../support/test-identity.ts';

let redis: TestRedis;
let fixture: DispatchFixture;

/** By how much the controllers' clock goes before that of TLS. */
let aheadMs = 0;
const clock = { now: () => Date.now() + aheadMs };
/** Certificates of an hour have ended then, for whoever asks the clock. */
function hoursPass(t: ExecutionContext): void {
  aheadMs = 2 * hourMs;
  t.teardown(() => (aheadMs = 0));
}

test.before(async () => {
  redis = await startTestRedis();
  fixture = await startDispatchFixture({ redisUrl: redis.url, clock });
});
test.after.always(async () => {
  await fixture?.close();
  await redis?.stop();
});

const credentialsFrom = (certificate: TestCertificate) => credentialsWith(certificate, fixture.identity.authority.certificate);

/** How the session of an agent that says to be `instanceId` fails. */
async function failureOf(credentials: ReturnType<typeof credentialsWith>, instanceId: string, hello: object = {}) {
  const agent = new ProtocolAgent(fixture.dispatch.port, credentials);
  agent.hello({ instanceId, ...hello });
  const failure = await agent.failure();
  agent.close();
  return failure;
}

const revoke = (instance: string) =>
  fixture.store.put({
    partition: cluster,
    kind: 'enrolment',
    id: instance,
    expect: 'any',
    set: { revokedAt: String(Date.now()) },
  });

const isKnown = async (instance: string) => (await fixture.instanceField(instance, 'session')) !== undefined;

test('without a certificate no session is opened', async (t) => {
  const instanceId = newId();
  t.like(await failureOf(fixture.identity.noCertificate, instanceId), { code: status.UNAUTHENTICATED });
  t.false(await isKnown(instanceId));
});

test('a certificate of another authority opens none', async (t) => {
  const other = await TestIdentity.start();
  t.teardown(() => other.stop());
  const instanceId = newId();
  await fixture.identity.certificateOf(instanceId);
  const foreign = credentialsFrom(await other.certificateOf(instanceId));
  const { code, details } = await failureOf(foreign, instanceId);
  t.is(code, status.UNAUTHENTICATED);
  t.regex(details, /another authority/);
  t.false(await isKnown(instanceId));
});

test('an expired certificate opens none', async (t) => {
  const instanceId = newId();
  const expired = credentialsFrom(await fixture.identity.certificateOf(instanceId, { lifetimeMs: -1_000 }));
  t.like(await failureOf(expired, instanceId), { code: status.UNAUTHENTICATED });
  t.false(await isKnown(instanceId));
});

test("a controller's own certificate is no agent's", async (t) => {
  const instanceId = newId();
  const { server, authority } = fixture.identity;
  const credentials = credentialsFrom({ ...server.own, authority: authority.certificate, serial: '' });
  t.like(await failureOf(credentials, instanceId), { code: status.UNAUTHENTICATED });
});

test('a revoked certificate opens none, and is told so', async (t) => {
  const instanceId = newId();
  const credentials = await fixture.identity.credentialsOf(instanceId);
  await revoke(instanceId);
  const { code, details } = await failureOf(credentials, instanceId);
  t.is(code, status.UNAUTHENTICATED);
  t.regex(details, new RegExp(`certificate of container instance ${instanceId} was revoked.*token create`));
  t.false(await isKnown(instanceId));
});

test('revoking it ends a session that is open, and leaves others alone', async (t) => {
  const [agent, other] = [await fixture.enrolled(), await fixture.enrolled()];
  const began = performance.now();
  await revoke(agent.instanceId);
  t.is((await agent.refusal()).code, 'CERTIFICATE_REFUSED');
  t.is((await agent.failure()).code, status.UNAUTHENTICATED);
  t.true(performance.now() - began < 8_000, 'not with the slow pass');
  t.false(other.ended);
  const id = await fixture.placeTask(other.instanceId);
  await eventually(() => other.assignments.has(id));
  agent.close();
  other.close();
});

test('an instance that joined anew is no longer spoken for by its certificates of before', async (t) => {
  const agent = await fixture.enrolled();
  const { instanceId } = agent;
  const before = await fixture.identity.certificateOf(instanceId);
  const set = { enrolledAt: String(Date.now() + 1), certificates: '[]' };
  await fixture.store.put({ partition: cluster, kind: 'enrolment', id: instanceId, expect: 'any', set });
  t.is((await agent.refusal()).code, 'CERTIFICATE_REFUSED');
  t.like(await failureOf(credentialsFrom(before), instanceId), { code: status.UNAUTHENTICATED });
  t.like(await failureOf(await fixture.identity.credentialsOf(instanceId), instanceId, { protocolVersion: 99 }), {
    code: status.OK,
  });
  agent.close();
});

test('an agent that says it is another instance, or of another cluster, is refused', async (t) => {
  const [own, other] = [newId(), await fixture.enrolled()];
  const credentials = await fixture.identity.credentialsOf(own);
  const { code, details } = await failureOf(credentials, other.instanceId);
  t.is(code, status.UNAUTHENTICATED);
  t.regex(details, new RegExp(`that of container instance ${own} .* not of ${other.instanceId}`));
  t.like(await failureOf(credentials, own, { cluster: 'elsewhere' }), { code: status.UNAUTHENTICATED });
  t.false(other.ended);
  other.close();
});

test("an agent that reports another's task writes nothing", async (t) => {
  const [owner, stranger] = [await fixture.enrolled(), await fixture.enrolled()];
  const id = await fixture.placeTask(owner.instanceId);
  const ack = await stranger.acknowledged(stranger.report({ taskId: id, lastStatus: 'STOPPED' }));
  t.deepEqual(ack.unknownTasks, [id]);
  t.is((await fixture.task(id))?.observed.lastStatus, 'PROVISIONING');
  owner.close();
  stranger.close();
});

test('attributes that the join token fixed win over what the agent says', async (t) => {
  const instanceId = newId();
  const agent = await fixture.agent(instanceId);
  const set = { attributes: JSON.stringify({ rack: 'r1' }) };
  await fixture.store.put({ partition: cluster, kind: 'enrolment', id: instanceId, expect: 'any', set });
  agent.hello({
    instanceId,
    attributes: [
      { name: 'rack', value: 'mine' },
      { name: 'disk', value: 'ssd' },
    ],
  });
  await agent.first('fullAssignments');
  const view = await fixture.projections.current(cluster);
  t.deepEqual(view.instances.get(instanceId)?.registration.attributes, { rack: 'r1', disk: 'ssd' });
  agent.close();
});

// ── a store that was restored ──

test('an agent whose certificate is newer than the restored store opens a session; one with an older one it does not know does not', async (t) => {
  const instanceId = newId();
  const { identity, store } = fixture;
  await identity.certificateOf(instanceId, { issuedAgoMs: 28 * hourMs });
  const [backup] = await store.read(cluster, 'enrolment', [instanceId]);
  const replaced = await identity.certificateOf(instanceId, { issuedAgoMs: 29 * hourMs });
  const present = await identity.certificateOf(instanceId);
  const set = { certificates: backup?.['certificates'] ?? '' };
  await store.put({ partition: cluster, kind: 'enrolment', id: instanceId, expect: 'any', set });
  const { code, details } = await failureOf(credentialsFrom(replaced), instanceId);
  t.is(code, status.UNAUTHENTICATED);
  t.regex(details, /newer certificates/);
  const agent = new ProtocolAgent(fixture.dispatch.port, credentialsFrom(present));
  agent.hello({ instanceId });
  await agent.first('fullAssignments');
  agent.close();
  await revoke(instanceId);
  t.like(await failureOf(credentialsFrom(present), instanceId), { code: status.UNAUTHENTICATED });
});

// ── certificates that end ──

/** Sessions of one agent on one connection. */
function aConnection(t: ExecutionContext, port: number, credentials: ReturnType<typeof credentialsWith>) {
  const client = new agentProtocol.AgentGateway(`127.0.0.1:${port}`, credentials, {
    'grpc.ssl_target_name_override': controllerServerName,
    'grpc.use_local_subchannel_pool': 1,
  });
  t.teardown(() => client.close());
  return (instanceId: string) => {
    const session = client.Session();
    const seen: { welcome: boolean; end: StatusObject | undefined } = { welcome: false, end: undefined };
    session.on('data', ({ welcome }: { welcome?: unknown }) => (seen.welcome ||= Boolean(welcome)));
    session.on('error', () => undefined);
    session.on('status', (end: StatusObject) => (seen.end = end));
    const resources = { cpu: 4096, memory: 8192, reservedPorts: [] };
    session.write({ hello: { protocolVersion: agentProtocolVersion, cluster, instanceId, resources } });
    return seen;
  };
}

test.serial('an old connection opens no new session once its certificate has ended', async (t) => {
  const instanceId = newId();
  const certificate = await fixture.identity.certificateOf(instanceId);
  const openSession = aConnection(t, fixture.dispatch.port, credentialsFrom(certificate));
  const first = openSession(instanceId);
  await eventually(() => first.welcome);
  hoursPass(t);
  const second = openSession(instanceId);
  const end = await eventually(() => second.end);
  t.is(end.code, status.UNAUTHENTICATED);
  t.regex(end.details, /has expired/);
  t.false(second.welcome);
});

/** A connection as one with the certificate makes it, in place of a gRPC client, which resumes no TLS session. */
async function aBareConnection(t: ExecutionContext, { key, certificate }: TestCertificate, session?: Buffer) {
  const connection = http2.connect(`https://127.0.0.1:${fixture.dispatch.port}`, {
    ca: fixture.identity.authority.certificate,
    servername: controllerServerName,
    key,
    cert: certificate,
    ...(session ? { session } : {}),
  });
  t.teardown(() => connection.destroy());
  await once(connection, 'remoteSettings');
  return connection;
}

/** How a session that is asked for on it with a Hello ends. */
async function endOfSession(connection: http2.ClientHttp2Session, instanceId: string): Promise<http2.IncomingHttpHeaders> {
  const { path, requestSerialize } = agentProtocol.AgentGateway.service.Session;
  const resources = { cpu: 4096, memory: 8192, reservedPorts: [] };
  const hello = requestSerialize({ hello: { protocolVersion: agentProtocolVersion, cluster, instanceId, resources } });
  const head = Buffer.alloc(5);
  head.writeUInt32BE(hello.length, 1);
  const call = connection.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers' });
  call.resume();
  call.write(Buffer.concat([head, hello]));
  const [trailers] = (await once(call, 'trailers')) as [http2.IncomingHttpHeaders];
  call.end();
  return trailers;
}

test.serial('a TLS session that is resumed after its certificate has ended opens no session', async (t) => {
  const instanceId = newId();
  const certificate = await fixture.identity.certificateOf(instanceId);
  const first = await aBareConnection(t, certificate);
  const tlsSession = (first.socket as TLSSocket).getSession();
  hoursPass(t);
  const second = await aBareConnection(t, certificate, tlsSession);
  t.true((second.socket as TLSSocket).isSessionReused());
  const trailers = await endOfSession(second, instanceId);
  t.is(trailers['grpc-status'], String(status.UNAUTHENTICATED));
  t.regex(decodeURIComponent(String(trailers['grpc-message'])), /has expired/);
});

/** A dispatch whose slow pass is quick, and whose store takes no writes to enrolments while told so. */
async function aQuickFixture(t: ExecutionContext) {
  const state = { takesWrites: true };
  const faults = (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name !== 'put' || state.takesWrites) return value.bind(target) as unknown;
        return () => Promise.reject(new StoreUnavailableError('it takes no writes'));
      },
    });
  const quick = await startDispatchFixture({
    redisUrl: redis.url,
    clock,
    faults,
    config: { reconsiderPeriodMs: 100, leaseMs: 60_000 },
  });
  t.teardown(() => quick.close());
  return { quick, state };
}

test.serial(
  'a session is ended when every certificate of its enrolment has ended, and its agent may come back with a new one',
  async (t) => {
    const { quick } = await aQuickFixture(t);
    const [silent, renewing] = [newId(), newId()];
    const connect = async (instanceId: string) => {
      const certificate = await quick.identity.certificateOf(instanceId);
      const seen = aConnection(t, quick.dispatch.port, credentialsWith(certificate))(instanceId);
      await eventually(() => seen.welcome);
      return seen;
    };
    const [ended, goesOn] = [await connect(silent), await connect(renewing)];
    const renewed = await quick.identity.certificateOf(renewing, { lifetimeMs: 3 * hourMs });
    hoursPass(t);
    t.is((await eventually(() => ended.end)).code, status.UNAUTHENTICATED);
    t.regex(ended.end?.details ?? '', /has expired/);
    t.is(goesOn.end, undefined);
    const back = aConnection(t, quick.dispatch.port, credentialsWith(renewed))(renewing);
    await eventually(() => back.welcome);
  },
);

test.serial('no session is ended for its certificate while none could be renewed', async (t) => {
  const { quick, state } = await aQuickFixture(t);
  const instanceId = newId();
  const certificate = await quick.identity.certificateOf(instanceId);
  const seen = aConnection(t, quick.dispatch.port, credentialsWith(certificate))(instanceId);
  await eventually(() => seen.welcome);
  state.takesWrites = false;
  hoursPass(t);
  // Ten slow passes.
  await delay(1_000);
  t.is(seen.end, undefined);
  state.takesWrites = true;
  t.is((await eventually(() => seen.end)).code, status.UNAUTHENTICATED);
});

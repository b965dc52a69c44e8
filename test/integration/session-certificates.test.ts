/** Who may open a session, over real TLS: only an agent with a certificate of its own instance that was not revoked. */
import { status, type ServiceError } from '@grpc/grpc-js';
import { agentProtocol, controllerServerName, newId } from '@mini-ecs/shared';
import test from 'ava';
import { once } from 'node:events';
import http2 from 'node:http2';
import { cluster, startDispatchFixture, type DispatchFixture } from '../support/dispatch-fixture.ts';
import { eventually } from '../support/eventually.ts';
import { ProtocolAgent } from '../support/protocol-agent.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { credentialsWith, TestIdentity, type TestCertificate } from '../support/test-identity.ts';

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
  t.true(performance.now() - began < 1_000);
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

// ── what comes in by the port ──

/** As one of an agent that runs `count` tasks of two containers each. */
const manyStatuses = (count: number) =>
  Array.from({ length: count }, () => ({
    taskId: newId(),
    lastStatus: 'RUNNING',
    healthStatus: 'HEALTHY',
    pullStartedAgeMs: 86_400_000,
    startedAgeMs: 86_400_000,
    containers: ['application', 'sidecar'].map((name) => ({
      name,
      runtimeId: newId() + newId(),
      lastStatus: 'RUNNING',
      imageDigest: `sha256:${newId()}${newId()}`,
      networkBindings: [{ bindIp: '0.0.0.0', containerPort: 80, hostPort: 32_768, protocol: 'tcp' }],
    })),
  }));

test('a Hello of 5,000 tasks is taken, and a message of more than any agent has to say ends its stream', async (t) => {
  const agent = await fixture.enrolled(newId(), { tasks: manyStatuses(5_000) });
  t.is(agent.all('welcome').length, 1);
  agent.sendRaw(Buffer.alloc(9 * 1024 * 1024));
  t.is((await agent.failure()).code, status.RESOURCE_EXHAUSTED);
  agent.close();
});

test('a stranger with a large message is not heard out', async (t) => {
  const client = new agentProtocol.AgentGateway(`127.0.0.1:${fixture.dispatch.port}`, fixture.identity.noCertificate, {
    'grpc.ssl_target_name_override': controllerServerName,
  });
  t.teardown(() => client.close());
  const ask = (tokenId: string) =>
    new Promise<ServiceError | null>((resolve) => client.Enroll({ cluster, tokenId }, (error) => resolve(error)));
  t.is((await ask('x'.repeat(9 * 1024 * 1024)))?.code, status.RESOURCE_EXHAUSTED);
  const refused = await ask('x'.repeat(1024 * 1024));
  t.is(refused?.code, status.UNAUTHENTICATED);
  t.regex(refused?.details ?? '', /cannot be read/);
});

test('one connection has no more than 100 calls open at once', async (t) => {
  const connection = http2.connect(`https://127.0.0.1:${fixture.dispatch.port}`, {
    ca: fixture.identity.authority.certificate,
    servername: controllerServerName,
  });
  t.teardown(() => connection.destroy());
  const [settings] = (await once(connection, 'remoteSettings')) as [http2.Settings];
  t.is(settings.maxConcurrentStreams, 100);
});

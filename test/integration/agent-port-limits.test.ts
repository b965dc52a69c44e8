/** How much of whoever reaches the agents' port is heard, over real TLS. */
import { status, type ServiceError } from '@grpc/grpc-js';
import { agentProtocol, controllerServerName, newId } from '@mini-ecs/shared';
import test from 'ava';
import { once } from 'node:events';
import http2 from 'node:http2';
import { cluster, startDispatchFixture, type DispatchFixture } from '../support/dispatch-fixture.ts';
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

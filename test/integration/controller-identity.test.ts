/** Whole controllers and agents: one authority for all of a store's controllers, over restarts of both sides, and TLS for the API. */
import {
  CreateClusterCommand,
  DeregisterContainerInstanceCommand,
  ListClustersCommand,
  ListContainerInstancesCommand,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
  StopTaskCommand,
} from '@aws-sdk/client-ecs';
import {
  loadAgentConfig,
  MemoryCertificateStore,
  MemoryStateStore,
  SimulatedRuntime,
  startAgent,
  type Agent,
} from '@mini-ecs/agent';
import { loadControllerConfig, startController, type RunningController } from '@mini-ecs/controller';
import { newId, silentLogger, type Logger } from '@mini-ecs/shared';
import test, { type ExecutionContext } from 'ava';
import { Redis } from 'ioredis';
import { createEcsClient, createJoinToken, listCertificates, revokeCertificate, type ClientSettings } from 'mini-ecs';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openSealer } from '../../packages/controller/src/identity/sealed-secrets.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-ports.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';

let redis: TestRedis;
/** Has the secret.key that the store's authority is sealed under. */
let keyFolder: string;
test.before(async () => {
  redis = await startTestRedis();
  keyFolder = await mkdtemp(path.join(tmpdir(), 'mini-ecs-key-'));
  await openSealer(keyFolder);
});
test.after.always(async () => {
  await redis?.stop();
  await rm(keyFolder, { recursive: true });
});

const accessKey = { accessKeyId: 'MECSTEST', secretAccessKey: 'a-secret-for-tests' };

async function aFolder(t: ExecutionContext, { withKey = true } = {}): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mini-ecs-whole-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  if (withKey) await giveKey(folder);
  return folder;
}

const giveKey = (folder: string) => cp(path.join(keyFolder, 'secret.key'), path.join(folder, 'secret.key'));

async function aController(t: ExecutionContext, dataDir: string, flags: Record<string, string> = {}): Promise<RunningController> {
  const config = loadControllerConfig({
    env: {},
    flags: {
      dataDir,
      redisUrl: redis.socket,
      apiPort: '0',
      agentPort: '0',
      bootstrapAccessKey: `${accessKey.accessKeyId}:${accessKey.secretAccessKey}`,
      ...flags,
    },
  });
  const controller = await startController(config, silentLogger);
  t.teardown(() => controller.close());
  return controller;
}

const settingsOf = ({ apiUrl }: RunningController): ClientSettings => ({ endpoint: apiUrl, region: 'us-east-1', ...accessKey });

/** A cluster of its own for each test: they share the store. */
async function aCluster(controller: RunningController): Promise<string> {
  const clusterName = `c${newId()}`;
  const client = createEcsClient(settingsOf(controller));
  await client.send(new CreateClusterCommand({ clusterName }));
  client.destroy();
  return clusterName;
}

async function connected(controller: RunningController, cluster: string): Promise<string[]> {
  const client = createEcsClient(settingsOf(controller));
  const { containerInstanceArns = [] } = await client.send(
    new ListContainerInstancesCommand({ cluster, filter: 'agentConnected == true' }),
  );
  client.destroy();
  return containerInstanceArns.map((arn) => arn.split('/').at(-1) ?? '');
}

const aHost = () => ({ stateStore: new MemoryStateStore(), certificateStore: new MemoryCertificateStore() });

async function runTask(controller: RunningController, cluster: string): Promise<string> {
  const client = createEcsClient(settingsOf(controller));
  const containerDefinitions = [{ name: 'main', image: 'busybox', memory: 64 }];
  await client.send(new RegisterTaskDefinitionCommand({ family: cluster, containerDefinitions }));
  const { tasks = [] } = await client.send(new RunTaskCommand({ cluster, taskDefinition: cluster }));
  client.destroy();
  return tasks[0]?.taskArn ?? '';
}

async function stopTask(controller: RunningController, cluster: string, task: string): Promise<void> {
  const client = createEcsClient(settingsOf(controller));
  await client.send(new StopTaskCommand({ cluster, task }));
  client.destroy();
}

/** A log of which only the reasons are heard that are told as errors. */
function hearing(hear: (reason: string) => void): Logger {
  const log = Object.create(silentLogger) as Logger;
  const error = ({ reason = '' }: { reason?: string }): void => hear(reason);
  return Object.assign(log, { error, child: () => log });
}

async function anAgent(
  t: ExecutionContext,
  host: ReturnType<typeof aHost> & { runtime?: SimulatedRuntime; log?: Logger },
  env: { controllers: readonly number[]; cluster: string; joinToken?: string },
): Promise<Agent> {
  const config = loadAgentConfig({
    MINI_ECS_CONTROLLER: env.controllers.map((port) => `127.0.0.1:${port}`).join(','),
    MINI_ECS_CLUSTER: env.cluster,
    MINI_ECS_JOIN_TOKEN: env.joinToken,
  });
  const agent = await startAgent(config, { runtime: new SimulatedRuntime({}), log: silentLogger, ...host });
  t.teardown(() => agent.stop());
  return agent;
}

const isConnected = (controller: RunningController, cluster: string, { instanceId }: Agent) =>
  eventually(async () => (await connected(controller, cluster)).includes(instanceId), {
    describe: () => `${instanceId} has no session`,
  });

test('controllers of one store are one authority: who joined by one has sessions with another', async (t) => {
  const [folder, otherFolder] = [await aFolder(t), await aFolder(t, { withKey: false })];
  const [first, second] = await Promise.all([aController(t, folder), aController(t, folder)]);
  t.is(await readFile(path.join(folder, 'ca.pem'), 'utf8').then((pem) => pem.includes('BEGIN CERTIFICATE')), true);
  const cluster = await aCluster(first);
  const { token } = await createJoinToken(settingsOf(second), { cluster });
  const agent = await anAgent(t, aHost(), { controllers: [first.agentPort, second.agentPort], cluster, joinToken: token });
  await isConnected(first, cluster, agent);
  await first.close();
  await isConnected(second, cluster, agent);
  await t.throwsAsync(aController(t, otherFolder), { code: 'SECRET_KEY', message: /Copy secret\.key/ });
  await giveKey(otherFolder);
  await second.close();
  const third = await aController(t, otherFolder, { agentPort: String(second.agentPort) });
  await isConnected(third, cluster, agent);
});

test('after a restart of both sides the certificate still serves', async (t) => {
  const folder = await aFolder(t);
  const agentPort = String(await freePort());
  const before = await aController(t, folder, { agentPort });
  const cluster = await aCluster(before);
  const { token } = await createJoinToken(settingsOf(before), { cluster });
  const host = aHost();
  const agent = await anAgent(t, host, { controllers: [before.agentPort], cluster, joinToken: token });
  await isConnected(before, cluster, agent);
  await agent.stop();
  await before.close();
  const after = await aController(t, folder, { agentPort });
  const again = await anAgent(t, host, { controllers: [after.agentPort], cluster });
  t.is(again.instanceId, agent.instanceId);
  await isConnected(after, cluster, again);
});

/** Another Redis with all that a Redis holds now, as a backup of it would. */
async function aCopy(t: ExecutionContext, original: TestRedis): Promise<TestRedis> {
  const copy = await startTestRedis();
  t.teardown(() => copy.stop());
  const [from, to] = [new Redis(original.socket), new Redis(copy.socket)];
  for (const key of await from.keys('*')) {
    const [dump, ttl] = await Promise.all([from.dumpBuffer(key), from.pttl(key)]);
    if (dump) await to.restore(key, Math.max(0, ttl), dump);
  }
  from.disconnect();
  to.disconnect();
  return copy;
}

test('after --restored agents follow the new epoch, and a controller on a copy of before stops nothing of theirs', async (t) => {
  const own = await startTestRedis();
  t.teardown(() => own.stop());
  const folder = await aFolder(t);
  const agentPort = String(await freePort());
  const before = await aController(t, folder, { agentPort, redisUrl: own.socket });
  const cluster = await aCluster(before);
  const { token } = await createJoinToken(settingsOf(before), { cluster });
  const refusals: string[] = [];
  const host = { ...aHost(), runtime: new SimulatedRuntime({}), log: hearing((reason) => refusals.push(reason)) };
  const agent = await anAgent(t, host, { controllers: [before.agentPort], cluster, joinToken: token });
  await isConnected(before, cluster, agent);
  const taskArn = await runTask(before, cluster);
  const running = async () => (await host.runtime.list()).filter(({ state }) => state === 'running').length;
  await eventually(async () => (await running()) === 1);
  await before.close();
  const copy = await aCopy(t, own);

  const restored = await aController(t, folder, { agentPort, redisUrl: own.socket, restored: 'true' });
  await isConnected(restored, cluster, agent);
  await eventually(async () => ((await host.stateStore.load())?.storeEpoch ?? 0) > 1);
  await restored.close();

  const older = await aController(t, folder, { agentPort, redisUrl: copy.socket });
  await stopTask(older, cluster, taskArn);
  await eventually(() => refusals.some((reason) => reason.startsWith('OLDER_EPOCH')), { withinMs: 30_000 });
  t.is(await running(), 1);
  await older.close();

  const again = await aController(t, folder, { agentPort, redisUrl: own.socket });
  await eventually(async () => (await connected(again, cluster)).includes(agent.instanceId), { withinMs: 30_000 });
  t.is(await running(), 1);
});

test('revoked by an operator an agent is out at once, and back with a token made for it', async (t) => {
  const controller = await aController(t, await aFolder(t));
  const cluster = await aCluster(controller);
  const settings = settingsOf(controller);
  const host = aHost();
  const where = { controllers: [controller.agentPort], cluster };
  const agent = await anAgent(t, host, { ...where, joinToken: (await createJoinToken(settings, { cluster })).token });
  await isConnected(controller, cluster, agent);
  const [certificate] = await listCertificates(settings, cluster);
  t.like(certificate, { instance: agent.instanceId, status: 'VALID' });
  t.like(await revokeCertificate(settings, cluster, certificate?.serial ?? ''), {
    instance: agent.instanceId,
    status: 'REVOKED',
  });
  await eventually(async () => (await connected(controller, cluster)).length === 0, { withinMs: 15_000 });
  await agent.stop();
  const { token } = await createJoinToken(settings, { cluster, instance: agent.instanceId });
  const back = await anAgent(t, host, { ...where, joinToken: token });
  t.is(back.instanceId, agent.instanceId);
  await eventually(async () => (await connected(controller, cluster)).includes(back.instanceId), { withinMs: 30_000 });
});

test('deregistering an instance revokes its certificate', async (t) => {
  const controller = await aController(t, await aFolder(t));
  const cluster = await aCluster(controller);
  const settings = settingsOf(controller);
  const { token } = await createJoinToken(settings, { cluster });
  const agent = await anAgent(t, aHost(), { controllers: [controller.agentPort], cluster, joinToken: token });
  await isConnected(controller, cluster, agent);
  const client = createEcsClient(settings);
  await client.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance: agent.instanceId }));
  client.destroy();
  t.like((await listCertificates(settings, cluster))[0], { instance: agent.instanceId, status: 'REVOKED' });
});

test('beyond loopback the API speaks TLS only, with a certificate that ca.pem vouches for', async (t) => {
  const folder = await aFolder(t);
  const controller = await aController(t, folder, { apiHost: '0.0.0.0' });
  t.is(controller.apiUrl, `https://localhost:${controller.apiPort}`);
  const ca = await readFile(path.join(folder, 'ca.pem'), 'utf8');
  const health = (host: string, trusted?: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host, port: controller.apiPort, path: '/-/health', ca: trusted }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  t.is(await health('localhost', ca), 200);
  t.is(await health('127.0.0.1', ca), 200);
  await t.throwsAsync(health('localhost'), { message: /certificate/ });
  await t.throwsAsync(fetch(`http://127.0.0.1:${controller.apiPort}/-/health`));
  const client = createEcsClient({ ...settingsOf(controller), authorityFile: path.join(folder, 'ca.pem') });
  t.truthy((await client.send(new ListClustersCommand({}))).clusterArns);
  client.destroy();
});

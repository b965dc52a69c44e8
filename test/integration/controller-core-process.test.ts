/** A whole controller with its own Redis: started, killed, started again, closed. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateClusterCommand, ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import test from 'ava';
import { Redis } from 'ioredis';
import { eventually } from '../support/eventually.ts';

interface Started {
  child: ChildProcess;
  client: ECSClient;
  apiUrl: string;
  startedInMs: number;
}

type Teardown = { teardown(fn: () => Promise<void>): void };

async function aDataDir(t: Teardown): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'mecs-'));
  t.teardown(async () => {
    await withRedis(dataDir, (redis) => redis.shutdown()).catch(() => undefined);
    await rm(dataDir, { recursive: true, force: true });
  });
  return dataDir;
}

async function startProcess(t: Teardown, dataDir: string): Promise<Started> {
  const child = fork(fileURLToPath(new URL('../support/controller-process.ts', import.meta.url)), [dataDir], { execArgv: [] });
  t.teardown(async () => void child.kill('SIGKILL'));
  const [{ apiUrl, startedInMs }] = (await once(child, 'message')) as [{ apiUrl: string; startedInMs: number }];
  const { accessKeyId, secretAccessKey } = JSON.parse(await readFile(join(dataDir, 'credentials.json'), 'utf8'));
  const client = new ECSClient({ endpoint: apiUrl, region: 'us-east-1', credentials: { accessKeyId, secretAccessKey } });
  return { child, client, apiUrl, startedInMs };
}

async function withRedis<T>(dataDir: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis({ path: join(dataDir, 'redis', 'redis.sock'), retryStrategy: () => null, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}

const redisPid = (dataDir: string): Promise<number> =>
  withRedis(dataDir, async (redis) => Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]));

/** One that has ended and that nobody has waited for (in a container without an init) is not alive. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

const clusters = async ({ client }: Started): Promise<string[]> =>
  ((await client.send(new ListClustersCommand({}))).clusterArns ?? []).map((arn) => arn.split('/')[1] ?? '');

test.serial('a controller is ready in a moment, and takes its Redis with it when it is told to stop', async (t) => {
  const dataDir = await aDataDir(t);
  const controller = await startProcess(t, dataDir);
  t.log(`ready after ${Math.round(controller.startedInMs)} ms`);
  t.true(controller.startedInMs < 30_000); // about 0.4 s on an idle machine
  const pid = await redisPid(dataDir);
  controller.child.kill('SIGTERM');
  t.deepEqual(await once(controller.child, 'exit'), [0, null]);
  await eventually(() => !isAlive(pid));
});

test('a controller killed with -9 leaves its Redis, and the next one goes on with it', async (t) => {
  const dataDir = await aDataDir(t);
  const first = await startProcess(t, dataDir);
  await first.client.send(new CreateClusterCommand({ clusterName: 'blue' }));
  const pid = await redisPid(dataDir);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  t.true(isAlive(pid));
  const second = await startProcess(t, dataDir);
  t.is(await redisPid(dataDir), pid);
  t.deepEqual(await clusters(second), ['blue']);
});

test('its Redis killed with -9 is back within a moment, with all that was acknowledged', async (t) => {
  const dataDir = await aDataDir(t);
  const controller = await startProcess(t, dataDir);
  await controller.client.send(new CreateClusterCommand({ clusterName: 'blue' }));
  const pid = await redisPid(dataDir);
  process.kill(pid, 'SIGKILL');
  const killed = performance.now();
  await eventually(async () => (await clusters(controller).catch((): string[] => [])).includes('blue'));
  t.log(`answers again after ${Math.round(performance.now() - killed)} ms`);
  await controller.client.send(new CreateClusterCommand({ clusterName: 'green' }));
  t.deepEqual((await clusters(controller)).sort(), ['blue', 'green']);
});

test('two controllers on one data directory share one Redis, which stays until the last of them stops', async (t) => {
  const dataDir = await aDataDir(t);
  const [one, two] = await Promise.all([startProcess(t, dataDir), startProcess(t, dataDir)]);
  await one.client.send(new CreateClusterCommand({ clusterName: 'blue' }));
  t.deepEqual(await clusters(two), ['blue']);
  const pid = await redisPid(dataDir);
  one.child.kill('SIGTERM');
  await once(one.child, 'exit');
  t.deepEqual(await clusters(two), ['blue']);
  two.child.kill('SIGTERM');
  await once(two.child, 'exit');
  await eventually(() => !isAlive(pid));
});

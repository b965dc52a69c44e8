import test from 'ava';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startRedisServer } from './redis-server-process.ts';

test('a Redis whose log was removed ends like any other, with what is left to tell', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'mecs-redis-'));
  t.teardown(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  const server = startRedisServer(directory);
  await rm(join(directory, 'redis.log'));
  server.terminate();
  for (const deadline = performance.now() + 10_000; !server.ended() && performance.now() < deadline;) await pause(20);
  const end = server.ended();
  t.true(end && !end.taken && /redis\.log/.test(end.reason), JSON.stringify(end));
});

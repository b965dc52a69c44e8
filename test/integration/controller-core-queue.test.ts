/** The work queue on a real Redis: coalescing, timers, failures, a worker that dies, a Redis that goes away. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { newId, silentLogger, systemClock } from '@mini-ecs/shared';
import test from 'ava';
import { WorkQueue } from '../../packages/controller/src/queue/work-queue.ts';
import { workKey, type Work } from '../../packages/controller/src/queue/work.ts';
import { redisOptions } from '../../packages/controller/src/store/redis-connection.ts';
import { eventually } from '../support/eventually.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { openSilentLink } from '../support/silent-link.ts';

let redis: TestRedis;
test.before(async () => {
  redis = await startTestRedis();
});
test.after.always(() => redis.stop());

type Teardown = { teardown(fn: () => Promise<void>): void };

function aQueue(t: Teardown, prefix = `{test-${newId()}}`, url = redis.url): WorkQueue {
  const queue = new WorkQueue({ redis: redisOptions(url), log: silentLogger, clock: systemClock, prefix });
  t.teardown(() => queue.close());
  return queue;
}

const service = (name: string): Work => ({ kind: 'service', cluster: 'default', service: name });
const placement: Work = { kind: 'placement', cluster: 'default' };

/** A handler whose looks end when told. */
function heldHandler() {
  const started: string[] = [];
  const release: (() => void)[] = [];
  const handle = (work: Work): Promise<void> => {
    started.push(workKey(work));
    return new Promise((resolve) => release.push(resolve));
  };
  return { started, release, handle };
}

test('a thousand hints of one key become few looks, never two at once, and none after the last hint is missing', async (t) => {
  const queue = aQueue(t);
  let hinted = 0;
  let seen = 0;
  let looks = 0;
  let active = 0;
  let mostActive = 0;
  queue.work(async () => {
    active += 1;
    mostActive = Math.max(mostActive, active);
    looks += 1;
    const now = hinted;
    await new Promise((resolve) => setTimeout(resolve, 5));
    seen = now;
    active -= 1;
  });
  for (let i = 0; i < 1_000; i += 1) {
    hinted += 1;
    queue.add([service('web')]);
    if (i % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await eventually(() => seen === 1_000);
  t.is(mostActive, 1);
  t.true(looks < 200, `${looks} looks`);
});

test('a hint that comes while its key is looked at leads to one more look', async (t) => {
  const queue = aQueue(t);
  const { started, release, handle } = heldHandler();
  queue.work(handle);
  queue.add([service('web')]);
  await eventually(() => started.length === 1);
  for (let i = 0; i < 10; i += 1) queue.add([service('web')]);
  // Others go on meanwhile.
  queue.add([service('api'), placement]);
  await eventually(() => started.length === 3);
  t.deepEqual(started.slice(1).sort(), ['default', 'default/api']);
  for (const end of release) end();
  await eventually(() => started.length === 4);
  t.is(started[3], 'default/web');
  release[3]!();
});

test('a timer adds its work when it is due, and a newer time replaces it', async (t) => {
  const queue = aQueue(t);
  const looks: number[] = [];
  queue.work(async () => void looks.push(Date.now()));
  const start = Date.now();
  queue.lookAgainAt(service('web'), start + 60_000);
  queue.lookAgainAt(service('web'), start + 300);
  await eventually(() => looks.length === 1);
  t.true(looks[0]! >= start + 290, `after ${looks[0]! - start} ms`);
  t.log(`due after 300 ms, looked at after ${looks[0]! - start} ms`);
  const again = Date.now();
  queue.lookAgainAt(service('web'), again + 50);
  await eventually(() => looks.length === 2);
  t.log(`due after 50 ms, looked at after ${looks[1]! - again} ms`);
});

test('a timer swallows no hint of the same key', async (t) => {
  const queue = aQueue(t);
  let looks = 0;
  queue.work(async () => void (looks += 1));
  queue.lookAgainAt(service('web'), Date.now() + 60_000);
  queue.add([service('web')]);
  await eventually(() => looks === 1);
  t.pass();
});

test('a look that fails is tried again, and hints of its key are not held up by that', async (t) => {
  const queue = aQueue(t);
  const looks: number[] = [];
  queue.work(async () => {
    looks.push(performance.now());
    if (looks.length <= 2) throw new Error('as told');
  });
  queue.add([service('web')]);
  await eventually(() => looks.length === 1);
  queue.add([service('web')]);
  await eventually(() => looks.length === 3);
  const [first = 0, hinted = 0, repeated = 0] = looks;
  t.true(repeated - hinted > 900, 'after a pause');
  t.true(hinted - first < repeated - hinted, `its hint waited for ${Math.round(hinted - first)} ms`);
});

test('what is added while Redis is away is queued when it is back', async (t) => {
  const own = await startTestRedis();
  t.teardown(() => own.stop());
  const queue = aQueue(t, '{away}', own.url);
  const looks: string[] = [];
  queue.work(async (work) => void looks.push(workKey(work)));
  queue.add([service('first')]);
  await eventually(() => looks.length === 1);
  await own.kill();
  queue.add([service('web'), placement]);
  queue.lookAgainAt(service('later'), Date.now() + 100);
  await own.start();
  await eventually(() => looks.length === 4);
  t.deepEqual(looks.slice(1).sort(), ['default', 'default/later', 'default/web']);
});

test('what is added while Redis has vanished without a word is queued when it is there again', async (t) => {
  const prefix = `{test-${newId()}}`;
  const link = await openSilentLink(`${redis.socket}-${newId()}`, redis.socket);
  t.teardown(() => link.close());
  const queue = new WorkQueue({
    redis: redisOptions(link.socket),
    log: silentLogger,
    clock: systemClock,
    prefix,
    silenceMs: 2_000,
  });
  t.teardown(() => queue.close());
  const looks: string[] = [];
  aQueue(t, prefix).work(async (work) => void looks.push(workKey(work)));
  queue.add([service('first')]);
  await eventually(() => looks.length === 1);
  link.vanish();
  queue.add([service('web')]);
  queue.lookAgainAt(service('later'), Date.now() + 100);
  // A key whose hint was sent twice is looked at twice.
  await eventually(() => ['default/later', 'default/web'].every((key) => looks.includes(key)));
  t.pass();
});

async function hangingWorker(prefix: string): Promise<ChildProcess> {
  const child = fork(fileURLToPath(new URL('../support/hanging-worker.ts', import.meta.url)), [redis.url, prefix], {
    execArgv: [],
  });
  await once(child, 'message'); // it has taken the job
  return child;
}

test('the job of a worker killed with -9, and the hint behind it, are another worker’s within seconds', async (t) => {
  const prefix = `{test-${newId()}}`;
  const queue = aQueue(t, prefix);
  queue.add([service('web')]);
  const child = await hangingWorker(prefix);
  queue.add([service('web')]); // behind the active one
  const looks: string[] = [];
  queue.work(async (work) => void looks.push(workKey(work)));
  const killed = performance.now();
  child.kill('SIGKILL');
  await eventually(() => looks.length >= 1);
  t.log(`taken over after ${Math.round(performance.now() - killed)} ms`);
  await eventually(() => looks.length === 2);
  t.true(performance.now() - killed < 30_000);
});

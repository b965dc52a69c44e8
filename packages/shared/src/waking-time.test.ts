import test from 'ava';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { afterWakingTime, withinWakingTime } from './waking-time.ts';

const standStill = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

test('a wait is over after its time, and not before', async (t) => {
  const began = performance.now();
  await new Promise<void>((resolve) => void afterWakingTime(50, resolve));
  t.true(performance.now() - began >= 45);
});

test('a standstill of the process is not the silence of somebody else', async (t) => {
  let isOver = false;
  const over = new Promise<void>((resolve) => {
    afterWakingTime(200, () => {
      isOver = true;
      resolve();
    });
  });
  for (let standstills = 0; standstills < 3; standstills += 1) {
    standStill(300);
    await turn();
    t.false(isOver, `after ${standstills + 1} of them what lies in the sockets can be read`);
  }
  await over;
});

test('work that is done in time has its own outcome, work that is not the one it is given', async (t) => {
  const whenOver = (): Error => new Error('too late');
  t.is(await withinWakingTime(1_000, Promise.resolve('done'), whenOver), 'done');
  await t.throwsAsync(withinWakingTime(1_000, Promise.reject(new Error('its own')), whenOver), { message: 'its own' });
  await t.throwsAsync(withinWakingTime(10, new Promise(() => undefined), whenOver), { message: 'too late' });
});

test('a wait that was taken back never ends', async (t) => {
  const cancel = afterWakingTime(20, () => t.fail('it ended'));
  await pause(10);
  cancel();
  cancel();
  await pause(60);
  t.pass();
});

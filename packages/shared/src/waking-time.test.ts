import test from 'ava';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { afterWakingTime } from './waking-time.ts';

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

test('a wait that was taken back never ends', async (t) => {
  const cancel = afterWakingTime(20, () => t.fail('it ended'));
  await pause(10);
  cancel();
  cancel();
  await pause(60);
  t.pass();
});

import test from 'ava';
import { VirtualTimers } from '../virtual-timers.ts';
import { Heartbeats } from './heartbeats.ts';

function start() {
  const timers = new VirtualTimers();
  const began = timers.now();
  const sentAt: number[] = [];
  let silentAt: number | undefined;
  let clockOffset = 0;
  const heartbeats: Heartbeats = new Heartbeats({
    timers: { now: () => timers.now() + clockOffset, after: (delayMs, action) => timers.after(delayMs, action) },
    periodMs: 1_000,
    silenceMs: 2_000,
    send: () => sentAt.push(timers.now() - began),
    onSilence: () => {
      silentAt = timers.now() - began;
      heartbeats.close();
    },
  });
  const answer = (): void => {
    heartbeats.heard();
    heartbeats.acknowledged(sentAt.length);
  };
  const setClockBack = (ms: number): void => void (clockOffset -= ms);
  return { timers, heartbeats, sentAt, answer, setClockBack, silentAt: () => silentAt };
}

test('a session in which nothing happens has a heartbeat a period', async (t) => {
  const { timers, sentAt, answer, silentAt } = start();
  for (let second = 0; second < 3; second += 1) {
    answer();
    await timers.advance(1_000);
  }
  t.deepEqual(sentAt, [0, 1_000, 2_000, 3_000]);
  t.is(silentAt(), undefined);
});

test('while both sides speak there is none, and then within a period of the last word', async (t) => {
  const { timers, heartbeats, sentAt, answer } = start();
  answer();
  for (let i = 0; i < 9; i += 1) {
    await timers.advance(500);
    heartbeats.sent();
    heartbeats.heard();
  }
  t.deepEqual(sentAt, [0]);
  await timers.advance(1_500);
  t.deepEqual(sentAt, [0, 5_500]);
});

test('an agent that speaks and hears nothing asks, and gives the controller up', async (t) => {
  const { timers, heartbeats, sentAt, answer, silentAt } = start();
  answer();
  for (let i = 0; i < 10; i += 1) {
    await timers.advance(400);
    heartbeats.sent();
  }
  t.deepEqual(sentAt.slice(0, 2), [0, 1_000]);
  t.is(silentAt(), 3_000);
});

test('a host whose clock is set back goes on proving that it lives', async (t) => {
  const { timers, sentAt, answer, setClockBack, silentAt } = start();
  answer();
  await timers.advance(500);
  setClockBack(3_600_000);
  for (let second = 0; second < 5; second += 1) {
    await timers.advance(1_000);
    answer();
  }
  t.is(sentAt.length, 6);
  t.is(silentAt(), undefined);
});

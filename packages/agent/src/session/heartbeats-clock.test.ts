import test from 'ava';
import { VirtualTimers } from '../virtual-timers.ts';
import { Heartbeats } from './heartbeats.ts';

test('a host whose clock is set back goes on proving that it lives', async (t) => {
  const timers = new VirtualTimers();
  let offset = 0;
  const sent: number[] = [];
  const heartbeats = new Heartbeats({
    timers: { now: () => timers.now() + offset, after: (delayMs, action) => timers.after(delayMs, action) },
    periodMs: 1_000,
    silenceMs: 2_500,
    send: (sequence) => {
      sent.push(sequence);
      heartbeatsAnswered(sequence);
    },
    onSilence: () => t.fail('every heartbeat was answered'),
  });
  function heartbeatsAnswered(sequence: number): void {
    queueMicrotask(() => {
      heartbeats.heard();
      heartbeats.acknowledged(sequence);
    });
  }
  await timers.advance(1_500);
  offset = -3_600_000;
  await timers.advance(10_000);
  t.true(sent.length >= 10, `${sent.length} heartbeats in 11.5 s`);
  heartbeats.close();
});

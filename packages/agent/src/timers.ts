import { systemClock, type Clock } from '@mini-ecs/shared';

/** Takes back an action that was put off; harmless afterwards. */
export type Cancel = () => void;

/** The clock and the only timers of the agent, so that a fleet can live on virtual time. */
export interface Timers extends Clock {
  after(delayMs: number, action: () => void): Cancel;
}

/** The longest delay that setTimeout understands, about 24.8 days. */
const longestDelay = 0x7fff_ffff;

export const systemTimers: Timers = {
  now: () => systemClock.now(),
  after(delayMs, action) {
    const timeout = setTimeout(action, Math.min(Math.max(delayMs, 0), longestDelay));
    return () => clearTimeout(timeout);
  },
};

/** Resolves after the delay; rejects with the signal's reason when that comes first. */
export function pause(timers: Timers, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = (): void => {
      cancel();
      reject(signal?.reason);
    };
    const cancel = timers.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The call's outcome, or a rejection with `onTimeout()` when it takes longer. The call itself goes on, unheard. */
export function withTimeout<T>(timers: Timers, timeoutMs: number, call: Promise<T>, onTimeout: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = timers.after(timeoutMs, () => reject(onTimeout()));
    call.then(resolve, reject).finally(cancel);
  });
}

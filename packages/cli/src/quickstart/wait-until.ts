import { setTimeout as delay } from 'node:timers/promises';

export interface Waiting {
  timeoutMs: number;
  intervalMs?: number;
  /** Ends the waiting with its reason. */
  signal?: AbortSignal;
  /** Why there is nothing to wait for any more. */
  hopeless?: () => string | undefined;
}

/**
 * Asks until the answer is not undefined, and gives it. An answer that throws counts as "not yet"; when the time is up,
 * the last such error is thrown, or one that says what was waited for.
 */
export async function waitUntil<T>(what: string, ask: () => Promise<T | undefined>, waiting: Waiting): Promise<T> {
  const { timeoutMs, intervalMs = 100, signal, hopeless } = waiting;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const reason = hopeless?.();
    if (reason) throw new Error(reason);
    let failure: unknown;
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (error) {
      failure = error;
    }
    if (performance.now() > deadline) throw failure ?? new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await delay(intervalMs);
  }
}

import { RuntimeError } from '../runtime/container-runtime.ts';
import { pause, withTimeout, type Timers } from '../timers.ts';

const firstDelayMs = 100;
const lastDelayMs = 5_000;

export interface RetryOptions {
  timers: Timers;
  /** Of one attempt. */
  timeoutMs: number;
  /** Ends the waiting between attempts. */
  signal: AbortSignal;
  /** Where an attempt waits for its turn; the timeout counts from there. */
  turn?: <T>(attempt: () => Promise<T>) => Promise<T>;
  /** Told of the first attempt that found the engine away. */
  onAway?: (error: RuntimeError) => void;
}

/**
 * Calls until the engine answers: an engine that is away is no reason to fail a task. `attempt` counts from 0.
 * Rejects with what the engine refuses, or with the signal's reason.
 */
export async function retryWhileUnreachable<T>(options: RetryOptions, call: (attempt: number) => Promise<T>): Promise<T> {
  const { timers, timeoutMs, signal, turn = (attempt) => attempt() } = options;
  const onTimeout = (): Error => new RuntimeError('unreachable', `No answer within ${timeoutMs} ms`);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await turn(() => {
        signal.throwIfAborted();
        return withTimeout(timers, timeoutMs, call(attempt), onTimeout);
      });
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.code !== 'unreachable') throw error;
      if (attempt === 0) options.onAway?.(error);
    }
    await pause(timers, Math.min(firstDelayMs * 2 ** attempt, lastDelayMs), signal);
  }
}

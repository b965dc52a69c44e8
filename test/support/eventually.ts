/** Waits for something to become so: no sleeps in tests, and a failure says what was there instead. */
import { setTimeout as pause } from 'node:timers/promises';

export interface EventuallyOptions {
  /** @default 30000 */
  withinMs?: number;
  /** What to tell when the time is over. */
  describe?: () => string;
}

/** The first answer that is neither undefined nor false. Throws after `withinMs`. */
export async function eventually<T>(
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  { withinMs = 30_000, describe = () => 'it did not become so' }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`within ${withinMs} ms: ${describe()}`);
    await pause(5);
  }
}

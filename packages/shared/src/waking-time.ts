/** Into how many timers a wait is cut: the longest standstill then counts for so small a part of it. */
const parts = 5;

/**
 * Does it once this process has been awake for `ms`. A standstill of its own (starved, stopped, its machine asleep) is no silence of
 * whoever it waits for: the answer may lie in the socket, and is read before the next part of the wait is over.
 * Returns what takes it back, harmless afterwards.
 */
export function afterWakingTime(ms: number, action: () => void): () => void {
  let left = parts;
  const next = (): NodeJS.Timeout =>
    setTimeout(() => {
      left -= 1;
      if (left === 0) action();
      else timer = next();
    }, ms / parts);
  let timer = next();
  return () => clearTimeout(timer);
}

/** The outcome of `work`, or a rejection with `whenOver()` after `ms` of waking time. The work itself goes on, unheard. */
export async function withinWakingTime<T>(ms: number, work: Promise<T>, whenOver: () => Error): Promise<T> {
  let cancel = (): void => undefined;
  const over = new Promise<never>((_, reject) => {
    cancel = afterWakingTime(ms, () => reject(whenOver()));
  });
  try {
    return await Promise.race([work, over]);
  } finally {
    cancel();
  }
}

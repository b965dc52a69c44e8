/** Work that is done again and again: never two rounds at once, and an error ends a round, not the work. */
export interface Periodic {
  /** Resolves when no round is running any more. */
  stop(): Promise<void>;
}

/** The first round starts after `periodMs`. */
export function every(periodMs: number, round: () => void | Promise<void>, onError: (error: unknown) => void): Periodic {
  let timer: NodeJS.Timeout;
  let running: Promise<void> | undefined;
  let isStopped = false;
  const run = async (): Promise<void> => {
    const startedAt = performance.now();
    try {
      await round();
    } catch (error) {
      onError(error);
    }
    running = undefined;
    if (!isStopped) wait(Math.max(0, periodMs - (performance.now() - startedAt)));
  };
  const wait = (ms: number): void => {
    timer = setTimeout(() => {
      running = run();
    }, ms);
  };
  wait(periodMs);
  return {
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

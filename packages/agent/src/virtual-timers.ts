import type { Timers } from './timers.ts';

interface Planned {
  at: number;
  order: number;
  action: () => void;
}

/** Time that passes only when it is told to: for simulations and tests. */
export class VirtualTimers implements Timers {
  #now: number;
  #order = 0;
  readonly #planned = new Set<Planned>();

  /** `start`: ms since the epoch */
  constructor(start = 1_700_000_000_000) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    this.#order += 1;
    const planned = { at: this.#now + Math.max(delayMs, 0), order: this.#order, action };
    this.#planned.add(planned);
    return () => void this.#planned.delete(planned);
  }

  /** Lets so much time pass: what is due runs in its order, with everything that follows from it before the next. */
  async advance(durationMs: number): Promise<void> {
    const end = this.#now + durationMs;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#planned.delete(next);
      this.#now = next.at;
      next.action();
      await settle();
    }
    this.#now = end;
  }

  #next(end: number): Planned | undefined {
    let first: Planned | undefined;
    for (const each of this.#planned) {
      if (each.at > end || (first && (each.at > first.at || (each.at === first.at && each.order > first.order)))) continue;
      first = each;
    }
    return first;
  }
}

/** Until no promise is left that another one waits for. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

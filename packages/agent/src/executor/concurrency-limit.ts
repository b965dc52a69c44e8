/**
 * At most so many calls at once, those that finish a task before those that begin one: of sixty tasks that
 * arrive together the first then runs long before the last is created.
 */
export class ConcurrencyLimit {
  #free: number;
  readonly #waiting: Record<'urgent' | 'normal', (() => void)[]> = { urgent: [], normal: [] };

  constructor(limit: number) {
    this.#free = limit;
  }

  async run<T>(priority: 'urgent' | 'normal', call: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting[priority].push(resolve));
    try {
      return await call();
    } finally {
      const next = this.#waiting.urgent.shift() ?? this.#waiting.normal.shift();
      if (next) next();
      else this.#free += 1;
    }
  }
}

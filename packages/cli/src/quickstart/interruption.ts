/** Ctrl-C, `kill` and a closed terminal, as a signal that what is under way looks at. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export class Interruption {
  readonly signal: AbortSignal;
  /** Settles when it happened. */
  readonly happened: Promise<void>;
  readonly #listener: () => void;
  /** Keeps the process alive while nothing else does. */
  readonly #alive = setInterval(() => undefined, 60_000);

  constructor() {
    const controller = new AbortController();
    this.signal = controller.signal;
    this.happened = new Promise((resolve) => this.signal.addEventListener('abort', () => resolve(), { once: true }));
    this.#listener = () => controller.abort(new Interrupted('interrupted'));
    for (const name of signals) process.on(name, this.#listener);
  }

  /** From here on the signals have their usual effect again. */
  end(): void {
    clearInterval(this.#alive);
    for (const name of signals) process.off(name, this.#listener);
  }
}

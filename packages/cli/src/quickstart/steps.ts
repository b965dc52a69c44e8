/** Progress that a person can follow: a line a step, with its seconds once it is done. */
import { messageOf } from '../failure.ts';
import { Interrupted } from './interruption.ts';

/** A step that did not work out; `advice` says what to do about it. */
export class StepFailed extends Error {
  override readonly name = 'StepFailed';
  readonly advice: string;

  constructor(title: string, cause: unknown, advice: string) {
    super(`${title}: ${messageOf(cause)}`, { cause });
    this.advice = advice;
  }
}

export class Steps {
  readonly #out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  async run<T>(title: string, advice: string, action: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
    // A terminal shows the step under way and then overwrites it; elsewhere the two are lines of their own.
    this.#out.write(this.#out.isTTY ? `  …  ${title}` : `  …  ${title}\n`);
    try {
      const result = await action();
      this.#finish(`  ok ${title.padEnd(50)} ${seconds()}`);
      return result;
    } catch (error) {
      if (error instanceof Interrupted) throw error;
      this.#finish(`  FAILED ${title} after ${seconds()}`);
      throw new StepFailed(title, error, advice);
    }
  }

  say(line: string): void {
    this.#finish(`     ${line}`);
  }

  #finish(line: string): void {
    this.#out.write(this.#out.isTTY ? `\r\u001B[K${line}\n` : `${line}\n`);
  }
}

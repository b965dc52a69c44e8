import type { AgentMessage__Output, ControllerMessage } from '@mini-ecs/shared';

/** What dispatch's AgentStream uses of a gRPC call. */
export class SimulatedCall {
  destroyed = false;
  readonly #peer: string;
  readonly #out: { write(message: ControllerMessage): void; end(): void };
  readonly #listeners = new Map<string, ((argument?: unknown) => void)[]>();
  #isPaused = false;
  #held: AgentMessage__Output[] = [];

  constructor(peer: string, out: { write(message: ControllerMessage): void; end(): void }) {
    this.#peer = peer;
    this.#out = out;
  }

  getPeer(): string {
    return this.#peer;
  }

  on(event: string, listener: (argument?: unknown) => void): this {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
    return this;
  }

  write(message: ControllerMessage): boolean {
    this.#out.write(message);
    return true;
  }

  end(): void {
    this.destroyed = true;
    this.#out.end();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused && this.#held.length > 0) this.#emit('data', this.#held.shift());
  }

  receive(message: AgentMessage__Output): void {
    if (this.#isPaused) this.#held.push(message);
    else this.#emit('data', message);
  }

  emitEnd(): void {
    this.destroyed = true;
    this.#emit('end');
  }

  #emit(event: string, argument?: unknown): void {
    for (const listener of this.#listeners.get(event) ?? []) listener(argument);
  }
}

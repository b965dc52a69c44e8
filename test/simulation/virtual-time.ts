/**
 * Time that passes only from one event to the next. `VirtualTime` is a queue of what is planned; `installVirtualTime` puts
 * it in the place of every timer, clock and source of randomness of this process, so that the product's code, the parts
 * with timers of their own included, runs on it as it is. What is done at one virtual moment (an action and every
 * promise that follows from it) is over before the next begins: nothing else decides an order, so a seed replays exactly.
 */
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import filesystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';
import type { Dice } from './dice.ts';

const nextTurn = globalThis.setImmediate;

/** One planned action; the object that setTimeout answers with. */
export class Planned {
  at: number;
  readonly order: number;
  /** undefined once it ran or was taken back */
  action: (() => void) | undefined;

  constructor(at: number, order: number, action: () => void) {
    this.at = at;
    this.order = order;
    this.action = action;
  }

  cancel(): void {
    this.action = undefined;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }

  refresh(): this {
    throw new Error('refresh() of a timer is not simulated');
  }
}

const isBefore = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export class VirtualTime {
  /** ms since the epoch, with fractions */
  now: number;
  /** Actions that ran. */
  events = 0;
  readonly start: number;
  readonly dice: Dice;
  #order = 0;
  /** A binary heap, the next one first. */
  readonly #heap: Planned[] = [];

  constructor(start: number, dice: Dice) {
    this.start = start;
    this.now = start;
    this.dice = dice;
  }

  after(delayMs: number, action: () => void): Planned {
    this.#order += 1;
    const planned = new Planned(this.now + Math.max(0, delayMs), this.#order, action);
    const heap = this.#heap;
    let i = heap.length;
    heap.push(planned);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!isBefore(planned, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = planned;
    return planned;
  }

  /** Resolves so much later. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** Runs what is next, with all that follows from it; false when nothing is planned until `end`. */
  async step(end: number): Promise<boolean> {
    let next = this.#pop(end);
    while (next && !next.action) next = this.#pop(end);
    if (!next) {
      this.now = Math.max(this.now, end);
      return false;
    }
    const action = next.action!;
    next.action = undefined;
    this.now = next.at;
    this.events += 1;
    action();
    await settled();
    return true;
  }

  #pop(end: number): Planned | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (!first || first.at > end) return undefined;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

/**
 * When no promise is left that another one waits for: ticks run after all of them, and before the event loop goes on, which
 * has nothing to give here.
 */
const settled = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** A turn of the real event loop: rejections that nobody handled are told then. */
export const realTurn = (): Promise<void> => new Promise((resolve) => void nextTurn(resolve));

let current: VirtualTime | undefined;

const time = (): VirtualTime => {
  if (!current) throw new Error('A timer was set outside of a simulated run.');
  return current;
};

/** What runs from now on runs on this time. */
export function useVirtualTime(virtual: VirtualTime): void {
  current = virtual;
}

/** For the life of this process: a process that simulates does nothing else. */
export function installVirtualTime(): void {
  const setTimeout = (action: (...args: unknown[]) => void, delayMs = 1, ...args: unknown[]): Planned =>
    time().after(Math.max(1, Number.isNaN(delayMs) ? 1 : delayMs), () => action(...args));
  const setImmediate = (action: (...args: unknown[]) => void, ...args: unknown[]): Planned =>
    time().after(0, () => action(...args));
  const clear = (planned: unknown): void => {
    if (planned instanceof Planned) planned.cancel();
  };
  const refused = (): never => {
    throw new Error('setInterval is not simulated');
  };
  Object.assign(globalThis, {
    setTimeout,
    setImmediate,
    setInterval: refused,
    clearTimeout: clear,
    clearImmediate: clear,
    clearInterval: clear,
  });
  Object.assign(timersPromises, { setTimeout: pausePromise, setImmediate: immediatePromise });
  Object.defineProperty(performance, 'now', { value: () => (current ? current.now - current.start : 0) });
  Date.now = () => Math.floor(current ? current.now : 0);
  Math.random = () => time().dice.next();
  Object.assign(crypto, {
    randomUUID: () => time().dice.uuid(),
    randomBytes: (size: number) => Buffer.from(Array.from({ length: size }, () => time().dice.below(256))),
  });
  // At once: a real read ends at a moment that no seed decides. (The agent reads its own version.)
  Object.assign(filesystem, { readFile: (...file: Parameters<typeof readFileSync>) => Promise.resolve(readFileSync(...file)) });
  syncBuiltinESMExports();
}

const immediatePromise = <T>(value?: T): Promise<T | undefined> =>
  new Promise((resolve) => void time().after(0, () => resolve(value)));

function pausePromise<T>(delayMs = 1, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      planned.cancel();
      reject(signal?.reason);
    };
    const planned = time().after(Math.max(1, delayMs), () => {
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    });
    if (signal?.aborted) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
  });
}

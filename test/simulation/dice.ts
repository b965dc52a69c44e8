/** All chance of a simulated run: each concern has dice of its own, thrown from the seed. */
import { seededRandom } from '../../packages/controller/src/scheduler/seeded-random.ts';

export class Dice {
  readonly next: () => number;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    const random = seededRandom(seed);
    this.next = () => random.next();
  }

  /** Dice for one concern: what is thrown elsewhere does not change what falls here. */
  fork(concern: string): Dice {
    let hash = 0x811c9dc5 ^ this.#seed;
    for (let i = 0; i < concern.length; i += 1) hash = Math.imul(hash ^ concern.charCodeAt(i), 0x01000193);
    return new Dice(Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d));
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** A whole number in [0, bound). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** A whole number in [least, most]. */
  whole(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  /** A number in [least, most). */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** Mostly near `least`, seldom near `most`. */
  skewed(least: number, most: number): number {
    return least * (most / least) ** (this.next() ** 2);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** 32 hex digits. */
  id(): string {
    let id = '';
    for (let i = 0; i < 4; i += 1)
      id += Math.floor(this.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    return id;
  }

  uuid(): string {
    const id = this.id();
    return `${id.slice(0, 8)}-${id.slice(8, 12)}-4${id.slice(13, 16)}-8${id.slice(17, 20)}-${id.slice(20)}`;
  }
}

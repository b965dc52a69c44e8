/**
 * Random numbers that follow from a seed alone, so that the same decision can be made again (mulberry32: 32 bits of
 * state, good enough to choose an instance with, no good for secrets).
 */
export interface SeededRandom {
  /** Uniform in [0, 1). */
  next(): number;
  /** The wait for the next event that happens once a unit of time on average. */
  nextWait(): number;
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed | 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return { next, nextWait: () => -Math.log(1 - next()) };
}

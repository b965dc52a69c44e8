/**
 * Seeds that once failed, each with what it found. They run in the normal tests. A seed is a history only as long as the
 * simulation itself stays as it is: what it found has a test of its own beside the code that was at fault.
 */
export interface KeptSeed {
  seed: number;
  found: string;
}

export const keptSeeds: readonly KeptSeed[] = [];

/** Reads the TAP that ava prints: passes each test on as a line and counts. */
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Prints passing tests as they come, failing ones with their details. Resolves when the stream ends. */
export async function readTap(input: Readable, print: (line: string) => void): Promise<Counts> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  for await (const line of createInterface({ input })) {
    const [, not, title = '', directive] = /^(not )?ok \d+(?: - )?(.*?)(?: # (SKIP|TODO).*)?$/.exec(line) ?? [undefined];
    if (title === '' && !/^(not )?ok \d+/.test(line)) {
      // Plan, version and totals are for machines; everything else belongs to the test before it, or is what a test printed.
      if (!/^(TAP version|\d+\.\.\d+|# (tests|pass|fail|skip|todo) |# .* hook$)/.test(line) && line !== '') print(line);
      continue;
    }
    if (directive) counts.skipped++;
    else if (not) counts.failed++;
    else counts.passed++;
    print(`${directive ? directive : not ? 'FAILED' : 'ok    '} ${title}`);
  }
  return counts;
}

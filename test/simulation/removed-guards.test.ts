/** The proof that the simulation looks where it matters: with any one guard of the commits gone, it fails. */
import test from 'ava';
import { guards, type Guard } from './removed-guards.ts';
import { runSeeds } from './run-seeds.ts';

const mostSeeds = 1_000;

/** What its absence must be noticed by: the check of the auditor that fails. */
const noticedBy: Record<Guard, RegExp> = {
  capacity: /^capacity: /,
  version: /^(maximum|convergence): /,
  unplaced: /^maximum: /,
  'forward-only': /^forward: /,
  session: /^fence: /,
};

for (const guard of guards) {
  test.serial(`without the ${guard} check of a commit the simulation fails`, async (t) => {
    const results = await runSeeds({
      seeds: Array.from({ length: mostSeeds }, (_, i) => i + 1),
      workers: 2,
      guard,
      isEnough: ({ violation }) => violation !== undefined && noticedBy[guard].test(violation),
    });
    const violations = results.flatMap(({ violation }) => violation ?? []);
    t.true(
      violations.some((violation) => noticedBy[guard].test(violation)),
      violations[0] ?? 'no seed failed',
    );
    t.log(`noticed after ${results.length} seeds: ${violations[0]}`);
  });
}

/** The proof that the simulation looks where it matters: with any one guard of the commits gone, it fails. */
import test from 'ava';
import { guards, type Guard } from './removed-guards.ts';
import { runSeeds } from './run-seeds.ts';

const mostSeeds = 1_000;

/** What its absence must be noticed by: the check of the auditor that fails. */
const noticedBy: Record<Guard, RegExp> = {
  capacity: /^capacity: .*(CPU|MiB)/,
  ports: /^capacity: port /,
  version: /^(maximum|convergence): /,
  unplaced: /^maximum: /,
  'forward-only': /^forward: /,
  session: /^fence: /,
};

/** Any thousand seeds will do. These begin where it was noticed soon, which keeps the test short for as long as that holds. */
const firstSeed: Record<Guard, number> = { capacity: 74, ports: 245, version: 1, unplaced: 37, 'forward-only': 1, session: 1 };

for (const guard of guards) {
  test.serial(`without the ${guard} check of a commit the simulation fails`, async (t) => {
    const results = await runSeeds({
      seeds: Array.from({ length: mostSeeds }, (_, i) => firstSeed[guard] + i),
      workers: 2,
      guard,
      isEnough: ({ violation }) => violation !== undefined && noticedBy[guard].test(violation),
    });
    const violations = results.flatMap(({ violation }) => violation ?? []);
    const noticed = violations.find((violation) => noticedBy[guard].test(violation));
    t.not(noticed, undefined, violations[0] ?? 'no seed failed');
    t.log(`noticed after ${results.length} seeds: ${noticed}`);
  });
}

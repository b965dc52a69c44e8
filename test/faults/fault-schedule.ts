/** When which fault strikes in a round, from the round's dice; several at once, but never two on the same victim. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Dice } from '../simulation/dice.ts';
import type { TestCluster } from '../support/test-cluster.ts';
import { faultKinds, makeFault, type Fault, type FaultKind } from './fault-kinds.ts';

export interface PlannedFault {
  atMs: number;
  lastsMs: number;
  kind: FaultKind;
}

export interface StruckFault {
  kind: FaultKind;
  atMs: number;
  lastedMs: number;
  what: string;
  host: string | undefined;
  endsContainers: boolean;
}

/** A round has so many, of different kinds. */
const fewest = 4;
const most = 6;
/** Some shorter than a lease, some longer. */
const shortestMs = 500;
const longestMs = 12_000;

export function planFaults(dice: Dice, roundMs: number): PlannedFault[] {
  const left = [...faultKinds];
  const plan = Array.from({ length: dice.whole(fewest, most) }, () => {
    const [kind] = left.splice(dice.below(left.length), 1);
    if (kind === undefined) throw new Error('more faults than kinds');
    return {
      kind,
      atMs: Math.round(dice.between(0.05, 0.8) * roundMs),
      lastsMs: Math.round(dice.between(shortestMs, longestMs)),
    };
  });
  return plan.sort((a, b) => a.atMs - b.atMs);
}

/** Resolves when every fault has struck and is healed. */
export async function runFaults(
  plan: readonly PlannedFault[],
  cluster: TestCluster,
  dice: Dice,
  say: (line: string) => void,
): Promise<StruckFault[]> {
  const began = performance.now();
  const victims = new Set<string>();
  const struck: StruckFault[] = [];
  const one = async ({ kind, atMs, lastsMs }: PlannedFault, own: Dice): Promise<void> => {
    await delay(atMs);
    const fault = await freeFault(kind, cluster, own, victims);
    const at = performance.now();
    try {
      const what = await fault.strike();
      say(`  ${((at - began) / 1_000).toFixed(1)} s ${kind}: ${what}, for ${(lastsMs / 1_000).toFixed(1)} s`);
      struck.push({
        kind,
        what,
        atMs: Math.round(at - began),
        lastedMs: lastsMs,
        host: fault.host?.name,
        endsContainers: fault.endsContainers === true,
      });
      await delay(lastsMs);
    } finally {
      await fault.heal();
      victims.delete(fault.victim);
    }
  };
  const ended = await Promise.allSettled(plan.map((planned, index) => one(planned, dice.fork(`fault ${index}`))));
  const failed = ended.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
  return struck;
}

/** One whose victim no other fault has at the moment; waits for that victim if all have. */
async function freeFault(kind: FaultKind, cluster: TestCluster, dice: Dice, victims: Set<string>): Promise<Fault> {
  for (let attempt = 0; ; attempt += 1) {
    const fault = makeFault(kind, cluster, dice);
    if (!victims.has(fault.victim)) {
      victims.add(fault.victim);
      return fault;
    }
    if (attempt >= 10) await delay(100);
  }
}

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
  /** ms since the epoch: when it began to strike, and when it was healed. */
  fromMs: number;
  untilMs: number;
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

/** Resolves when every fault has struck and is healed, with those that found something to strike. */
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
    const [at, fromMs] = [performance.now(), Date.now()];
    let what: string | undefined;
    try {
      what = await fault.strike();
      const told = what === undefined ? 'had nothing to strike' : `${what}, for ${(lastsMs / 1_000).toFixed(1)} s`;
      say(`  ${((at - began) / 1_000).toFixed(1)} s ${kind}: ${told}`);
      if (what !== undefined) await delay(lastsMs);
    } finally {
      await fault.heal();
      victims.delete(fault.victim);
    }
    if (what === undefined) return;
    const [host, endsContainers] = [fault.host?.name, fault.endsContainers === true];
    struck.push({
      kind,
      what,
      atMs: Math.round(at - began),
      lastedMs: lastsMs,
      host,
      endsContainers,
      fromMs,
      untilMs: Date.now(),
    });
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

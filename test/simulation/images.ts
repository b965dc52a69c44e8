/** What the simulated clients run: task definitions, and how the containers of their images behave. */
import type { RegisterTaskDefinitionRequest } from '@aws-sdk/client-ecs';
import type { BehaviourOf, SimulatedBehaviour } from '@mini-ecs/agent';
import type { Dice } from './dice.ts';
import type { RunRecord } from './record.ts';

type Family = 'web' | 'slow' | 'edge' | 'crash' | 'stubborn' | 'checked' | 'duo' | 'job' | 'gate' | 'big';
export const serviceFamilies = ['web', 'slow', 'edge', 'crash', 'stubborn', 'checked', 'duo'] as const;

const one = (family: Family, cpu: number, memory: number, more: object = {}): RegisterTaskDefinitionRequest => ({
  family,
  containerDefinitions: [{ name: 'main', image: family, cpu, memory, essential: true, ...more }],
});

export const taskDefinitions: Record<Family, RegisterTaskDefinitionRequest> = {
  web: one('web', 64, 128),
  slow: one('slow', 64, 192, { stopTimeout: 5 }),
  edge: one('edge', 32, 64, { portMappings: [{ containerPort: 80, hostPort: 8080 }] }),
  crash: one('crash', 32, 64),
  stubborn: one('stubborn', 32, 96, { stopTimeout: 2 }),
  checked: one('checked', 32, 64, { healthCheck: { command: ['CMD-SHELL', 'true'] } }),
  duo: {
    family: 'duo',
    containerDefinitions: [
      {
        name: 'main',
        image: 'web',
        cpu: 32,
        memory: 64,
        essential: true,
        dependsOn: [{ containerName: 'side', condition: 'START' }],
      },
      { name: 'side', image: 'slow', cpu: 16, memory: 32, essential: true },
    ],
  },
  job: one('job', 128, 256),
  gate: one('gate', 16, 32, { portMappings: [{ containerPort: 80, hostPort: 8081 }] }),
  big: one('big', 256, 600),
};

/** Containers that run when all is well, of each task of a family. */
export const containersOfFamily = (family: string): number => (family === 'duo' ? 2 : 1);

/** What images do by themselves. They are counted, but no fault that a seed strikes. */
export const imageFaults: ReadonlySet<string> = new Set(['slow container', 'failing container', 'unkillable container']);

export class Images {
  readonly #dice: Dice;
  readonly #record: RunRecord;
  readonly #made: SimulatedBehaviour[] = [];
  /** image → until when its containers do not start */
  readonly #broken = new Set<string>();
  #isHealed = false;

  constructor(dice: Dice, record: RunRecord) {
    this.#dice = dice;
    this.#record = record;
  }

  /** From now on no container of it starts. */
  break(image: string): void {
    this.#broken.add(image);
  }

  mend(image: string): void {
    this.#broken.delete(image);
  }

  /** Every container behaves from now on; also those that SIGKILL could not end. */
  heal(): void {
    this.#isHealed = true;
    this.#broken.clear();
    for (const behaviour of this.#made) behaviour.unkillable = false;
  }

  readonly behaviour: BehaviourOf = ({ image, name }) => {
    // Asked of an image: whether it is on the host.
    if (name === '') return { cached: true };
    const behaviour = this.#isHealed ? this.#healthy(image) : this.#faulty(image);
    this.#made.push(behaviour);
    const kind = faultOf(behaviour);
    if (kind !== undefined) this.#record.fault(kind, () => name);
    return behaviour;
  };

  #healthy(image: string): SimulatedBehaviour {
    const dice = this.#dice;
    switch (image) {
      case 'slow':
        return { createMs: dice.between(50, 800), startMs: dice.between(200, 1_500), stopMs: dice.between(200, 2_500) };
      case 'stubborn':
        return { startMs: dice.between(10, 100), stopMs: Infinity };
      case 'checked':
        return { startMs: 20, stopMs: 100, health: [{ afterMs: dice.between(100, 800), status: 'HEALTHY' }] };
      case 'job':
      case 'gate':
      case 'big':
        return { startMs: dice.between(10, 50), exitsAfterMs: dice.between(1_000, 7_000), stopMs: 50 };
      default:
        return { createMs: 1, startMs: dice.between(5, 120), stopMs: dice.between(1, 300) };
    }
  }

  #faulty(image: string): SimulatedBehaviour {
    const dice = this.#dice;
    const healthy = this.#healthy(image);
    if (this.#broken.has(image)) return { ...healthy, startError: 'the simulated image does not start' };
    if (image === 'crash' && dice.chance(0.5)) return { ...healthy, exitsAfterMs: dice.between(300, 4_000), exitCode: 1 };
    if (image === 'stubborn' && dice.chance(0.15)) return { ...healthy, unkillable: true };
    if (image === 'checked' && dice.chance(0.3)) {
      return { ...healthy, health: [...(healthy.health ?? []), { afterMs: dice.between(1_000, 4_000), status: 'UNHEALTHY' }] };
    }
    if (dice.chance(0.02)) return { ...healthy, createError: 'the simulated engine refuses' };
    if (dice.chance(0.02)) return { ...healthy, exitsAfterMs: dice.between(10, 4_000), outOfMemory: true };
    return healthy;
  }
}

/** Longer than this to start or to stop is slow; ms. */
const slowMs = 1_000;

function faultOf({
  unkillable,
  startError,
  createError,
  exitCode,
  outOfMemory,
  health,
  ...times
}: SimulatedBehaviour): string | undefined {
  if (unkillable) return 'unkillable container';
  const turnsUnhealthy = health?.some(({ status }) => status === 'UNHEALTHY') === true;
  if (startError ?? createError ?? exitCode ?? outOfMemory ?? (turnsUnhealthy || undefined)) return 'failing container';
  return (times.startMs ?? 0) > slowMs || (times.stopMs ?? 0) > slowMs ? 'slow container' : undefined;
}

/** What goes wrong in a run, and when: thrown from the seed, healed within the run. */
import type { Dice } from './dice.ts';
import { serviceFamilies, type Images } from './images.ts';
import type { Network } from './network.ts';
import type { RunRecord } from './record.ts';
import { leaseMs, type SimulatedController } from './simulated-controller.ts';
import type { SimulatedHost } from './simulated-host.ts';
import type { StoreHealth } from './store-connection.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { WorkBroker } from './work-broker.ts';

export interface FaultyWorld {
  time: VirtualTime;
  record: RunRecord;
  controllers: readonly SimulatedController[];
  hosts: readonly SimulatedHost[];
  network: Network;
  broker: WorkBroker;
  health: StoreHealth;
  images: Images;
  jumpStoreClock(ms: number): void;
  /** No other faults than these, and never of the last controller. */
  only?: readonly FaultKind[];
}

export type FaultKind = 'controller crashed' | 'controller stalled';

/** One kind of fault: how often among the others, and what it does; false: it had nothing to hit. */
interface Kind {
  weight: number;
  strike(world: FaultyWorld, dice: Dice): boolean;
}

const upHosts = ({ hosts }: FaultyWorld): SimulatedHost[] => hosts.filter(({ isUp }) => isUp);
const upControllers = ({ controllers }: FaultyWorld): SimulatedController[] => controllers.filter(({ isUp }) => isUp);

/**
 * Which controllers a fault may hit. Where they alone are hit (`only`), one at a time: each time all have run for longer than a lease,
 * so that every agent has found one that lives.
 */
function controllersToHit(world: FaultyWorld): SimulatedController[] {
  const up = upControllers(world);
  if (!world.only) return up;
  const isWhole = world.controllers.every((controller) => controller.healthyForMs() > leaseMs + returnMs);
  return isWhole ? up : [];
}

/** From the end of a fault to the session elsewhere, at most. */
const returnMs = 1_000;

const kinds: Record<string, Kind> = {
  'controller crashed': {
    weight: 4,
    strike(world, dice) {
      const up = controllersToHit(world);
      if (up.length === 0) return false;
      const controller = dice.pick(up);
      told(world, 'controller crashed', controller.name);
      controller.crash();
      world.time.after(dice.skewed(200, 12_000), () => controller.start());
      return true;
    },
  },
  'controller stalled': {
    weight: 3,
    strike(world, dice) {
      const up = controllersToHit(world);
      if (up.length === 0) return false;
      const controller = dice.pick(up);
      told(world, 'controller stalled', controller.name);
      controller.stall(dice.between(300, 8_000));
      if (world.only) return true;
      // Its agents go elsewhere; what they had told it before, it takes up when it goes on.
      for (let i = 0; i < 4; i += 1) world.time.after(dice.between(0, 3_000), () => crashContainer(world, dice));
      return true;
    },
  },
  'agent crashed': {
    weight: 4,
    strike(world, dice) {
      const up = upHosts(world);
      if (up.length === 0) return false;
      const host = dice.pick(up);
      told(world, 'agent crashed', host.name);
      host.crash();
      if (dice.chance(0.25)) {
        told(world, 'agent state lost', host.name);
        host.loseState();
      }
      world.time.after(dice.skewed(100, 12_000), () => host.start());
      return true;
    },
  },
  'host rebooted': {
    weight: 2,
    strike(world, dice) {
      const up = upHosts(world);
      if (up.length === 0) return false;
      const host = dice.pick(up);
      told(world, 'host rebooted', host.name);
      host.crash({ isHostDown: true });
      host.engine.goAway({ containersDie: true });
      world.time.after(dice.skewed(500, 12_000), () => {
        host.engine.comeBack();
        host.start();
      });
      return true;
    },
  },
  'engine away': {
    weight: 2,
    strike(world, dice) {
      const host = dice.pick(world.hosts);
      told(world, 'engine away', host.name);
      host.engine.goAway({ containersDie: dice.chance(0.3) });
      world.time.after(dice.skewed(200, 9_000), () => host.engine.comeBack());
      return true;
    },
  },
  partition: {
    weight: 5,
    strike(world, dice) {
      const ms = dice.skewed(300, 14_000);
      const hosts = dice.chance(0.5) ? [dice.pick(world.hosts)] : world.hosts.filter(() => dice.chance(0.5));
      const controllers = dice.chance(0.5) ? [dice.pick(world.controllers)] : world.controllers;
      told(
        world,
        'partition',
        `${hosts.map(({ name }) => name).join()} | ${controllers.map(({ name }) => name).join()} for ${ms} ms`,
      );
      for (const host of hosts) for (const controller of controllers) world.network.cut(host.name, controller.name, ms);
      return true;
    },
  },
  'stream broken': {
    weight: 3,
    strike(world, dice) {
      const streams = world.network.streams();
      if (streams.length === 0) return false;
      const stream = dice.pick(streams);
      told(world, 'stream broken', `${stream.host} | ${stream.controller}`);
      stream.reset();
      return true;
    },
  },
  'bad network': {
    weight: 6,
    strike(world, dice) {
      told(world, 'bad network', '');
      const faults = {
        dropped: dice.between(0, 0.1),
        delayed: dice.between(0, 0.15),
        duplicated: dice.between(0, 0.15),
        reordered: dice.between(0, 0.2),
      };
      world.network.faults = faults;
      world.time.after(dice.between(1_000, 6_000), () => {
        if (world.network.faults === faults) world.network.calm();
      });
      return true;
    },
  },
  'store away': {
    weight: 2,
    strike(world, dice) {
      if (world.health.isAway) return false;
      told(world, 'store away', '');
      world.health.leave();
      world.time.after(dice.skewed(100, 12_000), () => world.health.comeBack());
      return true;
    },
  },
  'store slow': {
    weight: 4,
    strike(world, dice) {
      slowStore(world, dice.between(1_000, 6_000));
      return true;
    },
  },
  'image broken': {
    weight: 2,
    strike(world, dice) {
      const image = dice.pick(serviceFamilies);
      told(world, 'image broken', image);
      world.images.break(image);
      world.time.after(dice.between(1_000, 6_000), () => world.images.mend(image));
      return true;
    },
  },
  'container crashed': {
    weight: 5,
    strike(world, dice) {
      crashContainer(world, dice);
      return true;
    },
  },
  'clock jumped': {
    weight: 3,
    strike(world, dice) {
      const ms = dice.whole(-20_000, 20_000);
      const whose = dice.pick<{ name: string; jumpClock(ms: number): void }>([
        ...world.controllers,
        ...world.hosts,
        { name: 'store', jumpClock: (by) => world.jumpStoreClock(by) },
      ]);
      told(world, 'clock jumped', `${whose.name} by ${ms} ms`);
      whose.jumpClock(ms);
      return true;
    },
  },
};

export function slowStore(world: FaultyWorld, ms: number): void {
  told(world, 'store slow', '');
  world.health.slowDown();
  world.time.after(ms, () => world.health.speedUp());
}

function crashContainer(world: FaultyWorld, dice: Dice): void {
  const host = dice.pick(world.hosts);
  const exitCode = dice.whole(0, 139);
  void host.look().then(() => {
    const [container] = host.runningContainers;
    if (container === undefined) return;
    told(world, 'container crashed', `${host.name} ${container}`);
    host.engine.crashContainer(container, exitCode);
  });
}

const told = ({ record }: FaultyWorld, kind: string, detail: string): void => record.fault(kind, () => detail);

/** Plans faults from now on for so long. At least twelve are struck, more than that by what each of them does. */
export function planFaults(world: FaultyWorld, dice: Dice, durationMs: number): void {
  const count = dice.whole(12, 18);
  for (let i = 0; i < count; i += 1) world.time.after(dice.between(0, durationMs), () => strike(world, dice));
  if (world.only) return;
  world.broker.faults = { lost: dice.between(0, 0.05), late: dice.between(0, 0.08), twice: dice.between(0, 0.8) };
}

function strike(world: FaultyWorld, dice: Dice): void {
  for (let attempt = 0; attempt < 5; attempt += 1) if (pickKind(world, dice).strike(world, dice)) return;
}

function pickKind({ only }: FaultyWorld, dice: Dice): Kind {
  const possible = Object.entries(kinds).flatMap(([name, kind]) => (!only || only.some((each) => each === name) ? [kind] : []));
  let left = dice.next() * possible.reduce((sum, { weight }) => sum + weight, 0);
  for (const kind of possible) {
    left -= kind.weight;
    if (left < 0) return kind;
  }
  throw new Error('weights do not add up');
}

/** From now on nothing goes wrong, and what went wrong is mended. */
export function endFaults(world: FaultyWorld): void {
  world.broker.faults = { lost: 0, late: 0, twice: 0 };
  world.health.comeBack();
  world.health.speedUp();
  world.images.heal();
  world.network.healAll();
  for (const controller of world.controllers) {
    controller.stall(0);
    controller.start();
  }
  for (const host of world.hosts) {
    host.engine.comeBack();
    host.start();
  }
}

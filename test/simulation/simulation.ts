/** One seed: a cluster's life of a minute with faults, then calm, and what must hold all the time and at the end. */
import type { TaskSpec } from '../../packages/controller/src/domain/task.ts';
import type { Store } from '../../packages/controller/src/store/store.ts';
import { MemoryStore } from '../../packages/controller/src/store/memory-store.ts';
import { AuditedStore } from './audited-store.ts';
import { Auditor } from './auditor.ts';
import { Clients } from './clients.ts';
import { divergences } from './convergence.ts';
import { Dice } from './dice.ts';
import { endFaults, planFaults, slowStore, type FaultKind, type FaultyWorld } from './faults.ts';
import { containersOfFamily, Images, imageFaults } from './images.ts';
import { Network } from './network.ts';
import { RunRecord } from './record.ts';
import { cluster, SimulatedController } from './simulated-controller.ts';
import { SimulatedHost } from './simulated-host.ts';
import { StoreHealth } from './store-connection.ts';
import { realTurn, useVirtualTime, VirtualTime } from './virtual-time.ts';
import { WorkBroker } from './work-broker.ts';

export interface SeedOptions {
  seed: number;
  /** The store with a guard removed, to prove that its absence is noticed. */
  tamper?: (store: Store) => Store;
  /** Nothing goes wrong but this, and then no container instance may be judged lost. */
  only?: readonly FaultKind[];
  trace?: (line: string) => void;
}

export interface SeedResult {
  seed: number;
  /** What was violated first; undefined: nothing. */
  violation?: string;
  events: number;
  tasks: number;
  /** Virtual ms. */
  durationMs: number;
  faults: Record<string, number>;
  refusals: Record<string, number>;
  requests: Record<string, number>;
  fingerprint: string;
}

const startOfTime = 1_800_000_000_000;
/** Faults begin when the services are there, and end so much later. */
const quietStartMs = 2_000;
const faultyMs = 20_000;
/** A seed with too few tasks gets more in the last part of its faults, and what is still missing after them. */
const lastRushMs = 4_000;
const patienceMs = 60_000;
const convergenceMs = 300_000;
/** Containers that began to fail before the faults ended have failed by then. */
const aftermathMs = 5_000;
/** What has converged must stay so: longer than any pass takes to come round, the slowest aside. */
const stayingMs = 4_000;
const least = { events: 300, faults: 10, tasks: 30 };

export function runSeed(options: SeedOptions): Promise<SeedResult> {
  return new Run(options).run();
}

class Run {
  readonly #options: SeedOptions;
  readonly #time: VirtualTime;
  readonly #record: RunRecord;
  readonly #dice: Dice;
  readonly #auditor: Auditor;
  readonly #store: AuditedStore;
  readonly #world: FaultyWorld;
  readonly #clients: Clients;

  constructor(options: SeedOptions) {
    const dice = new Dice(options.seed);
    const time = new VirtualTime(startOfTime, dice.fork('ids'));
    useVirtualTime(time);
    const record = new RunRecord({ time, ...(options.trace ? { trace: options.trace } : {}) });
    this.#options = options;
    this.#time = time;
    this.#record = record;
    this.#dice = dice;
    this.#auditor = new Auditor(record);
    let storeOffset = 0;
    const feed = dice.fork('feed');
    // So short that who was away for a while finds it trimmed and loads a snapshot. (Longer than what one command writes.)
    const feedLength = feed.chance(0.6) ? feed.whole(40, 60) : undefined;
    const clock = { now: () => Math.floor(time.now + storeOffset) };
    const memory = new MemoryStore({ clock, id: 'store', ...(feedLength === undefined ? {} : { feedLength }) });
    this.#store = new AuditedStore({
      store: options.tamper?.(memory) ?? memory,
      cluster,
      auditor: this.#auditor,
      record,
      mayJudge: !options.only,
    });
    this.#world = this.#makeWorld((ms) => {
      storeOffset += ms;
    });
    const { controllers } = this.#world;
    const rushes = dice.fork('rushes');
    const onRush = (): void => {
      if (!options.only && rushes.chance(0.6)) slowStore(this.#world, rushes.between(300, 1_500));
    };
    this.#clients = new Clients({ time, dice: dice.fork('clients'), record, auditor: this.#auditor, controllers, onRush });
  }

  async run(): Promise<SeedResult> {
    const time = this.#time;
    await this.#start();
    await this.#until(time.now + quietStartMs);
    planFaults(this.#world, this.#dice.fork('faults'), faultyMs);
    const actions = this.#dice.fork('actions');
    for (let i = actions.whole(11, 17); i > 0; i -= 1) time.after(actions.between(0, faultyMs), () => this.#clients.act());
    const faultsEnd = time.now + faultyMs;
    await this.#until(faultsEnd - lastRushMs);
    await this.#fill(faultsEnd, () => this.#clients.rush());
    await this.#until(faultsEnd);
    this.#record.tell('THE FAULTS END', () => '');
    endFaults(this.#world);
    // What was asked while nobody answered is asked again.
    await this.#fill(time.now + patienceMs, () => this.#clients.runMany());
    await this.#converge();
    await realTurn();
    this.#checkSize();
    return this.#result();
  }

  #makeWorld(jumpStoreClock: (ms: number) => void): FaultyWorld {
    const [time, record, dice] = [this.#time, this.#record, this.#dice];
    const health = new StoreHealth();
    const network = new Network({ time, dice: dice.fork('network'), record });
    const broker = new WorkBroker({ time, dice: dice.fork('broker'), record, health });
    const images = new Images(dice.fork('images'), record);
    const controllers = Array.from({ length: dice.pick([2, 2, 3]) }, (_, i) => {
      const name = `controller-${i + 1}`;
      return new SimulatedController({ name, time, dice: dice.fork(name), record, store: this.#store, health, broker, network });
    });
    const hosts = Array.from({ length: dice.whole(5, 6) }, (_, i) => {
      const own = dice.fork(`host-${i + 1}`);
      return new SimulatedHost({
        name: `host-${i + 1}`,
        instanceId: own.id(),
        zone: `us-east-1${'abc'[i % 3]}`,
        time,
        dice: own,
        record,
        network,
        controllers: controllers.map(({ name }) => name).toSorted(() => own.next() - 0.5),
        behaviour: images.behaviour,
        onCreate: (task, instance) => this.#checkCreation(task, instance),
        onStop: (task, instance, running) => this.#checkStop(task, instance, running),
      });
    });
    const { only } = this.#options;
    return { time, record, controllers, hosts, network, broker, health, images, jumpStoreClock, ...(only ? { only } : {}) };
  }

  async #start(): Promise<void> {
    for (const controller of this.#world.controllers) controller.start();
    for (const host of this.#world.hosts) {
      await host.prepare();
      this.#time.after(this.#dice.between(100, 800), () => host.start());
    }
    this.#time.after(50, () => void this.#clients.setUp());
  }

  /** Lets time pass, up to the first violation. */
  async #until(end: number): Promise<void> {
    while (!this.#record.violation && (await this.#time.step(end)));
  }

  async #converge(): Promise<void> {
    const time = this.#time;
    let isMaintained = false;
    void this.#clients.endMaintenance().then(() => (isMaintained = true));
    const deadline = time.now + convergenceMs;
    let left = ['not looked at yet'];
    await this.#until(time.now + aftermathMs);
    while (left.length > 0 && !this.#record.violation) {
      if (time.now >= deadline) return this.#record.violated(`convergence: after ${convergenceMs / 1000} s ${left.join('; ')}`);
      await this.#until(time.now + 1_000);
      left = isMaintained && this.#clients.open === 0 ? await this.#divergences() : ['a request is open'];
    }
    this.#record.tell('CONVERGED', () => '');
    await this.#until(time.now + stayingMs);
    let after = await this.#divergences();
    // A task of RunTask may just have ended.
    for (let look = 0; look < 5 && after.length > 0 && !this.#record.violation; look += 1) {
      await this.#until(time.now + 300);
      after = await this.#divergences();
    }
    if (after.length > 0) this.#record.violated(`convergence: was reached and left: ${after.join('; ')}`);
  }

  #divergences(): Promise<string[]> {
    const hints = (): Promise<string[]> => this.#store.plain.hints(cluster);
    return divergences({ auditor: this.#auditor, hosts: this.#world.hosts, hints });
  }

  /** Asks for tasks until there are as many as a seed must have; again, once no request that may bring them is open. */
  async #fill(end: number, ask: () => void): Promise<void> {
    const time = this.#time;
    while (this.#auditor.tasksCreated < least.tasks && time.now < end && !this.#record.violation) {
      if (this.#clients.open === 0) ask();
      await this.#until(Math.min(end, time.now + 500));
    }
  }

  /** A container is made only where its task is bound. */
  #checkCreation(task: string, instance: string): void {
    const bound = this.#auditor.instanceOf(task);
    if (bound !== undefined && bound !== instance)
      this.#record.violated(`binding: instance ${instance} makes a container of task ${task}, which is bound to ${bound}`);
  }

  /** What runs as it should and is wanted is left alone. `running`: containers of the task. */
  #checkStop(id: string, instance: string, running: number): void {
    const task = this.#auditor.tasks.get(id);
    if (task?.['instance'] !== instance || task['lastStatus'] !== 'RUNNING' || task['desiredStatus'] !== 'RUNNING') return;
    const { taskDefinition } = JSON.parse(task['doc'] ?? '{}') as TaskSpec;
    if (running >= containersOfFamily(taskDefinition.split(':')[0] ?? ''))
      this.#record.violated(`wanted: instance ${instance} stops a container of task ${id}, which runs and is wanted`);
  }

  #checkSize(): void {
    if (this.#options.only) return;
    const struck = Object.entries(this.#record.faults).filter(([kind]) => !imageFaults.has(kind));
    const faults = struck.reduce((sum, [, count]) => sum + count, 0);
    const size = { events: this.#time.events, faults, tasks: this.#auditor.tasksCreated };
    for (const [what, count] of Object.entries(size)) {
      if (count < least[what as keyof typeof least]) this.#record.violated(`the seed is too small: ${count} ${what}`);
    }
  }

  #result(): SeedResult {
    const { violation, faults, refusals, requests, fingerprint } = this.#record;
    return {
      seed: this.#options.seed,
      ...(violation === undefined ? {} : { violation }),
      events: this.#time.events,
      tasks: this.#auditor.tasksCreated,
      durationMs: Math.round(this.#time.now - this.#time.start),
      faults,
      refusals,
      requests,
      fingerprint,
    };
  }
}

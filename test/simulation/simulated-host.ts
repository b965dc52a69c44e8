/** A host: a container engine that lives on, and the real agent on it, which crashes and starts again. */
import {
  defaultPolicy,
  instanceLabel,
  MemoryStateStore,
  SimulatedRuntime,
  startAgent,
  taskIdOf,
  type Agent,
  type AgentConfig,
  type BehaviourOf,
  type ContainerRuntime,
  type StateStore,
  type Timers,
} from '@mini-ecs/agent';
import type { Dice } from './dice.ts';
import type { Network } from './network.ts';
import type { RunRecord } from './record.ts';
import { cluster } from './simulated-controller.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Tight: services fit with one host drained, and bursts of tasks fill the rest. */
export const hostResources = { cpu: 768, memory: 1_024 };

export interface HostOptions {
  name: string;
  /** 32 hex digits: who it is from the start */
  instanceId: string;
  zone: string;
  time: VirtualTime;
  dice: Dice;
  record: RunRecord;
  network: Network;
  controllers: string[];
  behaviour: BehaviourOf;
  /** Called before a container is created: for which task, as which instance. */
  onCreate: (task: string, instance: string) => void;
  /** Called when its agent stops or kills a running container of a task of which so many run. */
  onStop: (task: string, instance: string, running: number) => void;
}

/** One life of the agent's process. */
interface Life {
  isAlive: boolean;
  agent?: Agent;
}

export class SimulatedHost {
  readonly name: string;
  readonly engine: SimulatedRuntime;
  readonly #options: HostOptions;
  /** container → task, as of the last look */
  readonly #running = new Map<string, string>();
  #clockOffset = 0;
  #state: StateStore = new MemoryStateStore();
  #life: Life | undefined;

  constructor(options: HostOptions) {
    const { time, name, behaviour } = options;
    this.name = name;
    this.#options = options;
    const timers: Timers = {
      now: () => this.#now(),
      after: (delayMs, action) => {
        const planned = time.after(Math.max(1, delayMs), action);
        return () => planned.cancel();
      },
    };
    this.engine = new SimulatedRuntime({ timers, behaviour, name });
  }

  get isUp(): boolean {
    return this.#life?.agent !== undefined;
  }

  /** undefined until the agent runs */
  get instanceId(): string | undefined {
    return this.#life?.agent?.instanceId;
  }

  get runningContainers(): string[] {
    return [...this.#running.keys()];
  }

  /** Tasks with containers that run here, each with how many. */
  runningTasks(): Map<string, number> {
    const tasks = new Map<string, number>();
    for (const task of this.#running.values()) tasks.set(task, (tasks.get(task) ?? 0) + 1);
    return tasks;
  }

  /** What the engine runs, as it says itself; nothing while it does not answer. */
  async look(): Promise<void> {
    const containers = await this.engine.list().catch(() => []);
    this.#running.clear();
    for (const { id, state, labels } of containers) if (state === 'running') this.#running.set(id, taskIdOf(labels) ?? '');
  }

  /** Before the first start: the agent is who it is told to be, as after an enrolment. */
  async prepare(): Promise<void> {
    const { instanceId } = this.#options;
    await this.#state.save({ format: 1, instanceId, cluster, storeId: '', storeEpoch: 0, tasks: [] });
  }

  start(): void {
    if (!this.#life) void this.#start();
  }

  /** kill -9 of the agent; its containers run on. */
  crash({ isHostDown = false } = {}): void {
    const life = this.#life;
    this.#life = undefined;
    if (life) life.isAlive = false;
    for (const stream of this.#options.network.streams({ host: this.name })) stream.vanish('agent', { isHostDown });
  }

  /** The agent's state file is gone: it must know itself by its containers' labels. */
  loseState(): void {
    this.#state = new MemoryStateStore();
  }

  jumpClock(ms: number): void {
    this.#clockOffset += ms;
  }

  #now(): number {
    return Math.floor(this.#options.time.now + this.#clockOffset);
  }

  async #start(): Promise<void> {
    const { time, dice, record, network, name, controllers } = this.#options;
    const life: Life = { isAlive: true };
    this.#life = life;
    const timers: Timers = {
      now: () => this.#now(),
      after: (delayMs, action) => {
        const planned = time.after(Math.max(1, delayMs), () => {
          if (life.isAlive) action();
        });
        return () => planned.cancel();
      },
    };
    const config: AgentConfig = { ...agentConfig, hostname: name, availabilityZone: this.#options.zone, controllers };
    const agent = await startAgent(config, {
      runtime: whileAlive<ContainerRuntime>(this.#watchedEngine(), life),
      stateStore: whileAlive<StateStore>(this.#state, life),
      timers,
      log: record.logger(name),
      random: () => dice.next(),
      openStream: (endpoint, handlers) => network.open(name, endpoint, handlers, () => life.isAlive),
    });
    if (life.isAlive) life.agent = agent;
  }

  /** What runs is read at once, before the engine does what it is asked. */
  async #tellOfStop(idOrName: string): Promise<void> {
    const containers = await this.engine.list().catch(() => []);
    const stopped = containers.find(({ id, name }) => id === idOrName || name === idOrName);
    const task = stopped && taskIdOf(stopped.labels);
    if (stopped?.state !== 'running' || task === undefined) return;
    const running = containers.filter(({ state, labels }) => state === 'running' && taskIdOf(labels) === task).length;
    this.#options.onStop(task, stopped.labels[instanceLabel] ?? '', running);
  }

  #watchedEngine(): ContainerRuntime {
    const { engine } = this;
    const { onCreate } = this.#options;
    const stopping = (id: string): void => void this.#tellOfStop(id);
    return new Proxy<ContainerRuntime>(engine, {
      get(target, member: keyof ContainerRuntime) {
        if (member === 'stop' || member === 'kill') {
          return (id: string, timeoutSeconds: number) => {
            stopping(id);
            return member === 'stop' ? target.stop(id, timeoutSeconds) : target.kill(id);
          };
        }
        if (member !== 'create') return target[member].bind(target);
        return (request: Parameters<ContainerRuntime['create']>[0]) => {
          onCreate(taskIdOf(request.labels) ?? '', request.labels[instanceLabel] ?? '');
          return target.create(request);
        };
      },
    });
  }
}

const agentConfig: Omit<AgentConfig, 'hostname' | 'availabilityZone' | 'controllers'> = {
  cluster,
  dataDir: '',
  dockerSocket: '',
  address: '10.77.1.1',
  instanceType: 'simulated',
  attributes: {},
  ...hostResources,
  reservedMemory: 0,
  reservedPorts: [22, 2375],
  imagePullBehavior: 'default',
  launchConcurrency: 4,
  logLevel: 'silent',
  reset: false,
  policy: { ...defaultPolicy, stopTimeoutSeconds: 3 },
};

/** A dead process asks nothing and hears nothing; what it had asked for goes on without it. */
function whileAlive<T extends object>(target: T, life: Life): T {
  return new Proxy(target, {
    get(object, member) {
      const value: unknown = Reflect.get(object, member);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        if (!life.isAlive) return new Promise(() => undefined);
        if (member === 'watch') return watchWhileAlive(object as unknown as ContainerRuntime, args, life);
        const result: unknown = value.apply(object, args);
        if (!(result instanceof Promise)) return result;
        return new Promise((resolve, reject) => {
          result.then(
            (answer: unknown) => life.isAlive && resolve(answer),
            (error: unknown) => life.isAlive && reject(error),
          );
        });
      };
    },
  });
}

function watchWhileAlive(runtime: ContainerRuntime, args: unknown[], life: Life): { close(): void } {
  const [instanceId, onEvent] = args as Parameters<ContainerRuntime['watch']>;
  const watch = runtime.watch(instanceId, (event) => {
    if (life.isAlive) onEvent(event);
    else watch.close();
  });
  return watch;
}

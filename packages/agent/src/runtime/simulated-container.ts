import { containerPorts } from '../domain/container-ports.ts';
import type { CreateRequest } from '../domain/create-request.ts';
import type { NetworkBinding, ObservedContainer } from '../domain/observed-container.ts';
import type { Cancel, Timers } from '../timers.ts';
import { RuntimeError } from './container-runtime.ts';
import type { SimulatedBehaviour } from './simulated-behaviour.ts';

export interface SimulatedContainerOptions {
  id: string;
  request: CreateRequest;
  behaviour: SimulatedBehaviour;
  timers: Timers;
  onChange: (what: 'started' | 'exited' | 'health') => void;
  /** A dynamic host port. */
  nextPort: () => number;
}

const killed = 137;
const noPorts: ReadonlySet<string> = new Set();

export class SimulatedContainer {
  readonly #options: SimulatedContainerOptions;
  readonly #planned: Cancel[] = [];
  #waiting: (() => void)[] = [];
  #observed: ObservedContainer;

  constructor(options: SimulatedContainerOptions) {
    const { request } = options;
    this.#options = options;
    this.#observed = {
      id: options.id,
      name: request.name,
      labels: { ...request.container.dockerLabels, ...request.labels },
      state: 'created',
      outOfMemory: false,
      error: '',
      health: 'UNKNOWN',
      networkBindings: [],
    };
  }

  get id(): string {
    return this.#observed.id;
  }

  get name(): string {
    return this.#observed.name;
  }

  get behaviour(): SimulatedBehaviour {
    return this.#options.behaviour;
  }

  get isRunning(): boolean {
    return this.#observed.state === 'running';
  }

  get output(): string {
    return this.#observed.startedAt === undefined ? '' : (this.behaviour.output ?? '');
  }

  /** Never changed in place: who has it may keep it. */
  observe(): ObservedContainer {
    return this.#observed;
  }

  /** `takenPorts`: `80/tcp` of every running container. */
  start(takenPorts: () => ReadonlySet<string>): void {
    const { behaviour, timers, onChange } = this.#options;
    if (behaviour.startError !== undefined) return this.#fail(behaviour.startError);
    const networkBindings = this.#bindings();
    const others = networkBindings.length > 0 ? takenPorts() : noPorts;
    const taken = networkBindings.find(({ hostPort, protocol }) => others.has(`${hostPort}/${protocol}`));
    if (taken) return this.#fail(`Bind for 0.0.0.0:${taken.hostPort} failed: port is already allocated`);
    this.#observed = {
      ...this.#observed,
      state: 'running',
      startedAt: timers.now(),
      finishedAt: undefined,
      exitCode: undefined,
      networkBindings,
    };
    onChange('started');
    this.#planLife();
  }

  exit(exitCode: number, outOfMemory = false): void {
    if (!this.isRunning) return;
    for (const cancel of this.#planned.splice(0)) cancel();
    const finishedAt = this.#options.timers.now();
    this.#observed = { ...this.#observed, state: 'exited', exitCode, outOfMemory, finishedAt, networkBindings: [] };
    for (const resume of this.#waiting.splice(0)) resume();
    this.#options.onChange('exited');
  }

  /** SIGKILL; false: it survives. */
  kill(): boolean {
    if (this.behaviour.unkillable) return false;
    this.exit(killed);
    return true;
  }

  /** Resolves when it no longer runs, or with the signal. */
  ended(signal: AbortSignal): Promise<void> {
    if (!this.isRunning || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #fail(message: string): never {
    this.#observed = { ...this.#observed, error: message };
    throw new RuntimeError('refused', message);
  }

  #planLife(): void {
    const { behaviour, timers, onChange } = this.#options;
    const { exitsAfterMs, exitCode = 0, outOfMemory = false, health = [] } = behaviour;
    for (const { afterMs, status } of health) {
      const change = (): void => {
        this.#observed = { ...this.#observed, health: status };
        onChange('health');
      };
      this.#planned.push(timers.after(afterMs, change));
    }
    if (exitsAfterMs === undefined) return;
    this.#planned.push(timers.after(exitsAfterMs, () => this.exit(outOfMemory ? killed : exitCode, outOfMemory)));
  }

  #bindings(): NetworkBinding[] {
    const { request, nextPort } = this.#options;
    if (request.task.networkMode !== 'bridge') return [];
    return request.container.portMappings.flatMap((mapping) =>
      containerPorts(mapping).map((containerPort) => ({
        bindIP: '0.0.0.0',
        containerPort,
        hostPort: mapping.hostPort || nextPort(),
        protocol: mapping.protocol === 'udp' ? ('udp' as const) : ('tcp' as const),
      })),
    );
  }
}

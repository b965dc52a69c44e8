/**
 * A container engine in memory, for fleets of thousands of agents in one process and for virtual time: it waits only
 * on the injected timers. Passes the same contract suite as Docker's.
 */
import { containerNameLabel, instanceLabel, isSameContainer } from '../domain/container-labels.ts';
import type { CreateRequest, VolumeRequest } from '../domain/create-request.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import { pause, systemTimers, type Timers } from '../timers.ts';
import {
  RuntimeError,
  type ContainerRuntime,
  type CreatedContainer,
  type ImageInfo,
  type LogOptions,
  type RuntimeEvent,
  type RuntimeInfo,
} from './container-runtime.ts';
import { SimulatedContainer } from './simulated-container.ts';
import { byImage, type BehaviourOf, type SimulatedBehaviour } from './simulated-behaviour.ts';

export interface SimulatedRuntimeOptions {
  timers?: Timers;
  /** @default every container runs until it is stopped */
  behaviour?: BehaviourOf;
  /** @default 4 */
  cpus?: number;
  /** Bytes. @default 8 GiB */
  memory?: number;
  /** Part of the containers' ids, so that a fleet's are all different. @default 'sim' */
  name?: string;
}

const firstDynamicPort = 32_768;
const lastDynamicPort = 60_999;

interface Watcher {
  instanceId: string;
  onEvent: (event: RuntimeEvent) => void;
}

export class SimulatedRuntime implements ContainerRuntime {
  readonly #options: Required<SimulatedRuntimeOptions>;
  readonly #containers = new Map<string, SimulatedContainer>();
  readonly #byName = new Map<string, SimulatedContainer>();
  readonly #pulled = new Set<string>();
  readonly #volumes = new Set<string>();
  readonly #watchers = new Set<Watcher>();
  #nextId = 0;
  #nextPort = firstDynamicPort;
  #reachable = true;

  constructor(options: SimulatedRuntimeOptions = {}) {
    const defaults = { timers: systemTimers, behaviour: byImage({}), cpus: 4, memory: 8 * 1024 ** 3, name: 'sim' };
    this.#options = { ...defaults, ...options };
  }

  /** The engine goes away, with its containers (an engine crash) or without them (only unreachable). */
  goAway({ containersDie }: { containersDie: boolean }): void {
    this.#reachable = false;
    for (const { onEvent } of this.#watchers) onEvent({ kind: 'disconnected' });
    if (containersDie) for (const container of this.#containers.values()) container.exit(255);
  }

  comeBack(): void {
    this.#reachable = true;
    for (const { onEvent } of this.#watchers) onEvent({ kind: 'connected' });
  }

  /** The container's process ends now, as a crash of its own. */
  crashContainer(id: string, exitCode: number): void {
    this.#containers.get(id)?.exit(exitCode);
  }

  async info(): Promise<RuntimeInfo> {
    this.#answer();
    const { cpus, memory, name } = this.#options;
    return { version: 'simulated', cpus, memory, osType: 'linux', architecture: 'x86_64', hostname: name };
  }

  async list(instanceId?: string): Promise<ObservedContainer[]> {
    this.#answer();
    const observed = [...this.#containers.values()].map((container) => container.observe());
    return observed.filter(
      ({ labels }) =>
        labels[containerNameLabel] !== undefined &&
        (instanceId === undefined ? labels[instanceLabel] !== undefined : labels[instanceLabel] === instanceId),
    );
  }

  watch(instanceId: string, onEvent: (event: RuntimeEvent) => void): { close(): void } {
    const watcher: Watcher = { instanceId, onEvent };
    this.#watchers.add(watcher);
    queueMicrotask(() => {
      if (this.#watchers.has(watcher)) onEvent({ kind: this.#reachable ? 'connected' : 'disconnected' });
    });
    return { close: () => void this.#watchers.delete(watcher) };
  }

  async findImage(image: string): Promise<ImageInfo | undefined> {
    this.#answer();
    if (this.#pulled.has(image)) return { digest: `sha256:${image}` };
    const { cached, pullMs, pullError } = this.#behaviourOfImage(image);
    return (cached ?? (pullMs === undefined && pullError === undefined)) ? { digest: undefined } : undefined;
  }

  async pull(image: string): Promise<void> {
    this.#answer();
    const { pullMs = 0, pullError } = this.#behaviourOfImage(image);
    await this.#spend(pullMs);
    if (pullError !== undefined) throw new RuntimeError('refused', pullError);
    this.#pulled.add(image);
  }

  async create(request: CreateRequest): Promise<CreatedContainer> {
    this.#answer();
    const { container } = request;
    const behaviour = this.#options.behaviour(container);
    await this.#spend(behaviour.createMs ?? 1);
    if (behaviour.createError !== undefined) throw new RuntimeError('refused', behaviour.createError);
    const existing = this.#find(request.name);
    if (existing) return adopt(existing, request);
    if (!(await this.findImage(container.image))) throw new RuntimeError('not-found', `No such image: ${container.image}`);
    this.#nextId += 1;
    const id = `${this.#options.name}-${this.#nextId}`;
    const { timers } = this.#options;
    const onChange = (what: 'started' | 'exited' | 'health'): void => this.#emit(id, what);
    const nextPort = (): number => this.#takePort();
    const created = new SimulatedContainer({ id, request, behaviour, timers, onChange, nextPort });
    this.#containers.set(id, created);
    this.#byName.set(created.name, created);
    return { id, adopted: false };
  }

  async start(id: string): Promise<void> {
    this.#answer();
    const container = this.#get(id);
    const { startedAt } = container.observe();
    if (container.isRunning) return;
    await this.#spend(container.behaviour.startMs ?? 10);
    // Of two starts at once the engine does one.
    if (container.observe().startedAt === startedAt) container.start(() => this.#takenPorts());
  }

  async inspect(id: string): Promise<ObservedContainer | undefined> {
    this.#answer();
    return this.#find(id)?.observe();
  }

  async stop(id: string, timeoutSeconds: number): Promise<void> {
    this.#answer();
    const container = this.#find(id);
    if (!container?.isRunning) return;
    const { stopMs = 0, stopExitCode = 143 } = container.behaviour;
    const timeoutMs = timeoutSeconds * 1000;
    await this.#spend(Math.min(stopMs, timeoutMs));
    if (stopMs <= timeoutMs) container.exit(stopExitCode);
    else if (!container.kill())
      throw new RuntimeError('refused', `tried to kill container ${id}, but did not receive an exit event`);
  }

  async kill(id: string): Promise<void> {
    this.#answer();
    this.#find(id)?.kill();
  }

  async remove(id: string): Promise<void> {
    this.#answer();
    const container = this.#find(id);
    if (!container) return;
    if (container.isRunning) throw new RuntimeError('conflict', `You cannot remove a running container ${id}.`);
    this.#containers.delete(container.id);
    this.#byName.delete(container.name);
    this.#emitTo(container.observe().labels[instanceLabel], { kind: 'changed', id: container.id, what: 'removed' });
  }

  async *logs(id: string, { follow, tail, signal }: LogOptions): AsyncIterable<Uint8Array> {
    this.#answer();
    const container = this.#get(id);
    const lines = container.output.split(/(?<=\n)/);
    yield Buffer.from((tail === 0 ? lines : lines.slice(-tail)).join(''));
    if (follow) await container.ended(signal);
  }

  async createVolume({ name, volume }: VolumeRequest): Promise<void> {
    this.#answer();
    if (volume.docker?.autoprovision === false && !this.#volumes.has(name))
      throw new RuntimeError('not-found', `no such volume: ${name}`);
    this.#volumes.add(name);
  }

  async removeVolume(name: string): Promise<void> {
    this.#answer();
    this.#volumes.delete(name);
  }

  #behaviourOfImage(image: string): SimulatedBehaviour {
    return this.#options.behaviour({ image, name: '' });
  }

  #answer(): void {
    if (!this.#reachable) throw new RuntimeError('unreachable', 'Cannot connect to the simulated engine.');
  }

  /** An answer is lost when the engine goes away meanwhile. */
  async #spend(delayMs: number): Promise<void> {
    if (delayMs > 0) await pause(this.#options.timers, delayMs);
    this.#answer();
  }

  #find(idOrName: string): SimulatedContainer | undefined {
    return this.#containers.get(idOrName) ?? this.#byName.get(idOrName);
  }

  #get(id: string): SimulatedContainer {
    const container = this.#find(id);
    if (!container) throw new RuntimeError('not-found', `No such container: ${id}`);
    return container;
  }

  #takePort(): number {
    const port = this.#nextPort;
    this.#nextPort = port === lastDynamicPort ? firstDynamicPort : port + 1;
    return port;
  }

  #takenPorts(): Set<string> {
    const running = [...this.#containers.values()].filter(({ isRunning }) => isRunning);
    return new Set(
      running.flatMap((each) => each.observe().networkBindings.map(({ hostPort, protocol }) => `${hostPort}/${protocol}`)),
    );
  }

  #emit(id: string, what: 'started' | 'exited' | 'health'): void {
    this.#emitTo(this.#containers.get(id)?.observe().labels[instanceLabel], { kind: 'changed', id, what });
  }

  #emitTo(instanceId: string | undefined, event: RuntimeEvent): void {
    if (!this.#reachable) return;
    for (const watcher of this.#watchers) if (watcher.instanceId === instanceId) watcher.onEvent(event);
  }
}

function adopt(existing: SimulatedContainer, request: CreateRequest): CreatedContainer {
  if (isSameContainer(existing.observe().labels, request.labels)) return { id: existing.id, adopted: true };
  throw new RuntimeError('conflict', `Conflict. The container name "${request.name}" is in use by another container.`);
}

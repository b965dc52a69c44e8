/**
 * The container engine as the agent sees it: the only way to Docker. Two implementations pass one
 * contract suite (test/contract/container-runtime.ts): `DockerRuntime` and `SimulatedRuntime`.
 * Every failure is a `RuntimeError`; every call may be repeated without harm.
 */
import type { CreateRequest, VolumeRequest } from '../domain/create-request.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';

export interface ContainerRuntime {
  info(): Promise<RuntimeInfo>;
  /** Every container, stopped ones too, that carries the label `mini-ecs.instance` (with this value, if one is given). */
  list(instanceId?: string): Promise<ObservedContainer[]>;
  /**
   * Follows the containers of an instance. Events are hints: inspect to learn. Reconnects by itself; each
   * `connected`, the first one too, says that changes may have been missed: list again.
   */
  watch(instanceId: string, onEvent: (event: RuntimeEvent) => void): { close(): void };
  /** What the engine holds under this name; undefined: nothing. */
  findImage(image: string): Promise<ImageInfo | undefined>;
  pull(image: string): Promise<void>;
  /**
   * Creates a container. A name taken by a container with the same task, container and instance labels is a
   * creation repeated: that one is `adopted`, in whatever state it is.
   */
  create(request: CreateRequest): Promise<CreatedContainer>;
  /** Nothing happens to a running container. */
  start(id: string): Promise<void>;
  /** undefined: the engine does not know it (any more). */
  inspect(id: string): Promise<ObservedContainer | undefined>;
  /** SIGTERM (or the image's stop signal), after the timeout SIGKILL; resolves when it has stopped. Stopped or gone: nothing happens. */
  stop(id: string, timeoutSeconds: number): Promise<void>;
  /** SIGKILL; stopped or gone: nothing happens. */
  kill(id: string): Promise<void>;
  /** Removes a stopped container and its anonymous volumes; gone: nothing happens. */
  remove(id: string): Promise<void>;
  /** stdout and stderr in the order written. Ends with the log, or, following, with the container or the signal. */
  logs(id: string, options: LogOptions): AsyncIterable<Uint8Array>;
  /** Creates a named volume; with `autoprovision` off it must be there already. */
  createVolume(volume: VolumeRequest): Promise<void>;
  /** Gone or in use: nothing happens. */
  removeVolume(name: string): Promise<void>;
}

export interface RuntimeInfo {
  /** Of the engine, as `docker version` says it. */
  version: string;
  cpus: number;
  /** Bytes */
  memory: number;
  /** `linux` */
  osType: string;
  /** `x86_64` | `arm64` as ECS's `ecs.cpu-architecture` says it */
  architecture: string;
  hostname: string;
}

export interface CreatedContainer {
  id: string;
  adopted: boolean;
}

export interface ImageInfo {
  /** `sha256:…` of the registry; undefined: built or imported on this host, no registry knows it. */
  digest?: string;
}

export interface LogOptions {
  follow: boolean;
  /** Lines from the end; 0: all. */
  tail: number;
  signal: AbortSignal;
}

export interface ContainerChange {
  kind: 'changed';
  id: string;
  what: 'started' | 'exited' | 'out of memory' | 'health' | 'removed';
}

export type RuntimeEvent = { kind: 'connected' } | { kind: 'disconnected' } | ContainerChange;

/**
 * - `unreachable`: no answer; whether the call took effect is not known. Worth another try.
 * - `not-found`: the container, image or volume does not exist.
 * - `conflict`: the name is taken by something else.
 * - `refused`: the engine said no and will say so again.
 */
export type RuntimeErrorCode = 'unreachable' | 'not-found' | 'conflict' | 'refused';

export class RuntimeError extends Error {
  readonly code: RuntimeErrorCode;

  constructor(code: RuntimeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RuntimeError';
    this.code = code;
  }
}

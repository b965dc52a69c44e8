import Docker from 'dockerode';
import type { Readable } from 'node:stream';
import { containerNameLabel, instanceLabel, isSameContainer } from '../domain/container-labels.ts';
import type { CreateRequest, VolumeRequest } from '../domain/create-request.ts';
import type { ObservedContainer } from '../domain/observed-container.ts';
import { systemTimers, type Timers } from '../timers.ts';
import {
  RuntimeError,
  type ContainerRuntime,
  type CreatedContainer,
  type ImageInfo,
  type LogOptions,
  type RuntimeEvent,
  type RuntimeInfo,
} from './container-runtime.ts';
import { dockerCreateOptions } from './docker-create-options.ts';
import { runtimeError, tolerating } from './docker-error.ts';
import { watchDockerEvents } from './docker-events.ts';
import { observedContainer } from './docker-inspect.ts';
import { logPayloads } from './docker-log-stream.ts';

const notModified = 304;
const notFound = 404;
const conflict = 409;
/** Inspections at once while listing. */
const listConcurrency = 8;

/** A Docker Engine, 20.10 or newer. `address`: the path of its unix socket, `unix://…` or `tcp://host:port`. */
export class DockerRuntime implements ContainerRuntime {
  readonly #docker: Docker;
  readonly #timers: Timers;

  constructor(address: string, timers: Timers = systemTimers) {
    this.#docker = new Docker(dockerOptions(address));
    this.#timers = timers;
  }

  async info(): Promise<RuntimeInfo> {
    const info = await tolerating([], () => this.#docker.info());
    return {
      version: info.ServerVersion,
      cpus: info.NCPU,
      memory: info.MemTotal,
      osType: info.OSType,
      architecture: info.Architecture === 'aarch64' ? 'arm64' : info.Architecture,
      hostname: info.Name,
    };
  }

  async list(instanceId?: string): Promise<ObservedContainer[]> {
    const label = instanceId === undefined ? instanceLabel : `${instanceLabel}=${instanceId}`;
    const filters = { label: [label, containerNameLabel] };
    const listed = (await tolerating([], () => this.#docker.listContainers({ all: true, filters }))) ?? [];
    const ids = listed.map(({ Id }) => Id);
    const observed: (ObservedContainer | undefined)[] = [];
    while (ids.length > 0) observed.push(...(await Promise.all(ids.splice(0, listConcurrency).map((id) => this.inspect(id)))));
    return observed.filter((container) => container !== undefined);
  }

  watch(instanceId: string, onEvent: (event: RuntimeEvent) => void): { close(): void } {
    return watchDockerEvents(this.#docker, this.#timers, instanceId, onEvent);
  }

  async findImage(image: string): Promise<ImageInfo | undefined> {
    const found = await tolerating([notFound], () => this.#docker.getImage(image).inspect());
    return found && { digest: found.RepoDigests?.[0]?.split('@')[1] };
  }

  async pull(image: string): Promise<void> {
    const progress = await tolerating([], () => this.#docker.createImage({ fromImage: withTag(image) }));
    await new Promise<void>((resolve, reject) => {
      const done = (error: Error | null): void => (error ? reject(new RuntimeError('refused', error.message)) : resolve());
      this.#docker.modem.followProgress(progress as Readable, done);
    });
  }

  async create(request: CreateRequest): Promise<CreatedContainer> {
    const created = await tolerating([conflict], () => this.#docker.createContainer(dockerCreateOptions(request)));
    if (created) return { id: created.id, adopted: false };
    const existing = await this.inspect(request.name);
    if (existing && isSameContainer(existing.labels, request.labels)) return { id: existing.id, adopted: true };
    throw new RuntimeError(
      'conflict',
      `Error response from daemon: Conflict. The container name "${request.name}" is in use by another container.`,
    );
  }

  async start(id: string): Promise<void> {
    await tolerating([notModified], () => this.#docker.getContainer(id).start());
  }

  async inspect(id: string): Promise<ObservedContainer | undefined> {
    const info = await tolerating([notFound], () => this.#docker.getContainer(id).inspect());
    return info && observedContainer(info);
  }

  async stop(id: string, timeoutSeconds: number): Promise<void> {
    await tolerating([notModified, notFound], () => this.#docker.getContainer(id).stop({ t: timeoutSeconds }));
  }

  async kill(id: string): Promise<void> {
    await tolerating([notFound, conflict], () => this.#docker.getContainer(id).kill());
  }

  async remove(id: string): Promise<void> {
    await tolerating([notFound], () => this.#docker.getContainer(id).remove({ v: true }));
  }

  async *logs(id: string, { follow, tail, signal }: LogOptions): AsyncIterable<Uint8Array> {
    const container = this.#docker.getContainer(id);
    const { Config: config } = (await tolerating([], () => container.inspect()))!;
    const stream = await this.#logStream(id, follow, tail, signal);
    try {
      yield* config.Tty ? stream : logPayloads(stream);
    } catch (error) {
      if (!signal.aborted) throw runtimeError(error);
    } finally {
      stream.destroy();
    }
  }

  async createVolume({ name, volume, labels }: VolumeRequest): Promise<void> {
    const { docker } = volume;
    if (docker?.autoprovision === false) {
      await tolerating([], () => this.#docker.getVolume(name).inspect());
      return;
    }
    await tolerating([], () =>
      this.#docker.createVolume({
        Name: name,
        Driver: docker?.driver,
        DriverOpts: docker?.driverOpts,
        Labels: { ...docker?.labels, ...labels },
      }),
    );
  }

  async removeVolume(name: string): Promise<void> {
    await tolerating([notFound, conflict], () => this.#docker.getVolume(name).remove());
  }

  /** dockerode's own `logs` without `follow` gathers the whole log in memory first. */
  #logStream(id: string, follow: boolean, tail: number, signal: AbortSignal): Promise<Readable> {
    const options = {
      path: `/containers/${id}/logs?`,
      method: 'GET',
      isStream: true,
      abortSignal: signal,
      statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
      options: { stdout: true, stderr: true, follow, tail: tail === 0 ? 'all' : String(tail) },
    };
    return new Promise((resolve, reject) => {
      this.#docker.modem.dial(options, (error: unknown, stream?: unknown) =>
        error ? reject(runtimeError(error)) : resolve(stream as Readable),
      );
    });
  }
}

function dockerOptions(address: string): Docker.DockerOptions {
  if (!address.includes('://')) return { socketPath: address };
  const url = new URL(address);
  if (url.protocol === 'unix:') return { socketPath: url.pathname };
  return { protocol: 'http', host: url.hostname, port: url.port || '2375' };
}

/** Without a tag or digest Docker would pull every tag of the repository. */
const withTag = (image: string): string => (/[:@][^/]*$/.test(image) ? image : `${image}:latest`);

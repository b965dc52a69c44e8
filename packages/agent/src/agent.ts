/** The agent put together: the only place that wires its parts. */
import { readFile } from 'node:fs/promises';
import { createLogger, type Logger } from '@mini-ecs/shared';
import type { AgentConfig } from './config.ts';
import { FileCertificateStore, type CertificateStore } from './credentials/agent-certificate.ts';
import { secureConnection, type Connection } from './credentials/connection.ts';
import type { Enrolment } from './domain/enrolment.ts';
import { ConcurrencyLimit } from './executor/concurrency-limit.ts';
import { ImagePuller } from './executor/image-puller.ts';
import { retryWhileUnreachable } from './executor/retry.ts';
import { stepExecutors } from './executor/step-executors.ts';
import { TaskEngine } from './executor/task-engine.ts';
import { resetInstance } from './reset.ts';
import { routeAddress } from './route-address.ts';
import type { ContainerRuntime, RuntimeEvent, RuntimeInfo } from './runtime/container-runtime.ts';
import { DockerRuntime } from './runtime/docker-runtime.ts';
import type { OpenStream } from './session/agent-stream.ts';
import { helloMessage } from './session/hello.ts';
import { SessionLoop } from './session/session-loop.ts';
import { statusMessage } from './session/status-message.ts';
import { StatusReporter } from './session/status-reporter.ts';
import type { StateStore } from './state/agent-state.ts';
import { FileStateStore } from './state/file-state-store.ts';
import { identityOf, type Identity } from './state/identity.ts';
import { StateWriter } from './state/state-writer.ts';
import { systemTimers, type Cancel, type Timers } from './timers.ts';

export interface AgentDependencies {
  runtime: ContainerRuntime;
  timers: Timers;
  /** In place of gRPC over TLS with a certificate: of a network that tells agents apart by itself. */
  openStream?: OpenStream;
  /** Sees, and may wrap, every stream. */
  watchStreams?: (openStream: OpenStream) => OpenStream;
  stateStore: StateStore;
  certificateStore: CertificateStore;
  log: Logger;
  /** Between 0 and 1; for the jitter of reconnects only. */
  random: () => number;
}

export interface Agent {
  readonly instanceId: string;
  /** Says farewell to the controller and stops; the containers go on running. */
  stop(): Promise<void>;
}

/** How long the engine may be away before the host counts as lost. */
const engineAwayMs = 3_000;
const engineCallMs = 30_000;
/** The slow pass that finds what a lost event missed, and how soon it is repeated when it failed. */
const lookPeriodMs = 60_000;
const lookAgainMs = 1_000;

/**
 * Starts an agent. Resolves when it has taken up what runs on the host; the session with a controller comes when it
 * can. Waits for an engine that is not there yet. Rejects for a state file that it cannot use.
 */
export async function startAgent(config: AgentConfig, dependencies: Partial<AgentDependencies> = {}): Promise<Agent> {
  const deps = withDefaults(config, dependencies);
  const { runtime, stateStore, certificateStore, log } = deps;
  const info = await untilReachable(deps, () => runtime.info());
  if (config.reset) {
    await resetInstance({ runtime, stateStore, certificateStore, log, policy: config.policy, cluster: config.cluster });
  }
  const state = await stateStore.load();
  const containers = state ? [] : await untilReachable(deps, () => runtime.list());
  const identity = identityOf(state, containers, config.cluster);
  const connection = await connectionOf(config, deps, identity.instanceId);
  const address = config.address ?? (await routeAddress(config.controllers[0] ?? ''));
  const agent = new RunningAgent(config, deps, { identity, info, address, connection, agentVersion: await packageVersion() });
  await agent.start(state?.tasks ?? []);
  return agent;
}

interface AgentFacts {
  identity: Identity;
  info: RuntimeInfo;
  address: string;
  agentVersion: string;
  connection: Connection;
}

class RunningAgent implements Agent {
  readonly instanceId: string;
  readonly #deps: AgentDependencies;
  readonly #engine: TaskEngine;
  readonly #writer: StateWriter;
  readonly #reporter: StatusReporter;
  readonly #sessions: SessionLoop;
  readonly #connection: Connection;
  #enrolment: Enrolment;
  #watch: { close(): void } | undefined;
  #cancelAway: Cancel | undefined;
  #cancelLook: Cancel | undefined;
  #engineIsAway = false;
  #stopped = false;

  constructor(config: AgentConfig, deps: AgentDependencies, { identity, info, address, agentVersion, connection }: AgentFacts) {
    const { runtime, timers, log } = deps;
    const { instanceId } = identity;
    this.#deps = deps;
    this.#connection = connection;
    this.instanceId = instanceId;
    this.#enrolment = { storeId: identity.storeId, storeEpoch: identity.storeEpoch };
    this.#engine = new TaskEngine({
      runtime,
      timers,
      log,
      policy: config.policy,
      executors: stepExecutors({
        runtime,
        timers,
        images: new ImagePuller(runtime, config.imagePullBehavior, timers),
        launches: new ConcurrencyLimit(config.launchConcurrency),
      }),
      owner: () => ({ instanceId, storeId: this.#enrolment.storeId }),
      onChange: () => this.#writer.changed(),
      onReport: (taskId) => this.#reporter.changed(taskId),
    });
    this.#writer = new StateWriter(deps.stateStore, timers, log, () => ({
      format: 1,
      instanceId,
      cluster: config.cluster,
      ...this.#enrolment,
      tasks: this.#engine.records(),
    }));
    this.#reporter = new StatusReporter({
      timers,
      statusOf: (taskId) => this.#statusOf(taskId),
      onAcknowledged: (taskId, status) => {
        if (status === undefined || status === 'STOPPED') this.#engine.acknowledge(taskId);
      },
    });
    this.#sessions = new SessionLoop({
      ...deps,
      openStream: connection.openStream,
      controllers: config.controllers,
      hello: () =>
        helloMessage({ config, instanceId, enrolment: this.#enrolment, info, agentVersion, address, tasks: this.#statuses() }),
      enrolment: () => this.#enrolment,
      onEnrolled: (enrolment) => this.#enrol(enrolment),
      assignAll: (assignments, unknown) => this.#engine.assignAll(assignments, unknown),
      assignSome: (changed, removed) => this.#engine.assignSome(changed, removed),
      reporter: this.#reporter,
      recordOf: (taskId) => this.#engine.recordOf(taskId),
    });
  }

  async start(records: Parameters<TaskEngine['restore']>[0]): Promise<void> {
    const { runtime, log } = this.#deps;
    this.#engine.restore(records);
    await this.#writer.flush();
    // What runs is known before the first Hello tells it.
    await untilReachable(this.#deps, () => this.#engine.look());
    this.#watch = runtime.watch(this.instanceId, (event) => this.#onRuntimeEvent(event));
    this.#sessions.resume();
    log.info({ instance: this.instanceId, tasks: this.#engine.taskIds().length }, 'agent started');
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#watch?.close();
    this.#cancelAway?.();
    this.#cancelLook?.();
    await this.#sessions.stop();
    this.#connection.close();
    this.#engine.close();
    this.#reporter.detach();
    await this.#writer.flush();
  }

  #onRuntimeEvent(event: RuntimeEvent): void {
    switch (event.kind) {
      case 'connected':
        this.#engineIsAway = false;
        this.#cancelAway?.();
        void this.#lookAgain();
        return;
      case 'disconnected':
        this.#engineIsAway = true;
        this.#deps.log.warn('the container engine does not answer');
        this.#cancelAway?.();
        this.#cancelAway = this.#deps.timers.after(engineAwayMs, () => this.#sessions.suspend('the container engine is away'));
        return;
      case 'changed':
        void this.#engine.notice(event).catch(() => undefined);
        return;
      default:
        event satisfies never;
    }
  }

  async #lookAgain(): Promise<void> {
    if (this.#stopped) return;
    let nextMs = lookPeriodMs;
    try {
      await this.#engine.look();
      if (!this.#stopped && !this.#engineIsAway) this.#sessions.resume();
    } catch (error) {
      nextMs = lookAgainMs;
      this.#deps.log.warn({ err: error }, 'the containers could not be listed');
    }
    this.#cancelLook?.();
    if (!this.#stopped) this.#cancelLook = this.#deps.timers.after(nextMs, () => void this.#lookAgain());
  }

  #enrol(enrolment: Enrolment): void {
    if (enrolment.storeId === this.#enrolment.storeId && enrolment.storeEpoch === this.#enrolment.storeEpoch) return;
    this.#enrolment = enrolment;
    void this.#writer.flush();
  }

  #statusOf(taskId: string) {
    const report = this.#engine.reportOf(taskId);
    return report && statusMessage(taskId, report, this.#deps.timers.now());
  }

  #statuses() {
    return this.#engine.taskIds().flatMap((taskId) => this.#statusOf(taskId) ?? []);
  }
}

function withDefaults(config: AgentConfig, given: Partial<AgentDependencies>): AgentDependencies {
  const timers = given.timers ?? systemTimers;
  return {
    runtime: given.runtime ?? new DockerRuntime(config.dockerSocket, timers),
    timers,
    openStream: given.openStream,
    watchStreams: given.watchStreams,
    stateStore: given.stateStore ?? new FileStateStore(config.dataDir),
    certificateStore: given.certificateStore ?? new FileCertificateStore(config.dataDir),
    log: given.log ?? createLogger('agent', config.logLevel),
    random: given.random ?? Math.random,
  };
}

async function connectionOf(config: AgentConfig, deps: AgentDependencies, instanceId: string): Promise<Connection> {
  const { openStream, watchStreams = (open) => open } = deps;
  const connection = openStream ? { openStream, close: () => undefined } : await secureConnection(config, deps, instanceId);
  return { ...connection, openStream: watchStreams(connection.openStream) };
}

function untilReachable<T>({ timers, log }: AgentDependencies, call: () => Promise<T>): Promise<T> {
  const onAway = (error: Error): void => log.warn({ reason: error.message }, 'waiting for the container engine');
  return retryWhileUnreachable({ timers, timeoutMs: engineCallMs, signal: new AbortController().signal, onAway }, call);
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

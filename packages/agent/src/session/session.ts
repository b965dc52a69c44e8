/**
 * One session with a controller, from Hello to its end. It never touches a container itself: it hands the store's
 * word to the task engine, and only the word of the store that this instance is enrolled with.
 */
import type { AssignedTask, Assignment__Output, ControllerMessage__Output, HelloMessage, Logger } from '@mini-ecs/shared';
import { judgeStore, type Enrolment } from '../domain/enrolment.ts';
import type { TaskAssignment } from '../executor/task-engine.ts';
import type { Cancel, Timers } from '../timers.ts';
import type { AgentStream, OpenStream } from './agent-stream.ts';
import { Heartbeats } from './heartbeats.ts';
import { LogSender } from './log-sender.ts';
import type { ContainerRuntime } from '../runtime/container-runtime.ts';
import type { TaskRecord } from '../domain/task-record.ts';
import type { StatusReporter } from './status-reporter.ts';

export interface SessionDependencies {
  timers: Timers;
  log: Logger;
  openStream: OpenStream;
  hello: () => HelloMessage;
  enrolment: () => Enrolment;
  /** The store accepted this instance: its word counts from now on. */
  onEnrolled: (enrolment: Enrolment) => void;
  /** False: what came cannot be applied, a spec is missing. */
  assignAll: (assignments: TaskAssignment[], unknown: string[]) => boolean;
  assignSome: (changed: TaskAssignment[], removed: string[]) => boolean;
  reporter: StatusReporter;
  runtime: ContainerRuntime;
  recordOf: (taskId: string) => TaskRecord | undefined;
}

export interface SessionEnd {
  /** How far it came: refused sessions and unreachable controllers are retried ever more slowly. */
  welcomed: boolean;
  reason: string;
  /** The controller, or this agent, does not want this session: nothing to hurry for. */
  refused: boolean;
  /** By a newer session of this instance. */
  superseded?: boolean;
  retryAfterMs: number;
}

const welcomeTimeoutMs = 5_000;

export class Session {
  readonly #deps: SessionDependencies;
  readonly #stream: AgentStream;
  readonly #logs: LogSender;
  readonly #onEnd: (end: SessionEnd) => void;
  #welcomed = false;
  #end: SessionEnd | undefined;
  #heartbeats: Heartbeats | undefined;
  /** Of the assignments; undefined: increments mean nothing until the next full set. */
  #version: number | undefined;
  #cancelWelcome: Cancel;

  constructor(endpoint: string, deps: SessionDependencies, onEnd: (end: SessionEnd) => void) {
    this.#deps = deps;
    this.#onEnd = onEnd;
    this.#cancelWelcome = deps.timers.after(welcomeTimeoutMs, () => this.#abandon('no Welcome in time'));
    this.#stream = deps.openStream(endpoint, {
      onMessage: (message) => this.#receive(message),
      onEnd: (reason, refusedForMs) =>
        this.#finish({
          welcomed: this.#welcomed,
          reason,
          refused: refusedForMs !== undefined,
          retryAfterMs: refusedForMs ?? 0,
        }),
    });
    this.#logs = new LogSender(deps.runtime, deps.recordOf, this.#stream);
    this.#stream.send({ hello: deps.hello() });
  }

  /** The agent stops; its containers go on running. */
  farewell(): void {
    if (this.#welcomed) this.#stream.send({ farewell: {} });
    this.#stream.end();
  }

  /** Ends it as a cut cable would. */
  abandon(reason: string): void {
    this.#abandon(reason);
  }

  #receive(message: ControllerMessage__Output): void {
    if (this.#end) return;
    if (message.refusal) return this.#refusedBy(message.refusal);
    if (message.welcome) return this.#welcome(message.welcome);
    if (!this.#welcomed) return;
    this.#heartbeats?.heard();
    if (message.fullAssignments) this.#assignAll(message.fullAssignments);
    else if (message.assignmentIncrement) this.#assignSome(message.assignmentIncrement);
    else if (message.statusAck) this.#deps.reporter.acknowledged(message.statusAck.sequence, message.statusAck.unknownTasks);
    else if (message.heartbeatAck) this.#heartbeats?.acknowledged(message.heartbeatAck.sequence);
    else if (message.logRequest) void this.#logs.start(message.logRequest);
    else if (message.logCancel) this.#logs.cancel(message.logCancel.requestId);
  }

  #welcome(welcome: NonNullable<ControllerMessage__Output['welcome']>): void {
    const { storeId, storeEpoch, heartbeatMs, leaseMs } = welcome;
    const verdict = judgeStore(this.#deps.enrolment(), { storeId, storeEpoch });
    if (!verdict.accepted) return this.#refuse(verdict.reason, 0);
    this.#cancelWelcome();
    this.#welcomed = true;
    this.#deps.onEnrolled({ storeId, storeEpoch });
    this.#deps.log.info({ session: welcome.sessionId }, 'session open');
    this.#heartbeats = new Heartbeats({
      timers: this.#deps.timers,
      periodMs: heartbeatMs,
      // Sooner than the lease ends, so that another controller can renew it.
      silenceMs: leaseMs / 2,
      send: (sequence) => this.#stream.send({ heartbeat: { sequence } }),
      onSilence: () => this.#abandon('the controller no longer answers heartbeats'),
    });
    this.#deps.reporter.attach((report) => {
      this.#heartbeats?.sent();
      this.#stream.send({ statusReport: report });
    });
  }

  #assignAll({ version, assignments, unknown }: NonNullable<ControllerMessage__Output['fullAssignments']>): void {
    this.#version = version;
    if (unknown.length > 0) this.#deps.log.warn({ tasks: unknown }, 'the store is older than these tasks: they are left running');
    if (!this.#deps.assignAll(assignments.map(taskAssignment), unknown))
      this.#resync('a spec is missing in the full assignments');
  }

  #assignSome({ appliesTo, version, changed, removed }: NonNullable<ControllerMessage__Output['assignmentIncrement']>): void {
    if (this.#version === undefined) return;
    if (appliesTo !== this.#version) return this.#resync(`increment applies to ${appliesTo}, the agent is at ${this.#version}`);
    this.#version = version;
    if (!this.#deps.assignSome(changed.map(taskAssignment), removed)) this.#resync('a spec is missing in an increment');
  }

  #resync(reason: string): void {
    this.#deps.log.warn({ reason }, 'asking for the full assignments again');
    this.#version = undefined;
    this.#stream.send({ resync: { reason } });
  }

  #refusedBy({ code, message, retryAfterMs }: NonNullable<ControllerMessage__Output['refusal']>): void {
    this.#refuse(`${code}: ${message}`, retryAfterMs, code === 'SUPERSEDED');
  }

  #refuse(reason: string, retryAfterMs: number, superseded = false): void {
    this.#finish({ welcomed: this.#welcomed, reason, refused: true, superseded, retryAfterMs });
    this.#stream.destroy();
  }

  #abandon(reason: string): void {
    this.#finish({ welcomed: this.#welcomed, reason, refused: false, retryAfterMs: 0 });
    this.#stream.destroy();
  }

  #finish(end: SessionEnd): void {
    if (this.#end) return;
    this.#end = end;
    this.#cancelWelcome();
    this.#heartbeats?.close();
    this.#logs.close();
    if (this.#welcomed) this.#deps.reporter.detach();
    this.#onEnd(end);
  }
}

function taskAssignment({ taskId, desiredStatus, spec }: Assignment__Output): TaskAssignment {
  return {
    taskId,
    desiredStatus: desiredStatus === 'STOPPED' ? 'STOPPED' : 'RUNNING',
    spec: spec.length === 0 ? undefined : (JSON.parse(spec.toString('utf8')) as AssignedTask),
  };
}

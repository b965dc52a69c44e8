/** The session of one agent, from its admission to its end. */
import type { AgentMessage__Output, Clock, HelloReceived, Logger, TaskStatusReceived } from '@mini-ecs/shared';
import type { Enrolment } from '../domain/enrolment.ts';
import type { ClusterView, Projections } from '../projection/projection.ts';
import type { Store, StoreIdentity } from '../store/store.ts';
import type { AgentStream } from './agent-stream.ts';
import { certificateRefusal } from './certificate-holder.ts';
import { SessionLogs } from './log-relay.ts';
import { refusal, type Refusal } from './refusal.ts';
import { SessionAssignments } from './session-assignments.ts';
import { endOfEnrolment, endOfSession, outlivesItsCertificates } from './session-standing.ts';
import { StatusIntake } from './status-intake.ts';
import type { TaskSpecs } from './task-specs.ts';

/** What every session of a controller shares. */
export interface SessionContext {
  store: Store;
  projections: Projections;
  clock: Clock;
  log: Logger;
  specs: TaskSpecs;
  config: { leaseMs: number; heartbeatMs: number; region: string; accountId: string };
  /** Called when the agent reads again, or there may be something to tell. */
  schedule(session: AgentSession): void;
}

/** What the certificate that a session was opened with rests on, and its end in ms since the epoch. */
export interface AdmittedBy {
  enrolment: Enrolment;
  certificateEndsAt: number;
}

export interface SessionIdentity {
  id: string;
  cluster: string;
  instance: string;
  /** The feed position at which the store recorded it. */
  openedAt: number;
  /** undefined where the transport itself tells agents apart. */
  admittedBy: AdmittedBy | undefined;
  /** The instance was away for so long that its tasks were given up, and may have been removed. */
  wasAbandoned: boolean;
}

export class AgentSession {
  readonly id: string;
  readonly cluster: string;
  readonly instance: string;
  readonly logs: SessionLogs;
  readonly #openedAt: number;
  readonly #admittedBy: AdmittedBy | undefined;
  readonly #wasAbandoned: boolean;
  readonly #context: SessionContext;
  readonly #log: Logger;
  readonly #stream: AgentStream;
  readonly #intake: StatusIntake;
  readonly #assignments: SessionAssignments;
  #lastHeardAt: number;
  #isEndingAsExpired = false;

  constructor(identity: SessionIdentity, stream: AgentStream, context: SessionContext) {
    const { id, cluster, instance, openedAt, admittedBy, wasAbandoned } = identity;
    const { projections, specs } = context;
    this.id = id;
    this.cluster = cluster;
    this.instance = instance;
    this.#openedAt = openedAt;
    this.#admittedBy = admittedBy;
    this.#wasAbandoned = wasAbandoned;
    this.#context = context;
    this.#stream = stream;
    this.#log = context.log.child({ cluster, instance, session: id });
    this.#lastHeardAt = performance.now();
    this.logs = new SessionLogs((message) => stream.send(message));
    this.#assignments = new SessionAssignments({ cluster, instance, stream, projections, specs, log: this.#log });
    this.#intake = new StatusIntake({
      ...context,
      log: this.#log,
      cluster,
      instance,
      session: id,
      acknowledge: (sequence, unknownTasks) => stream.send({ statusAck: { sequence, unknownTasks } }),
      onRefused: () => void this.endAsRefused(),
    });
  }

  /** As `performance.now()`, which no correction of the time of day touches; any message counts. */
  get lastHeardAt(): number {
    return this.#lastHeardAt;
  }

  /** Statuses of the Hello first, so that the first assignments already rest on them. Throws what the store throws. */
  async start(hello: HelloReceived, store: StoreIdentity): Promise<void> {
    if (!this.#wasAbandoned) this.#assignments.expectKnown(hello.tasks.filter(isRunning).map(({ taskId }) => taskId));
    const isCurrent = await this.#intake.reportAll(hello.tasks);
    if (!isCurrent) return this.endAsRefused();
    const { heartbeatMs, leaseMs, region, accountId } = this.#context.config;
    this.#stream.send({
      welcome: { sessionId: this.id, storeId: store.id, storeEpoch: store.epoch, heartbeatMs, leaseMs, region, accountId },
    });
    this.#stream.onDrain(() => this.#context.schedule(this));
    await this.#sendFullSet();
  }

  receive(message: AgentMessage__Output): void {
    this.#lastHeardAt = performance.now();
    if (message.heartbeat) this.#stream.sendHeartbeatAck(message.heartbeat.sequence);
    else if (message.statusReport) this.#intake.report(message.statusReport.sequence, message.statusReport.tasks);
    else if (message.resync) void this.#resync(message.resync.reason);
    else if (message.logChunk) this.logs.receive(message.logChunk);
    else if (message.farewell) this.#takeLeave();
    else if (message.hello) this.end(refusal('BAD_HELLO', 'A session has one Hello, its first message.'));
  }

  touch(taskId: string): void {
    this.#assignments.touch(taskId);
  }

  touchEverything(view: ClusterView): void {
    this.#assignments.touchEverything(view);
  }

  /** Ends the session if the store says so, else tells the agent what changed. False: call it again when specs are known. */
  catchUp(view: ClusterView): boolean {
    if (this.#stream.hasEnded || view.position < this.#openedAt) return true;
    const end = this.#endIn(view);
    if (end) {
      this.end(end);
      return true;
    }
    void this.#endIfExpired(view);
    return this.#assignments.sendIncrement(view);
  }

  /** The store refused it a write or a lease; the instance says why: superseded, judged lost, deregistered, another store. */
  async endAsRefused(): Promise<void> {
    const view = await this.#context.projections.current(this.cluster).catch(() => undefined);
    const known = view && this.#endIn(view);
    this.end(known ?? refusal('UNAVAILABLE', 'The store does not take this session as the current one.', 0));
  }

  end(refusal: Refusal): void {
    if (this.#stream.hasEnded) return;
    this.#log.info({ refusal }, 'A session of an agent ends.');
    this.#stream.refuse(refusal);
  }

  /** After its stream ended: resolves when it writes nothing any more. */
  async close(): Promise<void> {
    this.logs.close();
    await this.#intake.close();
  }

  #endIn(view: ClusterView): Refusal | undefined {
    const end = endOfSession(this.id, view.instances.get(this.instance));
    if (end || !this.#admittedBy) return end;
    return endOfEnrolment(this.#admittedBy.enrolment, view.enrolments.get(this.instance));
  }

  /**
   * Once all its certificates have ended, if its agent can have a new one: that the store takes the write of a renewal is tried first, by
   * one that changes nothing. A control plane that can issue none throws nobody out.
   */
  async #endIfExpired(view: ClusterView): Promise<void> {
    const { store, clock } = this.#context;
    const enrolment = view.enrolments.get(this.instance);
    if (!this.#admittedBy || !enrolment || this.#isEndingAsExpired) return;
    if (!outlivesItsCertificates(this.#admittedBy.certificateEndsAt, enrolment, clock.now())) return;
    this.#isEndingAsExpired = true;
    const { cluster, instance, version } = enrolment;
    const expect = { version: String(version) };
    const written = await store
      .put({ partition: cluster, kind: 'enrolment', id: instance, expect, set: {} })
      .catch(() => undefined);
    this.#isEndingAsExpired = false;
    if (written?.ok) this.end(certificateRefusal('EXPIRED', enrolment));
  }

  /** Its containers run on, and nobody is told anything: the lease decides, as if the host were cut off. */
  #takeLeave(): void {
    this.#log.info('An agent says farewell.');
    this.#stream.end();
  }

  async #resync(reason: string): Promise<void> {
    this.#log.warn({ reason }, 'An agent lost track of its assignments and gets them all again.');
    try {
      await this.#sendFullSet();
    } catch (error) {
      this.#log.warn({ err: error }, 'Assignments could not be read.');
      this.end(refusal('UNAVAILABLE', 'The store does not answer.'));
    }
  }

  async #sendFullSet(): Promise<void> {
    const view = await this.#context.projections.current(this.cluster);
    const end = this.#endIn(view);
    if (end) return this.end(end);
    await this.#assignments.sendFullSet();
    this.#context.schedule(this);
  }
}

const isRunning = ({ lastStatus }: TaskStatusReceived): boolean => lastStatus !== 'STOPPED';

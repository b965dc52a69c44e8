/** The controller's side of the agent protocol, played by a test: it records what an agent says and says what it is told. */
import * as grpc from '@grpc/grpc-js';
import {
  agentProtocol,
  type AgentMessage__Output,
  type AgentGatewayHandlers,
  type AssignedTask,
  type Assignment,
  type ControllerMessage,
  type HelloReceived,
  type IssuedCertificateMessage,
  type TaskStatusReceived,
} from '@mini-ecs/shared';
import { AgentPortCredentials } from '../../packages/controller/src/dispatch/agent-port-credentials.ts';
import type { Issue } from '../../packages/controller/src/identity/enroller.ts';
import { TestIdentity } from './test-identity.ts';

type SessionCall = grpc.ServerDuplexStream<AgentMessage__Output, ControllerMessage>;

export interface FakeControllerOptions {
  /** Shared by those of one store. @default one of its own */
  identity?: TestIdentity;
  storeId?: string;
  storeEpoch?: number;
  heartbeatMs?: number;
  leaseMs?: number;
  /** @default any free port */
  port?: number;
}

export class FakeController {
  readonly hellos: HelloReceived[] = [];
  readonly messages: AgentMessage__Output[] = [];
  /** The last status that came for each task. */
  readonly statuses = new Map<string, TaskStatusReceived>();
  /** Every lastStatus that came for each task, without repetitions. */
  readonly histories = new Map<string, string[]>();
  readonly unknownTasks = new Set<string>();
  /** As a store that is older than they are tells them in its full sets. */
  readonly neverHeardOf = new Set<string>();
  acknowledges = true;
  answersHeartbeats = true;
  /** Answered instead of a Welcome. */
  refusal: ControllerMessage['refusal'] | undefined;
  storeId: string;
  storeEpoch: number;
  endpoint = '';
  identity!: TestIdentity;
  readonly #options: FakeControllerOptions;
  readonly #server = new grpc.Server();
  readonly #assignments = new Map<string, { desiredStatus: string; spec?: AssignedTask }>();
  #calls: SessionCall[] = [];
  #version = 0;

  constructor(options: FakeControllerOptions = {}) {
    this.#options = options;
    this.storeId = options.storeId ?? 'store-1';
    this.storeEpoch = options.storeEpoch ?? 1;
  }

  async start(): Promise<this> {
    const { identity = await TestIdentity.start() } = this.#options;
    this.identity = identity;
    const { enroller } = identity;
    const handlers: AgentGatewayHandlers = {
      Session: (call) => this.#serve(call),
      Enroll: (call, answer) => void enroller.enroll(call.request).then((issue) => answerWith(issue, answer)),
      Renew: (call, answer) => void enroller.renew(call.request).then((issue) => answerWith(issue, answer)),
    };
    this.#server.addService(agentProtocol.AgentGateway.service, handlers);
    const credentials = new AgentPortCredentials(identity.server);
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${this.#options.port ?? 0}`, credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    this.endpoint = `127.0.0.1:${port}`;
    return this;
  }

  get sessions(): number {
    return this.#calls.length;
  }

  /** An increment with this one task. */
  assign(taskId: string, spec: AssignedTask | undefined, desiredStatus = 'RUNNING'): void {
    const known = this.#assignments.get(taskId);
    this.#assignments.set(taskId, { desiredStatus, spec: spec ?? known?.spec });
    this.#increment({ changed: [assignment(taskId, desiredStatus, spec)], removed: [] });
  }

  stopTask(taskId: string): void {
    this.assign(taskId, undefined, 'STOPPED');
  }

  remove(taskId: string): void {
    this.#assignments.delete(taskId);
    this.#increment({ changed: [], removed: [taskId] });
  }

  /** Forgets an assignment without a word: the next full set is without it. */
  loseAssignment(taskId: string): void {
    this.#assignments.delete(taskId);
  }

  /** An increment that does not follow on what the agent has. */
  skipAVersion(): void {
    this.#version += 1;
  }

  sendToAgents(message: ControllerMessage): void {
    for (const call of this.#calls) call.write(message);
  }

  /** Ends the sessions; the controller stays. */
  dropSessions(): void {
    for (const call of this.#calls) call.emit('error', { code: grpc.status.UNAVAILABLE, details: 'dropped' });
    this.#calls = [];
  }

  stop(): Promise<void> {
    this.#server.forceShutdown();
    this.#calls = [];
    return Promise.resolve();
  }

  #serve(call: SessionCall): void {
    call.on('data', (message: AgentMessage__Output) => this.#receive(call, message));
    call.on('error', () => this.#ended(call));
    call.on('end', () => {
      call.end();
      this.#ended(call);
    });
    call.on('close', () => this.#ended(call));
  }

  #ended(call: SessionCall): void {
    this.#calls = this.#calls.filter((each) => each !== call);
  }

  #receive(call: SessionCall, message: AgentMessage__Output): void {
    this.messages.push(message);
    if (message.hello) this.#greet(call, message.hello);
    if (message.heartbeat && this.answersHeartbeats) call.write({ heartbeatAck: { sequence: message.heartbeat.sequence } });
    if (message.resync) this.#sendAll(call);
    if (!message.statusReport) return;
    for (const status of message.statusReport.tasks) this.#note(status);
    if (!this.acknowledges) return;
    const unknownTasks = message.statusReport.tasks.map(({ taskId }) => taskId).filter((taskId) => this.unknownTasks.has(taskId));
    call.write({ statusAck: { sequence: message.statusReport.sequence, unknownTasks } });
  }

  #greet(call: SessionCall, hello: HelloReceived): void {
    this.hellos.push(hello);
    if (this.refusal) {
      call.write({ refusal: this.refusal });
      call.end();
      return;
    }
    this.#calls.push(call);
    const { heartbeatMs = 200, leaseMs = 60_000 } = this.#options;
    call.write({
      welcome: {
        sessionId: `session-${this.hellos.length}`,
        storeId: this.storeId,
        storeEpoch: this.storeEpoch,
        heartbeatMs,
        leaseMs,
      },
    });
    this.#sendAll(call);
  }

  #sendAll(call: SessionCall): void {
    const assignments = [...this.#assignments].map(([taskId, { desiredStatus, spec }]) =>
      assignment(taskId, desiredStatus, spec),
    );
    call.write({ fullAssignments: { version: this.#version, assignments, unknown: [...this.neverHeardOf] } });
  }

  #increment(changes: { changed: Assignment[]; removed: string[] }): void {
    const appliesTo = this.#version;
    this.#version += 1;
    this.sendToAgents({ assignmentIncrement: { appliesTo, version: this.#version, ...changes } });
  }

  #note(status: TaskStatusReceived): void {
    this.statuses.set(status.taskId, status);
    const history = this.histories.get(status.taskId) ?? [];
    if (history.at(-1) !== status.lastStatus) this.histories.set(status.taskId, [...history, status.lastStatus]);
  }
}

const answerWith = (issue: Issue, answer: grpc.sendUnaryData<IssuedCertificateMessage>): void =>
  issue.issued ? answer(null, issue.message) : answer({ code: grpc.status.UNAUTHENTICATED, details: issue.reason });

const assignment = (taskId: string, desiredStatus: string, spec: AssignedTask | undefined): Assignment => ({
  taskId,
  desiredStatus,
  spec: spec ? Buffer.from(JSON.stringify(spec)) : Buffer.alloc(0),
});

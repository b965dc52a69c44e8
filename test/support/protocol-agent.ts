/**
 * An agent as the protocol sees it: it opens a session, keeps the assignments that it is told and everything else that the
 * controller says, and does nothing by itself. For tests of the controller's side of proto/agent.proto.
 */
import * as grpc from '@grpc/grpc-js';
import {
  agentProtocol,
  agentProtocolVersion,
  controllerServerName,
  type AgentMessage,
  type ControllerMessage__Output,
  type HelloMessage,
  type TaskStatusMessage,
} from '@mini-ecs/shared';
import { eventually } from './eventually.ts';

/** As the generated client, but sends whatever bytes it is given. */
type Outgoing = AgentMessage | Buffer;
type Stream = grpc.ClientDuplexStream<Outgoing, ControllerMessage__Output>;
type Told<Kind extends keyof ControllerMessage__Output> = NonNullable<ControllerMessage__Output[Kind]>;
export type KnownAssignment = { desiredStatus: string; spec: Buffer };

export class ProtocolAgent {
  /** Everything that was received, in order. */
  readonly received: ControllerMessage__Output[] = [];
  /** taskId → what it was told last. */
  assignments = new Map<string, KnownAssignment>();
  version = 0;
  /** Set once the stream ended. */
  ended = false;
  status: grpc.StatusObject | undefined;
  readonly #client: InstanceType<typeof agentProtocol.AgentGateway>;
  readonly #stream: Stream;
  #heartbeats: NodeJS.Timeout | undefined;
  #sequence = 0;

  /** `credentials`: of the instance that it is to be. */
  constructor(port: number, credentials: grpc.ChannelCredentials) {
    const options = {
      'grpc.ssl_target_name_override': controllerServerName,
      // A channel of its own: many agents would else share one connection.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': 64 * 1024 * 1024,
    };
    this.#client = new agentProtocol.AgentGateway(`127.0.0.1:${port}`, credentials, options);
    const { path, requestSerialize, responseDeserialize } = agentProtocol.AgentGateway.service.Session;
    const serialize = (message: Outgoing): Buffer => (Buffer.isBuffer(message) ? message : requestSerialize(message));
    this.#stream = this.#client.makeBidiStreamRequest(path, serialize, responseDeserialize);
    this.#stream.on('data', (message: ControllerMessage__Output) => this.#take(message));
    this.#stream.on('error', () => undefined);
    this.#stream.on('status', (status: grpc.StatusObject) => {
      this.status = status;
      this.ended = true;
    });
  }

  send(message: AgentMessage): void {
    this.#stream.write(message);
  }

  /** Bytes that are no message. */
  sendRaw(bytes: Buffer): void {
    this.#stream.write(bytes);
  }

  hello(hello: Partial<HelloMessage> & { instanceId: string }): void {
    this.send({
      hello: {
        protocolVersion: agentProtocolVersion,
        cluster: 'default',
        hostname: 'host',
        address: '127.0.0.1',
        resources: { cpu: 4096, memory: 8192, reservedPorts: ['22/tcp'] },
        ...hello,
      },
    });
  }

  /** The sequence under which it went. */
  report(...tasks: TaskStatusMessage[]): number {
    this.#sequence += 1;
    this.send({ statusReport: { sequence: this.#sequence, tasks } });
    return this.#sequence;
  }

  startHeartbeats(periodMs: number): void {
    this.#heartbeats = setInterval(() => this.send({ heartbeat: { sequence: 1 } }), periodMs);
  }

  stopHeartbeats(): void {
    clearInterval(this.#heartbeats);
  }

  stopReading(): void {
    this.#stream.pause();
  }

  readAgain(): void {
    this.#stream.resume();
  }

  all<Kind extends keyof ControllerMessage__Output>(kind: Kind): Told<Kind>[] {
    return this.received.flatMap((message) => (message[kind] ? [message[kind] as Told<Kind>] : []));
  }

  /** The first message of a kind, waited for. */
  async first<Kind extends keyof ControllerMessage__Output>(kind: Kind): Promise<Told<Kind>> {
    return eventually(() => this.all(kind)[0], { describe: () => `no ${kind} among ${JSON.stringify(this.received)}` });
  }

  /** The code of the refusal, waited for, with the end of the stream behind it. */
  async refusal(): Promise<Told<'refusal'>> {
    const refusal = await this.first('refusal');
    await eventually(() => this.ended || undefined);
    return refusal;
  }

  /** Why gRPC itself ended the stream, waited for. */
  async failure(): Promise<{ code: grpc.status; details: string }> {
    return eventually(() => this.status, { describe: () => `no end after ${JSON.stringify(this.received)}` });
  }

  async acknowledged(sequence: number): Promise<Told<'statusAck'>> {
    return eventually(() => this.all('statusAck').find((ack) => ack.sequence === sequence));
  }

  close(): void {
    this.stopHeartbeats();
    this.#stream.cancel();
    this.#client.close();
  }

  #take(message: ControllerMessage__Output): void {
    this.received.push(message);
    const { fullAssignments: full, assignmentIncrement: increment } = message;
    if (full) {
      this.version = full.version;
      this.assignments = new Map(full.assignments.map(({ taskId, desiredStatus, spec }) => [taskId, { desiredStatus, spec }]));
    }
    if (!increment) return;
    if (increment.appliesTo !== this.version) {
      this.send({ resync: { reason: `an increment for ${increment.appliesTo} at ${this.version}` } });
      return;
    }
    this.version = increment.version;
    for (const { taskId, desiredStatus, spec } of increment.changed) {
      const known = this.assignments.get(taskId);
      this.assignments.set(taskId, { desiredStatus, spec: spec.length > 0 || !known ? spec : known.spec });
    }
    for (const taskId of increment.removed) this.assignments.delete(taskId);
  }
}

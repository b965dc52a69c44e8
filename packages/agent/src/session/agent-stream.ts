import type { AgentMessage, ControllerMessage__Output } from '@mini-ecs/shared';

/** One stream to a controller, as a session needs it: gRPC, or a queue in a simulation. */
export interface AgentStream {
  /** Messages arrive in the order sent, or the stream ends. */
  send(message: AgentMessage): void;
  /** Resolves when what was sent has been taken up far enough to send bulk; rejects when the stream has ended. */
  ready(): Promise<void>;
  /** Ends it after what was sent. */
  end(): void;
  /** Ends it now. */
  destroy(): void;
}

export interface StreamHandlers {
  onMessage: (message: ControllerMessage__Output) => void;
  /** Once, also after `end` and `destroy`. `refusedForMs`: the other side does not want it, or is the wrong one; how long to wait. */
  onEnd: (reason: string, refusedForMs?: number) => void;
}

/** Never throws: an endpoint that cannot be reached ends the stream. */
export type OpenStream = (endpoint: string, handlers: StreamHandlers) => AgentStream;

export * from './agent-protocol.ts';
export * from './arn.ts';
export * from './assigned-task.ts';
export * from './clock.ts';
export * from './duration.ts';
export * from './ids.ts';
export * from './join-token.ts';
export * from './key-proof.ts';
export * from './logger.ts';
export * from './resources.ts';
export * from './task-lifecycle.ts';
export * from './waking-time.ts';
export type { AgentMessage, AgentMessage__Output } from './generated/miniecs/agent/v1/AgentMessage.ts';
export type { AgentGatewayHandlers } from './generated/miniecs/agent/v1/AgentGateway.ts';
export type { Assignment, Assignment__Output } from './generated/miniecs/agent/v1/Assignment.ts';
export type {
  ContainerStatus as ContainerStatusMessage,
  ContainerStatus__Output as ContainerStatusReceived,
} from './generated/miniecs/agent/v1/ContainerStatus.ts';
export type { ControllerMessage, ControllerMessage__Output } from './generated/miniecs/agent/v1/ControllerMessage.ts';
export type { Hello as HelloMessage, Hello__Output as HelloReceived } from './generated/miniecs/agent/v1/Hello.ts';
export type {
  TaskStatus as TaskStatusMessage,
  TaskStatus__Output as TaskStatusReceived,
} from './generated/miniecs/agent/v1/TaskStatus.ts';
export type { EnrollRequest, EnrollRequest__Output as EnrollReceived } from './generated/miniecs/agent/v1/EnrollRequest.ts';
export type { RenewRequest, RenewRequest__Output as RenewReceived } from './generated/miniecs/agent/v1/RenewRequest.ts';
export type {
  IssuedCertificate as IssuedCertificateMessage,
  IssuedCertificate__Output as IssuedCertificateReceived,
} from './generated/miniecs/agent/v1/IssuedCertificate.ts';
export type { NetworkBinding as NetworkBindingMessage } from './generated/miniecs/agent/v1/NetworkBinding.ts';

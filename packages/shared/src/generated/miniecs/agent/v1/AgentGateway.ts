// Original file: proto/agent.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AgentMessage as _miniecs_agent_v1_AgentMessage, AgentMessage__Output as _miniecs_agent_v1_AgentMessage__Output } from '../../../miniecs/agent/v1/AgentMessage.ts';
import type { ControllerMessage as _miniecs_agent_v1_ControllerMessage, ControllerMessage__Output as _miniecs_agent_v1_ControllerMessage__Output } from '../../../miniecs/agent/v1/ControllerMessage.ts';
import type { EnrollRequest as _miniecs_agent_v1_EnrollRequest, EnrollRequest__Output as _miniecs_agent_v1_EnrollRequest__Output } from '../../../miniecs/agent/v1/EnrollRequest.ts';
import type { IssuedCertificate as _miniecs_agent_v1_IssuedCertificate, IssuedCertificate__Output as _miniecs_agent_v1_IssuedCertificate__Output } from '../../../miniecs/agent/v1/IssuedCertificate.ts';
import type { RenewRequest as _miniecs_agent_v1_RenewRequest, RenewRequest__Output as _miniecs_agent_v1_RenewRequest__Output } from '../../../miniecs/agent/v1/RenewRequest.ts';

export interface AgentGatewayClient extends grpc.Client {
  Enroll(argument: _miniecs_agent_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _miniecs_agent_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _miniecs_agent_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  Enroll(argument: _miniecs_agent_v1_EnrollRequest, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  enroll(argument: _miniecs_agent_v1_EnrollRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  enroll(argument: _miniecs_agent_v1_EnrollRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  enroll(argument: _miniecs_agent_v1_EnrollRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  enroll(argument: _miniecs_agent_v1_EnrollRequest, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  
  Renew(argument: _miniecs_agent_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  Renew(argument: _miniecs_agent_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  Renew(argument: _miniecs_agent_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  Renew(argument: _miniecs_agent_v1_RenewRequest, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  renew(argument: _miniecs_agent_v1_RenewRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  renew(argument: _miniecs_agent_v1_RenewRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  renew(argument: _miniecs_agent_v1_RenewRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  renew(argument: _miniecs_agent_v1_RenewRequest, callback: grpc.requestCallback<_miniecs_agent_v1_IssuedCertificate__Output>): grpc.ClientUnaryCall;
  
  Session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  Session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  
}

export interface AgentGatewayHandlers extends grpc.UntypedServiceImplementation {
  Enroll: grpc.handleUnaryCall<_miniecs_agent_v1_EnrollRequest__Output, _miniecs_agent_v1_IssuedCertificate>;
  
  Renew: grpc.handleUnaryCall<_miniecs_agent_v1_RenewRequest__Output, _miniecs_agent_v1_IssuedCertificate>;
  
  Session: grpc.handleBidiStreamingCall<_miniecs_agent_v1_AgentMessage__Output, _miniecs_agent_v1_ControllerMessage>;
  
}

export interface AgentGatewayDefinition extends grpc.ServiceDefinition {
  Enroll: MethodDefinition<_miniecs_agent_v1_EnrollRequest, _miniecs_agent_v1_IssuedCertificate, _miniecs_agent_v1_EnrollRequest__Output, _miniecs_agent_v1_IssuedCertificate__Output>
  Renew: MethodDefinition<_miniecs_agent_v1_RenewRequest, _miniecs_agent_v1_IssuedCertificate, _miniecs_agent_v1_RenewRequest__Output, _miniecs_agent_v1_IssuedCertificate__Output>
  Session: MethodDefinition<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage, _miniecs_agent_v1_AgentMessage__Output, _miniecs_agent_v1_ControllerMessage__Output>
}

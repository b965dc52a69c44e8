// Original file: proto/agent.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AgentMessage as _miniecs_agent_v1_AgentMessage, AgentMessage__Output as _miniecs_agent_v1_AgentMessage__Output } from '../../../miniecs/agent/v1/AgentMessage.ts';
import type { ControllerMessage as _miniecs_agent_v1_ControllerMessage, ControllerMessage__Output as _miniecs_agent_v1_ControllerMessage__Output } from '../../../miniecs/agent/v1/ControllerMessage.ts';

export interface AgentGatewayClient extends grpc.Client {
  Session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  Session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  session(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  session(options?: grpc.CallOptions): grpc.ClientDuplexStream<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage__Output>;
  
}

export interface AgentGatewayHandlers extends grpc.UntypedServiceImplementation {
  Session: grpc.handleBidiStreamingCall<_miniecs_agent_v1_AgentMessage__Output, _miniecs_agent_v1_ControllerMessage>;
  
}

export interface AgentGatewayDefinition extends grpc.ServiceDefinition {
  Session: MethodDefinition<_miniecs_agent_v1_AgentMessage, _miniecs_agent_v1_ControllerMessage, _miniecs_agent_v1_AgentMessage__Output, _miniecs_agent_v1_ControllerMessage__Output>
}
